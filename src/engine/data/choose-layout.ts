/**
 * Which layout a file has: that of its first row that any layout recognises. Records that do not
 * parse decide nothing, so a damaged beginning does not hide a good file. Where a layout must see
 * more of the file before it can be read, the look goes on until it has seen enough.
 */
import { StudioError } from '../../protocol';
import type { ByteSource } from '../files';
import { HEAD_BYTES, recogniseContainer, rowOf } from './containers';
import type { Layout, ReadingChoices, Row, Survey, SurveyedLayout } from './layout';
import { LAYOUTS } from './layouts';
import type { MistakenFile } from './mistaken';
import { type Container, recordsOf } from './records';

/** So many rows with unknown fields, and none with known ones: the file has no known layout. */
const UNKNOWN_ROWS = 1_000;
const SHOWN_ROWS = 3;
const SHOWN_FIELDS = 12;

/** @throws StudioError `dataset-is-…` for a file that holds no rows */
export async function chooseContainer(source: ByteSource, name: string): Promise<Container> {
  const head = await source.read(0, Math.min(source.size, HEAD_BYTES));
  const container = recogniseContainer(head);
  if ('mistake' in container) throw mistaken(name, container.mistake);
  return container;
}

/**
 * @param chunks the file from its start
 * @throws StudioError `dataset-empty`, `dataset-no-usable-row`, and what a layout's survey throws
 */
export async function chooseLayout(
  container: Container,
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  choices: ReadingChoices,
): Promise<Layout> {
  const unknown: Row[] = [];
  let firstFault: string | null = null;
  let surveyed: { readonly layout: SurveyedLayout; readonly survey: Survey } | null = null;
  for await (const record of recordsOf(container, chunks)) {
    const row = rowOf(container, record);
    if (row === null) {
      firstFault ??= `line ${record.line} begins ${JSON.stringify(record.text.slice(0, 40))}`;
      continue;
    }
    if (surveyed !== null) {
      if (surveyed.layout.recognise(row) && surveyed.survey.see(row)) break;
      continue;
    }
    const layout = LAYOUTS.find((candidate) => candidate.recognise(row));
    if (layout !== undefined) {
      if ('read' in layout) return layout;
      surveyed = { layout, survey: layout.survey() };
      surveyed.survey.see(row);
      continue;
    }
    if (unknown.push(row) === UNKNOWN_ROWS) break;
    // Only the first are shown; the rest are merely counted.
    if (unknown.length > SHOWN_ROWS) unknown[unknown.length - 1] = {};
  }
  if (surveyed !== null) return surveyed.survey.settle(name, choices);
  if (unknown.length === 0 && firstFault === null) throw noRows(name);
  const received =
    unknown.length > 0 ? `rows with the fields ${shownFields(unknown)}` : `no rows; ${firstFault}`;
  throw noUsableRow(name, received);
}

export function noRows(name: string): StudioError {
  return new StudioError({
    boundary: 'data',
    code: 'dataset-empty',
    message: `${name}: expected a file of questions, received an empty file.`,
    action: 'Choose another file.',
    file: name,
  });
}

export function noUsableRow(name: string, received: string): StudioError {
  const known = LAYOUTS.map((layout) => `${layout.label} (${layout.fields})`).join('; ');
  return new StudioError({
    boundary: 'data',
    code: 'dataset-no-usable-row',
    message: `${name}: expected rows of a known layout, received ${received}.`,
    action: `Map the columns of your file under Data, or rename them to a known layout: ${known}.`,
    file: name,
  });
}

function mistaken(name: string, file: MistakenFile): StudioError {
  return new StudioError({
    boundary: 'data',
    code: file.code,
    message: `${name}: expected a file of questions (JSON Lines, a JSON array or object of rows, CSV or TSV), received ${file.what}.`,
    action: file.action,
    file: name,
  });
}

function shownFields(rows: readonly Row[]): string {
  const shown = rows.slice(0, SHOWN_ROWS).map((row) => {
    const names = Object.keys(row);
    const list = names.slice(0, SHOWN_FIELDS).map((name) => name.slice(0, 40));
    return `{${list.join(', ')}${names.length > SHOWN_FIELDS ? ', …' : ''}}`;
  });
  return [...new Set(shown)].join(' and ');
}
