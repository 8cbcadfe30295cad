/**
 * What contains the rows of a file, told from its head: JSON Lines, one JSON array or object, a
 * table. A damaged beginning must not hide a good JSONL file, so lines that are rows weigh most.
 */
import { jsonArray, jsonObject } from './elements';
import { isRow, type Row } from './layout';
import { jsonLines } from './lines';
import { type MistakenFile, recogniseMistake, SPREAD_OUT_ROW } from './mistaken';
import type { Container, FileRecord } from './records';
import { type Delimiter, splitCells, table } from './tables';

/** So much of a file its container is told from. */
export const HEAD_BYTES = 65_536;

/** @param head the file's first `HEAD_BYTES`, or all of it */
export function recogniseContainer(head: Uint8Array): Container | { readonly mistake: MistakenFile } {
  if (isMostlyRows(head)) return jsonLines;
  const mistake = recogniseMistake(head);
  if (mistake !== null) return { mistake };
  const text = new TextDecoder('utf-8').decode(head);
  const start = text.trimStart();
  if (start.startsWith('[')) return jsonArray;
  if (start.startsWith('{')) return recogniseObject(head, start);
  return recogniseTable(text) ?? jsonLines;
}

/** Whether at least half of the head's lines are JSON objects. */
function isMostlyRows(head: Uint8Array): boolean {
  const lines = recordsIn(head, jsonLines);
  const rows = lines.filter((line) => rowOf(jsonLines, line) !== null);
  return rows.length > 0 && 2 * rows.length >= lines.length && !isOneObjectOfRows(head, rows.length);
}

/** `{"1": {…}, "2": {…}}` on one line is a line that is an object too. */
function isOneObjectOfRows(head: Uint8Array, lines: number): boolean {
  return lines === 1 && holdsRowsOnly(head);
}

function recogniseObject(head: Uint8Array, text: string): Container | { readonly mistake: MistakenFile } {
  if (holdsRowsOnly(head)) return jsonObject;
  const firstLine = text.slice(0, text.search(/[\r\n]|$/)).trimEnd();
  return firstLine === '{' ? { mistake: SPREAD_OUT_ROW } : jsonLines;
}

/** Whether the members of the head's JSON object are objects too, but for damaged ones and one cut off. */
function holdsRowsOnly(head: Uint8Array): boolean {
  const members = recordsIn(head, jsonObject);
  // What follows a first object, such as the next line of JSONL, is no member of it.
  if (members.some(({ fault }) => fault === 'text-after-end')) return false;
  let rows = 0;
  let damaged = 0;
  for (const member of members) {
    const parsed = member.fault === null ? jsonObject.parse(member) : null;
    if (parsed === null || 'fault' in parsed) damaged++;
    else if (isRow(parsed.value)) rows++;
    else return false;
  }
  return rows > 0 && damaged <= rows + 1;
}

const DELIMITERS: readonly Delimiter[] = ['\t', ',', ';'];
/** Column names of the one table that is published without them: MMLU's files. */
const MMLU_FIELDS = ['question', 'A', 'B', 'C', 'D', 'answer'];

/** The table that the head shows: its records have two fields or more, and nearly all the same number. */
function recogniseTable(text: string): Container | null {
  for (const delimiter of DELIMITERS) {
    const rows = headRows(text, delimiter);
    const [first] = rows;
    if (first === undefined || first.length < 2) continue;
    const regular = rows.filter((row) => row.length === first.length).length;
    if (rows.length < 2 || 2 * regular < rows.length) continue;
    if (isHeaderlessMmlu(rows)) return table({ delimiter, fields: MMLU_FIELDS, hasHeader: false });
    const fields = first.map((name, index) => name.trim() || `column ${index + 1}`);
    return table({ delimiter, fields, hasHeader: true });
  }
  return null;
}

/** The cells of the head's whole records whose quotes add up. */
function headRows(text: string, delimiter: Delimiter): readonly (readonly string[])[] {
  const bytes = new TextEncoder().encode(text);
  const shape = { delimiter, fields: [], hasHeader: false };
  const records = recordsIn(bytes, table(shape));
  if (records.length > 1 && bytes.length >= HEAD_BYTES) records.pop();
  return records
    .map((record) => splitCells(record.text, delimiter))
    .filter((cells): cells is string[] => Array.isArray(cells));
}

/** Six columns, the last of them a letter from the first row on, and no names above them. */
function isHeaderlessMmlu(rows: readonly (readonly string[])[]): boolean {
  const [first] = rows;
  if (first?.length !== MMLU_FIELDS.length || (first[1] === 'A' && first[2] === 'B')) return false;
  const whole = rows.filter((row) => row.length === MMLU_FIELDS.length);
  return whole.every((row) => /^[A-D]$/.test(row.at(-1)!));
}

function recordsIn(head: Uint8Array, container: Container): FileRecord[] {
  const splitter = container.splitter({ bom: false, crlf: 0 });
  return [...splitter.push(head), ...splitter.end()];
}

/** The row in a record; null where there is none. */
export function rowOf(container: Container, record: FileRecord): Row | null {
  if (record.fault !== null) return null;
  const parsed = container.parse(record);
  return 'value' in parsed && isRow(parsed.value) ? parsed.value : null;
}
