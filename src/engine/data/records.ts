/**
 * What a dataset file is made of, whatever contains it: records, one per row. A container cuts the
 * bytes into records and says how a record is parsed; the rest of the import knows only this.
 *
 * Promises: the records are the same wherever the chunks are cut; memory stays within one chunk and
 * one record of at most `MAX_RECORD_BYTES`, a longer one is reported and skipped. Cutting happens on
 * bytes, where ASCII marks are never part of another character in UTF-8.
 */
import type { ByteSource } from '../files';

export const MAX_RECORD_BYTES = 4 * 1024 * 1024;
/** What is kept of a record that is too long. */
const OVERLONG_HEAD_BYTES = 512;
const CHUNK_BYTES = 2 * 1024 * 1024;

/** U+FEFF in UTF-8. */
export const BYTE_ORDER_MARK: readonly number[] = [0xef, 0xbb, 0xbf];

export function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return prefix.every((byte, index) => bytes[index] === byte);
}

/** Why a record cannot be parsed. */
type Unreadable = 'too-long' | 'utf8-invalid' | 'file-cut-off' | 'text-after-end';

/** One row of a file as it stands there: a line of JSONL, an element of an array, a table's row. */
export interface FileRecord {
  /** 1-based, its own in the file: the line of JSONL; elsewhere the place among the rows. */
  readonly ordinal: number;
  /** 1-based line of the file in which the record begins; blank lines count, though none is given. */
  readonly line: number;
  /** 1-based column of its first character in that line, in UTF-16 code units. */
  readonly column: number;
  /** Where the record begins in the stream. */
  readonly byteOffset: number;
  /** Its bytes without what separates records; the first 512 of one that is too long. A view into a chunk: copy it to keep it. */
  readonly bytes: Uint8Array;
  /** With U+FFFD for invalid bytes. */
  readonly text: string;
  readonly fault: Unreadable | null;
}

export interface ParsedRecord {
  readonly value: unknown;
  /** The name of the row in a container that names its rows. */
  readonly key?: string;
}

interface RecordFault {
  readonly kind: string;
  /** Index into the record's text, where the place is known. */
  readonly position?: number;
  /** A whole sentence: expected, received. */
  readonly message: string;
}

/** Takes a file's bytes in order and gives its records. */
export interface RecordSplitter {
  push(chunk: Uint8Array): Iterable<FileRecord>;
  end(): Iterable<FileRecord>;
}

export type ContainerName = 'jsonl' | 'json-array' | 'json-object' | 'csv' | 'tsv';

export interface Container {
  readonly name: ContainerName;
  splitter(repairs: FileRepairs): RecordSplitter;
  /** Parses a record without a fault. Never throws. */
  parse(record: FileRecord): ParsedRecord | { readonly fault: RecordFault };
}

/** What a splitter took away in passing. */
export interface FileRepairs {
  /** The stream began with a byte order mark. */
  bom: boolean;
  /** Lines of JSONL that ended with CR LF. */
  crlf: number;
}

/** A file's bytes in order, a chunk at a time. */
export async function* chunksOf(source: ByteSource): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < source.size; start += CHUNK_BYTES) {
    yield await source.read(start, Math.min(source.size, start + CHUNK_BYTES));
  }
}

/** The records of a stream. */
export async function* recordsOf(
  container: Container,
  chunks: AsyncIterable<Uint8Array>,
  repairs?: FileRepairs,
): AsyncGenerator<FileRecord> {
  for await (const records of recordsByChunk(container, chunks, repairs)) yield* records;
}

/** The same, a chunk's records at a time: a promise for each of a million records takes its time. */
export async function* recordsByChunk(
  container: Container,
  chunks: AsyncIterable<Uint8Array>,
  repairs: FileRepairs = { bom: false, crlf: 0 },
): AsyncGenerator<Iterable<FileRecord>> {
  const splitter = container.splitter(repairs);
  for await (const chunk of chunks) yield splitter.push(chunk);
  yield splitter.end();
}

/** Line and column in the file of an index into a record's text. */
export function placeIn(
  { line, column, text }: FileRecord,
  position: number,
): { readonly line: number; readonly column: number } {
  let lines = 0;
  let lineStart = 0;
  for (let at = text.indexOf('\n'); at !== -1 && at < position; at = text.indexOf('\n', lineStart)) {
    lines++;
    lineStart = at + 1;
  }
  return { line: line + lines, column: position - lineStart + (lines === 0 ? column : 1) };
}

/** The bytes of the record that is being gathered, over the borders of chunks, up to the limit. */
export class RecordBytes {
  #parts: Uint8Array[] = [];
  #length = 0;
  readonly #strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  readonly #lenient = new TextDecoder('utf-8', { ignoreBOM: true });

  /** Bytes gathered, kept or not. */
  get length(): number {
    return this.#length;
  }

  get isTooLong(): boolean {
    return this.#length > MAX_RECORD_BYTES;
  }

  keep(part: Uint8Array): void {
    const wasTooLong = this.isTooLong;
    this.#length += part.length;
    if (wasTooLong) return;
    this.#parts.push(part);
    if (this.isTooLong) this.#parts = [this.#joined().slice(0, OVERLONG_HEAD_BYTES)];
  }

  /** What was gathered (the head of it, if it is too long); the next record begins. */
  take(): Uint8Array {
    const bytes = this.#joined();
    this.#parts = [];
    this.#length = 0;
    return bytes;
  }

  /** The text of what was taken; with `isTooLong`, of its head, whose last character may be cut. */
  decode(bytes: Uint8Array, tooLong: boolean): Pick<FileRecord, 'text' | 'fault'> {
    if (tooLong) return { text: this.#lenient.decode(bytes), fault: 'too-long' };
    try {
      return { text: this.#strict.decode(bytes), fault: null };
    } catch {
      return { text: this.#lenient.decode(bytes), fault: 'utf8-invalid' };
    }
  }

  #joined(): Uint8Array {
    if (this.#parts.length === 1) return this.#parts[0]!;
    const joined = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  }
}
