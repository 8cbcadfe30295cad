/**
 * Reads a dataset file: bytes → records → rows → clinical cases, in one streaming pass after
 * container and layout are chosen.
 *
 * Promises: memory does not grow with the file (batches go to the sink, issues are listed up to
 * 100, bad records kept up to 64 MiB); every record is either a case or a bad one (a "bad line",
 * whatever contains it) with its line, place and reason; the id is the SHA-256 of the file's bytes. Throws `StudioError`
 * only.
 */
import { type ClinicalCase, type ColumnMapping, type DatasetSummary, StudioError } from '../../protocol';
import type { ByteSource } from '../files';
import { chooseContainer, chooseLayout, noRows, noUsableRow } from './choose-layout';
import { DuplicateFinder } from './duplicates';
import { refersToImage } from './flags';
import type { ReadingChoices } from './layout';
import { mappedLayout } from './mapped';
import { issueAt, readRecord } from './read-record';
import { chunksOf, type FileRecord, recordsByChunk } from './records';
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
  /** Whole bad records as they stood in the file, each with a line end. */
  saveBadLines(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
}

export interface ReadProgress {
  readonly bytes: number;
  readonly totalBytes: number;
  readonly rows: number;
  readonly badLines: number;
}

interface ReadOptions extends ReadingChoices {
  /** The file's name, for messages and the summary. */
  readonly name: string;
  readonly sink: DatasetSink;
  /** How to read rows of no known layout; the file is then not searched for a known one. */
  readonly mapping?: ColumnMapping;
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
 *   `answer-base-unknown`, `mapping-impossible`, `import-cancelled`; and whatever the source or the sink throws
 */
export async function readDataset(source: ByteSource, options: ReadOptions): Promise<DatasetReading> {
  const { name, sink, mapping, onProgress, signal } = options;
  const hash = new Sha256();
  const tally = new Tally();
  const repairs = { bom: false, crlf: 0 };
  const duplicates = new DuplicateFinder();
  const cases = new CaseBatch(sink);
  const badLines = new BadLines(sink);
  const container = await chooseContainer(source, name);
  const layout =
    mapping === undefined
      ? await chooseLayout(container, name, guarded(chunksOf(source), name, signal), options)
      : mappedLayout(mapping, name);

  async function* hashed(): AsyncGenerator<Uint8Array> {
    let bytes = 0;
    for await (const chunk of guarded(chunksOf(source), name, signal)) {
      hash.update(chunk);
      yield chunk;
      bytes += chunk.length;
      onProgress?.({ bytes, totalBytes: source.size, rows: tally.rows, badLines: tally.badLines });
    }
  }

  for await (const records of recordsByChunk(container, hashed(), repairs)) {
    for (const record of records) {
      const reading = readRecord(container, layout, record);
      if (!('case' in reading)) {
        tally.addBadLine(reading);
        await badLines.add(record);
        continue;
      }
      const flags = duplicates.check(reading.case);
      const repeatsId = flags.some(({ kind }) => kind === 'duplicate-id');
      // Ids are unique in a dataset, also where the file repeats one.
      const unique = repeatsId
        ? { ...reading.case, id: `${reading.case.id}@${record.ordinal}` }
        : reading.case;
      for (const { kind, message } of flags) tally.addFlag(issueAt(record, kind, message));
      if (reading.hasImages || refersToImage(unique.question)) {
        const message = 'The question refers to an image; the model gets its text only.';
        tally.addFlag(issueAt(record, 'refers-to-image', message));
      }
      tally.addCase(unique, reading.repairs);
      if (cases.add(unique, record.text.length)) await cases.flush();
    }
  }
  await cases.flush();
  await badLines.flush();
  if (tally.firstIssue === undefined && tally.rows === 0) throw noRows(name);
  if (tally.firstIssue !== undefined && tally.rows === 0) {
    const { line, message } = tally.firstIssue;
    throw noUsableRow(
      name,
      `${tally.badLines} rows, none of them usable; line ${line}: ${message.replace(/\.$/, '')}`,
    );
  }
  tally.addFileRepair('byte-order-mark', repairs.bom ? 1 : 0);
  tally.addFileRepair('crlf', repairs.crlf);
  return {
    summary: {
      ...tally.summary({ id: hash.digest(), name, bytes: source.size }, layout),
      container: container.name,
      ...(mapping === undefined ? {} : { mapping }),
    },
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

class CaseBatch {
  #batch: ClinicalCase[] = [];
  #characters = 0;
  readonly #sink: DatasetSink;

  constructor(sink: DatasetSink) {
    this.#sink = sink;
  }

  /** @returns whether the batch is full */
  add(row: ClinicalCase, characters: number): boolean {
    this.#characters += characters;
    return this.#batch.push(row) === BATCH_ROWS || this.#characters >= BATCH_CHARACTERS;
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

  async add(record: FileRecord): Promise<void> {
    const bytes = record.bytes.length + 1;
    if (record.fault === 'too-long' || record.fault === 'file-cut-off') return;
    if (this.#savedBytes + this.#bytes + bytes > MAX_BAD_BYTES) return;
    const part = new Uint8Array(bytes);
    part.set(record.bytes);
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
