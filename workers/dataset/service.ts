/**
 * The dataset worker's logic: one command in, one answer out, news between. What it needs of the
 * browser comes in as `DatasetHost`, so it runs in Node too.
 */
import type { UseStore } from 'idb-keyval';
import { renderPrompt, renderPromptText } from '../../src/engine/crpo/prompts';
import { describeColumns } from '../../src/engine/data/columns';
import { type CaseSet, overlap } from '../../src/engine/data/overlap';
import { splitDataset } from '../../src/engine/data/parts';
import { previewMapping } from '../../src/engine/data/preview';
import { type DatasetReading, type ReadProgress, readDataset } from '../../src/engine/data/read';
import { Sha256 } from '../../src/engine/data/sha256';
import type { Split } from '../../src/engine/data/split';
import {
  beginImport,
  listDatasets,
  openDataset,
  readBadLines,
  removeDataset,
  type StoredDataset,
  skipBadLines,
} from '../../src/engine/data/store';
import { openTokenizer, plainChat, type Tokenizer } from '../../src/engine/tokenizer';
import {
  type DatasetCommand,
  type DatasetEvent,
  type DatasetResults,
  type DatasetRow,
  type DatasetSummary,
  type ExportedFile,
  type Numbered,
  type OverlapReport,
  type PartOfDataset,
  toErrorRecord,
} from '../../src/protocol';
import { blobSource, folderOf } from '../blob-source';

export interface DatasetHost {
  post(event: DatasetEvent): void;
  readonly database: UseStore;
  /** Runs one task at a time over all tabs of the origin. */
  exclusive<T>(task: () => Promise<T>): Promise<T>;
  /** Milliseconds from an arbitrary origin, monotonic. */
  clock(): number;
}

type CommandOf<T extends DatasetCommand['type']> = Extract<DatasetCommand, { type: T }>;

const PROGRESS_INTERVAL_MS = 100;
const MOST_ROWS = 1_000;

/** Returns the handler of commands; it never rejects, and answers each command exactly once. */
export function createDatasetService(
  host: DatasetHost,
): (command: Numbered<DatasetCommand>) => Promise<void> {
  const service = new DatasetService(host);
  return async (command) => {
    const { requestId } = command;
    try {
      host.post({ type: 'done', requestId, result: await service.run(command) });
    } catch (thrown) {
      host.post({ type: 'failed', requestId, error: toErrorRecord(thrown) });
    }
  };
}

class DatasetService {
  readonly #host: DatasetHost;
  /** Imports and comparisons under way. */
  readonly #working = new Set<AbortController>();
  #tokenizer: Promise<Tokenizer | null> = Promise.resolve(null);
  /** The dataset whose rows were last asked for, with its batches in memory. */
  #shown: { readonly id: string; readonly dataset: StoredDataset } | null = null;

  constructor(host: DatasetHost) {
    this.#host = host;
  }

