/**
 * One JSON value that holds all rows: an array of them, or an object whose names are their keys
 * (PubMedQA). The elements are cut out by brackets and quotes alone, and each is parsed by itself.
 *
 * A damaged element must not take the rest of the file with it, and no sound file may be cut
 * wrongly. So only what no sound element can hold ends one early: a line break ends a string; in an
 * array, a brace that opens a line where JSON allows no value begins the next element; and so does,
 * after an element too long or too deep to be read, a line that begins as that element did.
 */
import { MAX_DEPTH, parseJson } from './json';
import {
  BYTE_ORDER_MARK,
  type Container,
  type FileRecord,
  type FileRepairs,
  MAX_RECORD_BYTES,
  RecordBytes,
  type RecordSplitter,
} from './records';

export const jsonArray: Container = {
  name: 'json-array',
  splitter: (repairs) => new ElementSplitter(CLOSE_BRACKET, repairs),
  parse({ text }) {
    const parsed = parseJson(text);
    if ('value' in parsed) return parsed;
    const { kind, column, message } = parsed.fault;
    return { fault: { kind, position: column - 1, message: `Not valid JSON: ${message}.` } };
  },
};

export const jsonObject: Container = {
  name: 'json-object',
  splitter: (repairs) => new ElementSplitter(CLOSE_BRACE, repairs),
  parse({ text }) {
    // A member, so it takes braces to make it JSON, and columns count from one later.
    const parsed = parseJson(`{${text}}`);
    if ('fault' in parsed) {
      const { kind, column, message } = parsed.fault;
      const position = Math.min(text.length, Math.max(0, column - 2));
      return { fault: { kind, position, message: `Not valid JSON: ${message}.` } };
    }
    const [[key, value] = ['', undefined]] = Object.entries(parsed.value as object);
    return { key, value };
  },
};

const LF = 0x0a;
const CR = 0x0d;
const TAB = 0x09;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

type Place = Pick<FileRecord, 'line' | 'column' | 'byteOffset'>;

class ElementSplitter implements RecordSplitter {
  readonly #close: number;
  /** What the first byte of a row is: an array's rows are objects, an object's members begin with a name. */
  readonly #rowOpen: number;
  readonly #repairs: FileRepairs;
  readonly #gathered = new RecordBytes();
  #phase: 'before' | 'between' | 'element' | 'after' | 'rest' = 'before';
  #elements = 0;
  #start: Place = { line: 1, column: 1, byteOffset: 0 };

  /** Offset of the current byte in the stream. */
  #offset = 0;
  #line = 1;
  #lineStart = 0;
  /** UTF-16 code units of the line so far, less its bytes. */
  #widening = 0;
  /** Nothing but space stands before the current byte in its line. */
  #lineIsBlank = true;

  /** How many brackets are open within the element; which, as far as rows may nest. */
  #depth = 0;
  readonly #brackets = new Uint8Array(MAX_DEPTH + 1);
  #inString = false;
  #escaped = false;
  /** The last byte of the element that is no space. */
  #last = 0;

  constructor(close: number, repairs: FileRepairs) {
    this.#close = close;
    this.#rowOpen = close === CLOSE_BRACE ? QUOTE : OPEN_BRACE;
    this.#repairs = repairs;
  }

