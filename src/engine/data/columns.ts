/**
 * The fields of a file of unknown layout, for the form that maps them: what is there, and what names
 * and values suggest.
 *
 * Only the beginning of the file is read: 1,000 rows or 8 MiB, whichever comes first.
 */
import type { ColumnReport } from '../../protocol';
import type { ByteSource } from '../files';
import { chooseContainer, noRows, noUsableRow } from './choose-layout';
import { rowOf } from './containers';
import { isRow, type Row } from './layout';
import { type Container, chunksOf, type FileRecord, recordsOf } from './records';
import { suggestMapping } from './suggest-mapping';

const MAX_ROWS = 1_000;
const MAX_BYTES = 8 * 1024 * 1024;
/** Fields beyond these are not named: no form could show them. */
const MAX_FIELDS = 200;
const EXAMPLES = 3;
const EXAMPLE_CHARACTERS = 80;

/** @throws StudioError of boundary `data`: `dataset-empty`, `dataset-is-…`, `dataset-no-usable-row` */
export async function describeColumns(source: ByteSource, name: string): Promise<ColumnReport> {
  const container = await chooseContainer(source, name);
  const rows: Row[] = [];
  let records = 0;
  for await (const record of firstRecords(container, source)) {
    records++;
    const row = rowOf(container, record);
    if (row !== null) rows.push(row);
  }
  if (records === 0) throw noRows(name);
  if (rows.length === 0) throw noUsableRow(name, `${records} rows, none of them with fields`);
  return {
    name,
    container: container.name,
    fields: fieldsOf(rows),
    rowsLookedAt: rows.length,
    suggestion: suggestMapping(rows),
  };
}

async function* firstRecords(container: Container, source: ByteSource): AsyncGenerator<FileRecord> {
  let rows = 0;
  for await (const record of recordsOf(container, chunksOf(source))) {
    yield record;
    if (++rows === MAX_ROWS || record.byteOffset > MAX_BYTES) return;
  }
}

interface SeenField {
  rows: number;
  readonly examples: Set<string>;
}

/** Fields in the order of their first appearance; those of an object inside a row after it, as `outer.inner`. */
function fieldsOf(rows: readonly Row[]): ColumnReport['fields'] {
  const seen = new Map<string, SeenField>();
  for (const row of rows) {
    for (const [path, value] of pathsOf(row)) {
      let field = seen.get(path);
      if (field === undefined) {
        if (seen.size === MAX_FIELDS) continue;
        field = { rows: 0, examples: new Set() };
        seen.set(path, field);
      }
      field.rows++;
      if (field.examples.size < EXAMPLES && value !== null) field.examples.add(shortened(value));
    }
  }
  return [...seen].map(([path, { rows: count, examples }]) => ({
    path,
    rows: count,
    examples: [...examples],
  }));
}

function* pathsOf(row: Row): Generator<readonly [path: string, value: unknown]> {
  for (const [name, value] of Object.entries(row)) {
    yield [name, value];
    if (!isRow(value)) continue;
    for (const [inner, innerValue] of Object.entries(value)) yield [`${name}.${inner}`, innerValue];
  }
}

function shortened(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > EXAMPLE_CHARACTERS ? `${text.slice(0, EXAMPLE_CHARACTERS - 1)}…` : text;
}
