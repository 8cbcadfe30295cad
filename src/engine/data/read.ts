/**
 * Reads a dataset file: bytes → lines → rows → clinical cases, in one streaming pass after the
 * layout is chosen.
 *
 * Promises: memory does not grow with the file (batches go to the sink, issues are listed up to
 * 100, bad lines kept up to 64 MiB); every line that is not blank is either a case or a bad line
 * with its number, place and reason; the id is the SHA-256 of the file's bytes. Throws `StudioError`
 * only.
 */
import { type ClinicalCase, type DatasetIssue, type DatasetSummary, StudioError } from '../../protocol';

import type { ByteSource } from '../files';
import { chooseLayout, noUsableRow } from './choose-layout';
import { DuplicateFinder } from './duplicates';
import { refersToImage } from './flags';
import { excerpt, parseJson } from './json';
import { type CleanCase, describe, isRow, type Layout, readCase } from './layout';
import { chunksOf, type Line, linesOf, MAX_LINE_BYTES } from './lines';

import { Sha256 } from './sha256';
import { Tally } from './tally';

const BATCH_ROWS = 1_000;
/** A batch also ends here, so that long rows do not make it large. */
const BATCH_CHARACTERS = 4_000_000;
const BAD_CHUNK_BYTES = 1024 * 1024;
export const MAX_BAD_BYTES = 64 * 1024 * 1024;

/** Where the results go while they are made; each call is awaited before reading goes on. */
export interface DatasetSink {
  saveCases(batch: readonly ClinicalCase[]): Promise<void>;
  /** Whole bad lines as they stood in the file, each with its line end. */
  saveBadLines(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
}

export interface ReadProgress {
  readonly bytes: number;
  readonly totalBytes: number;
  readonly rows: number;
  readonly badLines: number;
}

interface ReadOptions {
  /** The file's name, for messages and the summary. */
  readonly name: string;
  readonly sink: DatasetSink;
  /** Called after each chunk of the file. */
  readonly onProgress?: (progress: ReadProgress) => void;
  /** Looked at between chunks. */
  readonly signal?: { readonly aborted: boolean };
}

export interface DatasetReading {
  readonly summary: DatasetSummary;
  /** Bad lines that went to the sink: fewer than there are when they passed 64 MiB or 4 MiB each. */
  readonly badLinesKept: number;
}

/**
 * @throws StudioError of boundary `data`: `dataset-empty`, `dataset-is-…`, `dataset-no-usable-row`,
 *   `import-cancelled`; and whatever the source or the sink throws
 */
export async function readDataset(source: ByteSource, options: ReadOptions): Promise<DatasetReading> {
  const { name, sink, onProgress, signal } = options;
  const hash = new Sha256();
  const tally = new Tally();
  const lineRepairs = { bom: false, crlf: 0 };
  const duplicates = new DuplicateFinder();
  const cases = new CaseBatch(sink);
  const badLines = new BadLines(sink);
  const layout = await chooseLayout(source, name, guarded(chunksOf(source), name, signal));

  async function* hashed(): AsyncGenerator<Uint8Array> {
    let bytes = 0;
    for await (const chunk of guarded(chunksOf(source), name, signal)) {
      hash.update(chunk);
      yield chunk;
      bytes += chunk.length;
      onProgress?.({ bytes, totalBytes: source.size, rows: tally.rows, badLines: tally.badLines });
    }
  }

  for await (const line of linesOf(hashed(), lineRepairs)) {
    const reading = readLine(layout, line);
    if (!('case' in reading)) {
      tally.addBadLine(reading);
      await badLines.add(line);
      continue;
    }
    const flags = duplicates.check(reading.case);
    const repeatsId = flags.some(({ kind }) => kind === 'duplicate-id');
    // Ids are unique in a dataset, also where the file repeats one.
    const unique = repeatsId ? { ...reading.case, id: `${reading.case.id}@${line.number}` } : reading.case;
    for (const { kind, message } of flags) tally.addFlag(issueAt(line, kind, message));
    if (refersToImage(unique.question)) {
      tally.addFlag(
        issueAt(line, 'refers-to-image', 'The question refers to an image; the model gets its text only.'),
      );
    }
    tally.addCase(unique, reading.repairs);
    await cases.add(unique, line.text.length);
  }
  await cases.flush();
  await badLines.flush();
  if (tally.rows === 0) {
    const { line, message } = tally.firstIssue!;
    throw noUsableRow(
      name,
      `${tally.badLines} lines, none of them usable; line ${line}: ${message.replace(/\.$/, '')}`,
    );
  }
  tally.addFileRepair('byte-order-mark', lineRepairs.bom ? 1 : 0);
  tally.addFileRepair('crlf', lineRepairs.crlf);
  return {
    summary: tally.summary({ id: hash.digest(), name, bytes: source.size }, layout),
    badLinesKept: badLines.kept,
  };
}

/** Passes chunks on until the signal says to stop. */
async function* guarded(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
  signal: { readonly aborted: boolean } | undefined,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    if (signal?.aborted === true) {
      throw new StudioError({
        boundary: 'data',
        code: 'import-cancelled',
        message: `${name}: the import was cancelled; nothing of it is kept.`,
        action: 'Open the file again to import it.',
        file: name,
      });
    }
    yield chunk;
  }
}