  *push(chunk: Uint8Array): Generator<FileRecord> {
    /** Where in the chunk the bytes begin that are not yet gathered. */
    let from = 0;
    for (let i = 0; i < chunk.length; i++) {
      if (this.#inString && !this.#escaped) {
        // Most of a file is plain text in strings, which means nothing here.
        const end = endOfPlain(chunk, i);
        this.#offset += end - i;
        i = end;
        if (i === chunk.length) break;
      }
      const byte = chunk[i]!;
      if (this.#phase === 'element') {
        if (this.#endsBefore(byte)) {
          this.#gathered.keep(chunk.subarray(from, i));
          yield this.#take();
          this.#phase = 'between';
        } else {
          this.#follow(byte);
        }
      }
      if (this.#phase !== 'element' && this.#begins(byte)) {
        from = i;
        this.#follow(byte);
      }
      this.#advance(byte);
    }
    // The caller may use the chunk's memory again.
    if (this.#phase === 'element' || this.#phase === 'rest') this.#gathered.keep(chunk.slice(from));
  }

  *end(): Generator<FileRecord> {
    if (this.#phase === 'rest') yield this.#take('text-after-end');
    const isWhole = this.#depth === 0 && !this.#inString;
    if (this.#phase === 'element') yield this.#take();
    // An element that is cut off says so by itself.
    if (this.#phase === 'between' || (this.#phase === 'element' && isWhole)) {
      this.#start = this.#place();
      yield this.#take('file-cut-off');
    }
  }

  /** Whether the element, or the rest after the end, begins with this byte; notes what else it means. */
  #begins(byte: number): boolean {
    if (isSpace(byte) || this.#phase === 'rest') return false;
    if (this.#phase === 'before') {
      if (byte === OPEN_BRACKET || byte === OPEN_BRACE) this.#phase = 'between';
      if (byte === BYTE_ORDER_MARK[0]) {
        this.#repairs.bom = true;
        this.#widening = -1;
      }
      return false;
    }
    if (this.#phase === 'between' && byte === COMMA) return false;
    if (this.#phase === 'between' && byte === this.#close) {
      this.#phase = 'after';
      return false;
    }
    this.#phase = this.#phase === 'after' ? 'rest' : 'element';
    this.#start = this.#place();
    this.#depth = 0;
    this.#inString = false;
    this.#escaped = false;
    return true;
  }

  #endsBefore(byte: number): boolean {
    if (this.#inString) return false;
    if (this.#depth === 0 && (byte === COMMA || byte === this.#close)) return true;
    return byte === this.#rowOpen && this.#lineIsBlank && this.#isNextRow();
  }

  /** Whether what opens this line can only be the next row. */
  #isNextRow(): boolean {
    const isBeyondReading =
      this.#depth > MAX_DEPTH || this.#offset - this.#start.byteOffset > MAX_RECORD_BYTES;
    if (isBeyondReading) return this.#place().column === this.#start.column;
    if (this.#rowOpen === QUOTE) return false;
    const inArray = this.#depth > 0 && this.#brackets[this.#depth] === OPEN_BRACKET;
    return inArray ? this.#last !== COMMA && this.#last !== OPEN_BRACKET : this.#last !== COLON;
  }

  /** Keeps account of strings and brackets. */
  #follow(byte: number): void {
    if (this.#inString) {
      const isEscaped = this.#escaped;
      this.#escaped = byte === BACKSLASH && !isEscaped;
      if (byte === LF || (byte === QUOTE && !isEscaped)) this.#inString = false;
      return;
    }
    if (isSpace(byte)) return;
    this.#last = byte;
    if (byte === QUOTE) {
      this.#inString = true;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      this.#depth++;
      if (this.#depth <= MAX_DEPTH) this.#brackets[this.#depth] = byte;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (this.#depth > 0) this.#depth--;
    }
  }

  #advance(byte: number): void {
    this.#offset++;
    if (byte === LF) {
      this.#line++;
      this.#lineStart = this.#offset;
      this.#widening = 0;
      this.#lineIsBlank = true;
    } else if (byte >= 0x80) {
      // In UTF-8 a continuation byte adds no code unit, and the lead of four bytes adds two.
      this.#widening += byte < 0xc0 ? -1 : byte >= 0xf0 ? 1 : 0;
      this.#lineIsBlank = false;
    } else if (byte > SPACE) {
      this.#lineIsBlank = false;
    }
  }

  #place(): Place {
    const column = this.#offset - this.#lineStart + this.#widening + 1;
    return { line: this.#line, column, byteOffset: this.#offset };
  }

  #take(fault: FileRecord['fault'] = null): FileRecord {
    const tooLong = this.#gathered.isTooLong;
    const bytes = trimEnd(this.#gathered.take());
    const decoded = this.#gathered.decode(bytes, tooLong);
    return {
      ordinal: ++this.#elements,
      ...this.#start,
      bytes,
      text: decoded.text,
      fault: tooLong ? decoded.fault : (fault ?? decoded.fault),
    };
  }
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === LF || byte === CR || byte === TAB;
}

/** Index of the first byte from `start` on that is not plain ASCII inside a string; the chunk's length if all are. */
function endOfPlain(chunk: Uint8Array, start: number): number {
  for (let i = start; i < chunk.length; i++) {
    const byte = chunk[i]!;
    if (byte < SPACE || byte >= 0x80 || byte === QUOTE || byte === BACKSLASH) return i;
  }
  return chunk.length;
}

function trimEnd(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && isSpace(bytes[end - 1]!)) end--;
  return bytes.subarray(0, end);
}