  async run(command: DatasetCommand): Promise<DatasetResults[DatasetCommand['type']]> {
    const { database } = this.#host;
    switch (command.type) {
      case 'open':
        return this.#open(command);
      case 'list':
        return listDatasets(database);
      case 'skip-bad-lines':
        return skipBadLines(database, command.datasetId, command.skip);
      case 'bad-lines':
        return exportBadLines(database, command.datasetId);
      case 'remove':
        this.#shown = null;
        await removeDataset(database, command.datasetId);
        return null;
      case 'cancel':
        for (const abort of this.#working) abort.abort();
        return null;
      case 'columns':
        return describeColumns(blobSource(command.name, command.file, 'data'), command.name);
      case 'preview-mapping': {
        const { name, file, mapping } = command;
        return previewMapping(blobSource(name, file, 'data'), name, mapping);
      }
      case 'split': {
        const dataset = await openDataset(database, command.datasetId);
        return (await splitDataset(dataset, command.split)).report;
      }
      case 'overlap':
        return this.#abortable((signal) => this.#overlap(command, signal));
      case 'set-tokenizer':
        return this.#setTokenizer(command);
      case 'rows':
        return this.#rows(command);
      default:
        command satisfies never;
        throw new Error(`unknown command ${JSON.stringify(command)}`);
    }
  }

  #open({ name, file, synthetic = false, mapping, copBase }: CommandOf<'open'>): Promise<DatasetSummary> {
    const choices = {
      ...(mapping === undefined ? {} : { mapping }),
      ...(copBase === undefined ? {} : { copBase }),
    };
    return this.#abortable((signal) =>
      this.#host.exclusive(async () => {
        const { sink, finish, abandon } = await beginImport(this.#host.database);
        try {
          const reading = await readDataset(blobSource(name, file, 'data'), {
            name,
            sink,
            signal,
            onProgress: this.#reportProgress(name),
            ...choices,
          });
          this.#shown = null;
          return await finish(readBy(choices, reading), synthetic);
        } catch (error) {
          // If this fails too, the next import sweeps the batches away.
          await abandon().catch(() => {});
          throw error;
        }
      }),
    );
  }

  /** Runs what `cancel` stops. */
  async #abortable<T>(task: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const abort = new AbortController();
    this.#working.add(abort);
    try {
      return await task(abort.signal);
    } finally {
      this.#working.delete(abort);
    }
  }

  async #overlap({ train, test, split }: CommandOf<'overlap'>, signal: AbortSignal): Promise<OverlapReport> {
    const { database } = this.#host;
    const trained = await openPart(database, train, split);
    return overlap(trained, await openPart(database, test, split), {
      signal,
      onProgress: this.#seldom((done, total) => this.#host.post({ type: 'comparing', done, total })),
    });
  }

  #reportProgress(name: string): (progress: ReadProgress) => void {
    const report = this.#seldom((_bytes, _total, progress: ReadProgress) =>
      this.#host.post({ type: 'progress', name, ...progress }),
    );
    return (progress) => report(progress.bytes, progress.totalBytes, progress);
  }

  /** Passes progress on about ten times a second, and at the end. */
  #seldom<T extends readonly unknown[]>(
    report: (done: number, total: number, ...more: T) => void,
  ): (done: number, total: number, ...more: T) => void {
    let last = Number.NEGATIVE_INFINITY;
    return (done, total, ...more) => {
      const now = this.#host.clock();
      if (done < total && now - last < PROGRESS_INTERVAL_MS) return;
      last = now;
      report(done, total, ...more);
    };
  }

  /** No files: the model was unloaded. */
  async #setTokenizer({ files }: CommandOf<'set-tokenizer'>): Promise<null> {
    const opening = files.length === 0 ? Promise.resolve(null) : openTokenizer(folderOf(files, 'model'));
    this.#tokenizer = opening.catch(() => null);
    await opening;
    return null;
  }

  /** Rows [from, to) as far as there are any, at most a thousand. */
  async #rows({ datasetId, from, to, prompt }: CommandOf<'rows'>): Promise<readonly DatasetRow[]> {
    if (this.#shown?.id !== datasetId) {
      this.#shown = { id: datasetId, dataset: await openDataset(this.#host.database, datasetId) };
    }
    const { dataset } = this.#shown;
    const tokenizer = await this.#tokenizer;
    const first = Math.max(0, from);
    const end = Math.min(to, dataset.count, first + MOST_ROWS);
    const rows: DatasetRow[] = [];
    for (let index = first; index < end; index++) {
      const row = await dataset.case(index);
      if (tokenizer === null) {
        const text = renderPromptText(row, prompt, (messages) => plainChat(messages, true));
        rows.push({ index, case: row, prompt: text, promptTokens: null, tooLong: false });
      } else {
        const { text, tokens, tooLong } = renderPrompt(row, prompt, tokenizer);
        rows.push({ index, case: row, prompt: text, promptTokens: tokens.length, tooLong });
      }
    }
    return rows;
  }
}

/**
 * The same file read in another way has other cases, so it is another dataset: its id is the hash
 * of the file's and of what the person chose.
 */
function readBy(
  choices: Pick<CommandOf<'open'>, 'mapping' | 'copBase'>,
  reading: DatasetReading,
): DatasetReading {
  if (Object.keys(choices).length === 0) return reading;
  const chosen = new TextEncoder().encode(`${reading.summary.id}\n${JSON.stringify(choices)}`);
  return { ...reading, summary: { ...reading.summary, id: new Sha256().update(chosen).digest() } };
}

/** `all` is every row here, labelled or not: a leaked question is leaked without its answer too. */
async function openPart(
  database: UseStore,
  { datasetId, part }: PartOfDataset,
  split: Split,
): Promise<CaseSet> {
  const dataset = await openDataset(database, datasetId);
  const { name } = dataset.summary;
  if (part === 'all') return { name, part, count: dataset.count, at: dataset.case };
  const { train, heldOut } = await splitDataset(dataset, split);
  const indices = part === 'train' ? train : heldOut;
  return { name, part, count: indices.length, at: (index) => dataset.case(indices[index]!) };
}

async function exportBadLines(database: UseStore, datasetId: string): Promise<ExportedFile> {
  const { parts, lines, summary } = await readBadLines(database, datasetId);
  const hash = new Sha256();
  for (const part of parts) hash.update(part);
  const stem = summary.name.replace(/\.[^.]*$/, '');
  const which = lines < summary.badLines ? `first-${lines}-bad-lines` : 'bad-lines';
  return {
    name: `${stem}.${which}.jsonl`,
    file: new Blob([...parts], { type: 'application/jsonl' }),
    sha256: hash.digest(),
  };
}
