/**
 * Which layout a file has: that of its first row that any layout recognises. Lines that do not
 * parse decide nothing, so a damaged beginning does not hide a good file. A file that is no JSONL
 * at all is told from its first bytes and refused with a sentence that says what it is.
 */
import { StudioError } from '../../protocol';
import type { ByteSource } from '../files';
import { parseJson } from './json';
import { isRow, type Layout, type Row } from './layout';
import { LAYOUTS } from './layouts';
import { type Line, linesOf } from './lines';
import { type MistakenFile, recogniseMistake } from './mistaken';

const HEAD_BYTES = 65_536;
/** So many rows with unknown fields, and none with known ones: the file has no known layout. */
const UNKNOWN_ROWS = 1_000;
const SHOWN_ROWS = 3;
const SHOWN_FIELDS = 12;

/**
 * @param chunks the file from its start
 * @throws StudioError `dataset-empty`, `dataset-is-…` for a mistaken file, `dataset-no-usable-row`
 */
export async function chooseLayout(
  source: ByteSource,
  name: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<Layout> {
  const head = await source.read(0, Math.min(source.size, HEAD_BYTES));
  const mistake = recogniseMistake(head);
  if (mistake !== null && !(await isMostlyRows(head))) throw mistaken(name, mistake);

  const unknown: Row[] = [];
  let firstFault: string | null = null;
  for await (const line of linesOf(chunks)) {
    const row = rowOf(line);
    if (row === null) {
      firstFault ??= `line ${line.number} begins ${JSON.stringify(line.text.slice(0, 40))}`;
      continue;
    }
    const layout = LAYOUTS.find((candidate) => candidate.recognise(row));
    if (layout !== undefined) return layout;
    if (unknown.push(row) === UNKNOWN_ROWS) break;
    // Only the first are shown; the rest are merely counted.
    if (unknown.length > SHOWN_ROWS) unknown[unknown.length - 1] = {};
  }
  if (mistake !== null) throw mistaken(name, mistake);
  if (unknown.length === 0 && firstFault === null) {
    throw new StudioError({
      boundary: 'data',
      code: 'dataset-empty',
      message: `${name}: expected a JSONL file of questions, received an empty file.`,
      action: 'Choose another file.',
      file: name,
    });
  }
  const received =
    unknown.length > 0 ? `rows with the fields ${shownFields(unknown)}` : `no JSON object; ${firstFault}`;
  throw noUsableRow(name, received);
}

export function noUsableRow(name: string, received: string): StudioError {
  const known = LAYOUTS.map((layout) => `${layout.label} (${layout.fields})`).join('; ');
  return new StudioError({
    boundary: 'data',
    code: 'dataset-no-usable-row',
    message: `${name}: expected rows of a known layout, received ${received}.`,
    action: `Known layouts: ${known}. Rename the fields of your file to one of them.`,
    file: name,
  });
}

function mistaken(name: string, file: MistakenFile): StudioError {
  return new StudioError({
    boundary: 'data',
    code: file.code,
    message: `${name}: expected a JSONL file of questions (one JSON object per line), received ${file.what}.`,
    action: file.action,
    file: name,
  });
}

function rowOf(line: Line): Row | null {
  if (line.fault !== null) return null;
  const parsed = parseJson(line.text);
  return 'value' in parsed && isRow(parsed.value) ? parsed.value : null;
}

/** Whether at least half of the head's whole lines are JSON objects that some layout recognises. */
async function isMostlyRows(head: Uint8Array): Promise<boolean> {
  let lines = 0;
  let rows = 0;
  for await (const line of linesOf(once(head))) {
    lines++;
    const row = rowOf(line);
    if (row !== null && LAYOUTS.some((layout) => layout.recognise(row))) rows++;
  }
  return rows > 0 && 2 * rows >= lines;
}

async function* once(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  yield chunk;
}

function shownFields(rows: readonly Row[]): string {
  const shown = rows.slice(0, SHOWN_ROWS).map((row) => {
    const names = Object.keys(row);
    const list = names.slice(0, SHOWN_FIELDS).map((name) => name.slice(0, 40));
    return `{${list.join(', ')}${names.length > SHOWN_FIELDS ? ', …' : ''}}`;
  });
  return [...new Set(shown)].join(' and ');
}
