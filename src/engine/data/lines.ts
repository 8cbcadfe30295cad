/**
 * JSON Lines: one record per line. Only LF ends a line (U+2028 inside a row is text); a CR before
 * it and a byte order mark are taken away and counted.
 */
import { parseJson } from './json';
import {
  BYTE_ORDER_MARK,
  type Container,
  type FileRecord,
  type FileRepairs,
  RecordBytes,
  type RecordSplitter,
  startsWith,
} from './records';

export const jsonLines: Container = {
  name: 'jsonl',
  splitter: (repairs) => new LineSplitter(repairs),
  parse({ text }) {
    const parsed = parseJson(text);
    if ('value' in parsed) return parsed;
    const { kind, column, message } = parsed.fault;
    return { fault: { kind, position: column - 1, message: `Not valid JSON: ${message}.` } };
  },
};

const LF = 0x0a;
const CR = 0x0d;

class LineSplitter implements RecordSplitter {
  readonly #repairs: FileRepairs;
  /** The beginning of the line whose end has not come yet. */
  readonly #gathered = new RecordBytes();
  #lineStart = 0;
  #lineNumber = 1;

  constructor(repairs: FileRepairs) {
    this.#repairs = repairs;
  }

  *push(chunk: Uint8Array): Generator<FileRecord> {
    for (let from = 0; from < chunk.length; ) {
      const newline = chunk.indexOf(LF, from);
      if (newline === -1) {
        // The caller may use the chunk's memory again.
        this.#gathered.keep(chunk.slice(from));
        return;
      }
      this.#gathered.keep(chunk.subarray(from, newline));
      const line = this.#take(true);
      if (line !== null) yield line;
      from = newline + 1;
    }
  }

  *end(): Generator<FileRecord> {
    const line = this.#take(false);
    if (line !== null) yield line;
  }

  /** The line gathered so far, and begins the next; null if it is blank. */
  #take(ended: boolean): FileRecord | null {
    const gathered = this.#gathered;
    const tooLong = gathered.isTooLong;
    const line = this.#lineNumber++;
    let byteOffset = this.#lineStart;
    this.#lineStart += gathered.length + 1;
    let bytes = gathered.take();

    if (line === 1 && startsWith(bytes, BYTE_ORDER_MARK)) {
      this.#repairs.bom = true;
      bytes = bytes.subarray(3);
      byteOffset += 3;
    }
    if (ended && !tooLong && bytes.at(-1) === CR) {
      this.#repairs.crlf++;
      bytes = bytes.subarray(0, -1);
    }
    if (isBlank(bytes) && !tooLong) return null;
    const { text, fault } = gathered.decode(bytes, tooLong);
    return { ordinal: line, line, column: 1, byteOffset, bytes, text, fault };
  }
}

function isBlank(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== 0x20 && byte !== 0x09 && byte !== CR) return false;
  return true;
}
