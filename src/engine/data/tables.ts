/**
 * CSV and TSV (RFC 4180): fields may stand in quotes, and then hold delimiters, line breaks and
 * doubled quotes. The first row names the fields, save in files known to have no such row.
 *
 * A quoted field that never ends is given up at `MAX_RECORD_BYTES`: reading goes on at the next line.
 */
import {
  BYTE_ORDER_MARK,
  type Container,
  type ContainerName,
  type FileRecord,
  type FileRepairs,
  MAX_RECORD_BYTES,
  type ParsedRecord,
  RecordBytes,
  type RecordSplitter,
  startsWith,
} from './records';

export type Delimiter = ',' | '\t' | ';';

interface TableShape {
  readonly delimiter: Delimiter;
  /** Field names, in order. */
  readonly fields: readonly string[];
  /** Whether the first row is the field names. */
  readonly hasHeader: boolean;
}

/** A row is an object of texts by field name; an empty field is null. */
export function table(shape: TableShape): Container {
  const name: ContainerName = shape.delimiter === '\t' ? 'tsv' : 'csv';
  return {
    name,
    splitter: (repairs) => new TableSplitter(shape, repairs),
    parse({ text }): ReturnType<Container['parse']> {
      const cells = splitCells(text, shape.delimiter);
      if ('position' in cells) {
        return { fault: { kind: 'quotes-unbalanced', ...cells } };
      }
      if (cells.length !== shape.fields.length) {
        const message = `Expected ${shape.fields.length} fields, received ${cells.length}.`;
        return { fault: { kind: 'field-count', message } };
      }
      const entries = shape.fields.map((field, index) => [field, cells[index] || null] as const);
      return { value: Object.fromEntries(entries) } satisfies ParsedRecord;
    },
  };
}

interface CellFault {
  readonly position: number;
  readonly message: string;
}

/** The cells of one record; a place where its quotes do not add up. */
export function splitCells(text: string, delimiter: Delimiter): string[] | CellFault {
  const cells: string[] = [];
  for (let at = 0; ; at++) {
    if (text[at] === '"') {
      const end = endOfQuoted(text, at);
      if (end === -1) {
        return { position: at, message: 'Expected a closing quote, but the record ends.' };
      }
      cells.push(text.slice(at + 1, end).replaceAll('""', '"'));
      at = end + 1;
      if (at < text.length && text[at] !== delimiter) {
        return { position: at, message: 'Expected the end of the field after its closing quote.' };
      }
    } else {
      const next = text.indexOf(delimiter, at);
      const end = next === -1 ? text.length : next;
      cells.push(text.slice(at, end));
      at = end;
    }
    if (at >= text.length) return cells;
  }
}

/** Index of the quote that closes the field whose quote opens at `start`; -1 if none does. */
function endOfQuoted(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && text[end + 1] === '"') end = text.indexOf('"', end + 2);
  return end;
}

const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;

type State = 'field-start' | 'plain' | 'quoted' | 'quote-closed';

class TableSplitter implements RecordSplitter {
  readonly #delimiter: number;
  readonly #repairs: FileRepairs;
  readonly #gathered = new RecordBytes();
  #skipsHeader: boolean;
  #records = 0;
  #state: State = 'field-start';
  /** Offset of the current byte in the stream. */
  #offset = 0;
  #line = 1;
  #startLine = 1;
  #startOffset = 0;

  constructor({ delimiter, hasHeader }: TableShape, repairs: FileRepairs) {
    this.#delimiter = delimiter.charCodeAt(0);
    this.#skipsHeader = hasHeader;
    this.#repairs = repairs;
  }

  *push(chunk: Uint8Array): Generator<FileRecord> {
    let from = 0;
    for (let i = 0; i < chunk.length; i++, this.#offset++) {
      const byte = chunk[i]!;
      if (byte !== LF) {
        this.#follow(byte);
        continue;
      }
      this.#line++;
      const isEndless = this.#offset - this.#startOffset > MAX_RECORD_BYTES;
      if (this.#state === 'quoted' && !isEndless) continue;
      this.#gathered.keep(chunk.subarray(from, i));
      from = i + 1;
      const record = this.#take();
      this.#startOffset = this.#offset + 1;
      if (record !== null) yield record;
    }
    // The caller may use the chunk's memory again.
    this.#gathered.keep(chunk.slice(from));
  }

  /** A quote opens a field at its beginning only; inside, two of them close it and open it again. */
  #follow(byte: number): void {
    if (this.#state === 'quoted') {
      if (byte === QUOTE) this.#state = 'quote-closed';
    } else if (byte === this.#delimiter) {
      this.#state = 'field-start';
    } else if (byte === QUOTE && this.#state !== 'plain') {
      this.#state = 'quoted';
    } else if (byte !== BYTE_ORDER_MARK[this.#offset]) {
      this.#state = 'plain';
    }
  }

  *end(): Generator<FileRecord> {
    const record = this.#take();
    if (record !== null) yield record;
  }

  /** The record gathered so far, and begins the next; null for a blank line and for the field names. */
  #take(): FileRecord | null {
    const tooLong = this.#gathered.isTooLong;
    let bytes = this.#gathered.take();
    let byteOffset = this.#startOffset;
    if (byteOffset === 0 && startsWith(bytes, BYTE_ORDER_MARK)) {
      this.#repairs.bom = true;
      bytes = bytes.subarray(BYTE_ORDER_MARK.length);
      byteOffset = BYTE_ORDER_MARK.length;
    }
    if (bytes.at(-1) === CR) bytes = bytes.subarray(0, -1);
    const line = this.#startLine;
    this.#startLine = this.#line;
    this.#state = 'field-start';
    if (bytes.length === 0) return null;
    if (this.#skipsHeader) {
      this.#skipsHeader = false;
      return null;
    }
    return {
      ordinal: ++this.#records,
      line,
      column: 1,
      byteOffset,
      bytes,
      ...this.#gathered.decode(bytes, tooLong),
    };
  }
}
