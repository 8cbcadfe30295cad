/**
 * Splits a stream of bytes into lines, as JSONL has them.
 *
 * Promises: the lines are the same wherever the chunks are cut; memory stays within one chunk and
 * one line of at most `MAX_LINE_BYTES`, a longer line is reported and skipped. Splitting happens on
 * bytes, where 0x0A is always a line's end in UTF-8, so no character is cut by a chunk's border.
 */
import type { ByteSource } from '../files';

export const MAX_LINE_BYTES = 4 * 1024 * 1024;
/** What is kept of a line that is too long. */
const OVERLONG_HEAD_BYTES = 512;
const CHUNK_BYTES = 2 * 1024 * 1024;

export interface Line {
  /** 1-based; blank lines count, though none is given. */
  readonly number: number;
  /** Where the line begins in the stream. */
  readonly byteOffset: number;
  /** Its bytes without the line's end; the first 512 of a line that is too long. A view into a chunk: copy it to keep it. */
  readonly bytes: Uint8Array;
  /** With U+FFFD for invalid bytes. */
  readonly text: string;
  readonly fault: 'line-too-long' | 'utf8-invalid' | null;
}

/** What the splitter took away in passing. */
export interface LineRepairs {
  /** The stream began with a byte order mark. */
  bom: boolean;
  /** Lines that ended with CR LF. */
  crlf: number;
}

/** A file's bytes in order, a chunk at a time. */
export async function* chunksOf(source: ByteSource): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < source.size; start += CHUNK_BYTES) {
    yield await source.read(start, Math.min(source.size, start + CHUNK_BYTES));
  }
}

/** The lines of a stream that are not blank. */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  repairs: LineRepairs = { bom: false, crlf: 0 },
): AsyncGenerator<Line> {
  const splitter = new LineSplitter(repairs);
  for await (const chunk of chunks) yield* splitter.push(chunk);
  yield* splitter.end();
}

const LF = 0x0a;
const CR = 0x0d;

class LineSplitter {
  readonly #repairs: LineRepairs;
  readonly #strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  readonly #lenient = new TextDecoder('utf-8', { ignoreBOM: true });
  /** The beginning of the line whose end has not come yet. */
  #parts: Uint8Array[] = [];
  #lineBytes = 0;
  #lineStart = 0;
  #lineNumber = 1;

  constructor(repairs: LineRepairs) {
    this.#repairs = repairs;
  }

  *push(chunk: Uint8Array): Generator<Line> {
    for (let from = 0; from < chunk.length; ) {
      const newline = chunk.indexOf(LF, from);
      if (newline === -1) {
        // The caller may use the chunk's memory again.
        this.#keep(chunk.slice(from));
        return;
      }
      this.#keep(chunk.subarray(from, newline));
      const line = this.#take(true);
      if (line !== null) yield line;
      from = newline + 1;
    }
  }

  *end(): Generator<Line> {
    const line = this.#take(false);
    if (line !== null) yield line;
  }

  #keep(part: Uint8Array): void {
    const wasTooLong = this.#lineBytes > MAX_LINE_BYTES;
    this.#lineBytes += part.length;
    if (wasTooLong) return;
    this.#parts.push(part);
    if (this.#lineBytes > MAX_LINE_BYTES) this.#parts = [this.#joined().slice(0, OVERLONG_HEAD_BYTES)];
  }

  #joined(): Uint8Array {
    if (this.#parts.length === 1) return this.#parts[0]!;
    const joined = new Uint8Array(this.#lineBytes);
    let at = 0;
    for (const part of this.#parts) {
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  }

  /** The line kept so far, and begins the next; null if it is blank. */
  #take(ended: boolean): Line | null {
    let bytes = this.#joined();
    const tooLong = this.#lineBytes > MAX_LINE_BYTES;
    const number = this.#lineNumber++;
    let byteOffset = this.#lineStart;
    this.#lineStart += this.#lineBytes + 1;
    this.#lineBytes = 0;
    this.#parts = [];

    if (number === 1 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
      this.#repairs.bom = true;
      bytes = bytes.subarray(3);
      byteOffset += 3;
    }
    if (ended && !tooLong && bytes.at(-1) === CR) {
      this.#repairs.crlf++;
      bytes = bytes.subarray(0, -1);
    }
    if (isBlank(bytes) && !tooLong) return null;
    if (tooLong) {
      return { number, byteOffset, bytes, text: this.#lenient.decode(bytes), fault: 'line-too-long' };
    }
    try {
      return { number, byteOffset, bytes, text: this.#strict.decode(bytes), fault: null };
    } catch {
      return { number, byteOffset, bytes, text: this.#lenient.decode(bytes), fault: 'utf8-invalid' };
    }
  }
}

function isBlank(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== 0x20 && byte !== 0x09 && byte !== CR) return false;
  return true;
}