function readLine(layout: Layout, line: Line): CleanCase | DatasetIssue {
  if (line.fault === 'line-too-long') {
    return issueAt(
      line,
      line.fault,
      `Expected a line of at most ${MAX_LINE_BYTES} bytes, received a longer one.`,
    );
  }
  if (line.fault === 'utf8-invalid') {
    return issueAt(line, line.fault, 'Expected UTF-8 text, received other bytes: save the file as UTF-8.');
  }
  const parsed = parseJson(line.text);
  if ('fault' in parsed) {
    const { kind, column, message } = parsed.fault;
    return { ...issueAt(line, kind, `Not valid JSON: ${message}.`, column), column };
  }
  if (!isRow(parsed.value)) {
    return issueAt(line, 'not-an-object', `Expected a JSON object, received ${describe(parsed.value)}.`);
  }
  const reading = readCase(layout, parsed.value, line.number);
  return 'case' in reading ? reading : issueAt(line, reading.problem, reading.message);
}

function issueAt(line: Line, kind: string, message: string, column?: number): DatasetIssue {
  return {
    line: line.number,
    byteOffset: line.byteOffset,
    kind,
    message,
    excerpt: excerpt(line.text, column),
  };
}

class CaseBatch {
  #batch: ClinicalCase[] = [];
  #characters = 0;
  readonly #sink: DatasetSink;

  constructor(sink: DatasetSink) {
    this.#sink = sink;
  }

  async add(row: ClinicalCase, characters: number): Promise<void> {
    this.#batch.push(row);
    this.#characters += characters;
    if (this.#batch.length === BATCH_ROWS || this.#characters >= BATCH_CHARACTERS) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#batch.length > 0) await this.#sink.saveCases(this.#batch);
    this.#batch = [];
    this.#characters = 0;
  }
}

class BadLines {
  kept = 0;
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #savedBytes = 0;
  readonly #sink: DatasetSink;

  constructor(sink: DatasetSink) {
    this.#sink = sink;
  }

  async add(line: Line): Promise<void> {
    const bytes = line.bytes.length + 1;
    if (line.fault === 'line-too-long' || this.#savedBytes + this.#bytes + bytes > MAX_BAD_BYTES) return;
    const part = new Uint8Array(bytes);
    part.set(line.bytes);
    part[bytes - 1] = 0x0a;
    this.#parts.push(part);
    this.#bytes += bytes;
    this.kept++;
    if (this.#bytes >= BAD_CHUNK_BYTES) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#parts.length === 0) return;
    const joined = new Uint8Array(this.#bytes);
    let at = 0;
    for (const part of this.#parts) {
      joined.set(part, at);
      at += part.length;
    }
    this.#savedBytes += this.#bytes;
    this.#parts = [];
    this.#bytes = 0;
    await this.#sink.saveBadLines(joined);
  }
}
