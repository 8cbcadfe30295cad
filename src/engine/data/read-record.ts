/** One record of a file, read by its container and its layout: a clinical case, or an issue with its place. */
import type { DatasetIssue } from '../../protocol';
import { excerpt } from './json';
import { type CleanCase, describe, isRow, type Layout, readCase } from './layout';
import { type Container, type FileRecord, MAX_RECORD_BYTES, placeIn } from './records';

const FAULTS: Readonly<Record<NonNullable<FileRecord['fault']>, string>> = {
  'too-long': `Expected a row of at most ${MAX_RECORD_BYTES} bytes, received a longer one.`,
  'utf8-invalid': 'Expected UTF-8 text, received other bytes: save the file as UTF-8.',
  'file-cut-off': 'Expected the closing bracket after the last row, but the file ends: rows may be missing.',
  'text-after-end': 'Expected the end of the file after the closing bracket, but text follows.',
};

/** A record's case, or why it has none. Never throws. */
export function readRecord(
  container: Container,
  layout: Layout,
  record: FileRecord,
): CleanCase | DatasetIssue {
  if (record.fault !== null) {
    const isLine = record.fault === 'too-long' && container.name === 'jsonl';
    return issueAt(record, isLine ? 'line-too-long' : record.fault, FAULTS[record.fault]);
  }
  const parsed = container.parse(record);
  if ('fault' in parsed) {
    const { kind, message, position } = parsed.fault;
    return issueAt(record, kind, message, position);
  }
  const { value, key } = parsed;
  if (!isRow(value)) {
    return issueAt(record, 'not-an-object', `Expected a JSON object, received ${describe(value)}.`);
  }
  const reading = readCase(layout, value, { line: record.line, ordinal: record.ordinal, key });
  return 'case' in reading ? reading : issueAt(record, reading.problem, reading.message);
}

/** @param position index into the record's text, where the fault is known to a place */
export function issueAt(record: FileRecord, kind: string, message: string, position?: number): DatasetIssue {
  const { line, column } = position === undefined ? record : placeIn(record, position);
  return {
    line,
    // A record that begins its line needs no column to be found.
    ...(position === undefined && column === 1 ? {} : { column }),
    byteOffset: record.byteOffset,
    kind,
    message,
    excerpt: excerpt(record.text, (position ?? 0) + 1),
  };
}
