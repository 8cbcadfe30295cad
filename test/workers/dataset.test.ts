import { createHash } from 'node:crypto';
import { IDBFactory } from 'fake-indexeddb';
import { createStore, keys } from 'idb-keyval';
import { beforeEach, describe, expect, it } from 'vitest';
import type {
  ColumnMapping,
  ColumnReport,
  DatasetCommand,
  DatasetEvent,
  DatasetResults,
  DatasetRow,
  DatasetSummary,
  ErrorRecord,
  ExportedFile,
  NamedFile,
  OverlapReport,
  PromptSettings,
} from '../../src/protocol';
import { createDatasetService, type DatasetHost } from '../../workers/dataset/service';
import { openDatasetDatabase } from '../../workers/dataset-database';
import { medqaLines, medqaRow } from '../engine/data/support';
import { readReference, readTokenizerJson } from '../engine/tokenizer/folder';

const PROMPT: PromptSettings = {
  tags: 'think',
  system: 'Think between {open} and {close}.',
  addOpeningTag: false,
  maxTokens: 1_000,
};

/** The service with its host: a fresh database, a clock that the test sets, every event kept. */
class Bench {
  readonly events: DatasetEvent[] = [];
  now = 0;
  readonly #handle: ReturnType<typeof createDatasetService>;
  #requestId = 0;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(changes: Partial<DatasetHost> = {}) {
    this.#handle = createDatasetService({
      post: (event) => this.events.push(event),
      database: openDatasetDatabase(),
      exclusive: (task) => {
        const result = this.#queue.then(task);
        this.#queue = result.catch(() => {});
        return result;
      },
      clock: () => this.now,
      ...changes,
    });
  }

  async ask(command: DatasetCommand): Promise<DatasetResults[DatasetCommand['type']] | ErrorRecord> {
    const requestId = ++this.#requestId;
    await this.#handle({ ...command, requestId });
    const answers = this.events.filter((event) => 'requestId' in event && event.requestId === requestId);
    expect(answers).toHaveLength(1);
    const [answer] = answers;
    if (answer?.type === 'done') return answer.result;
    if (answer?.type === 'failed') return answer.error;
    throw new Error('expected an answer');
  }

  async open(lines: readonly string[], name = 'cases.jsonl'): Promise<DatasetSummary> {
    return (await this.ask({ type: 'open', name, file: new Blob([lines.join('\n')]) })) as DatasetSummary;
  }

  async rows(datasetId: string, from: number, to: number, prompt = PROMPT): Promise<readonly DatasetRow[]> {
    return (await this.ask({ type: 'rows', datasetId, from, to, prompt })) as readonly DatasetRow[];
  }
}

function tokenizerFiles(changes: Readonly<Record<string, unknown>> = {}): NamedFile[] {
  const files = {
    'config.json': { vocab_size: 512 },
    'tokenizer.json': readTokenizerJson(),
    'tokenizer_config.json': { eos_token: '<|im_end|>', chat_template: readReference().template },
    ...changes,
  };
  return Object.entries(files).map(([path, content]) => ({
    path: `model/${path}`,
    file: new Blob([JSON.stringify(content)]),
  }));
}

/** Rows of 3 kB, so that few of them fill several chunks. */
function longLines(count: number): string[] {
  const phrases = ['x'.repeat(2_700)];
  return Array.from({ length: count }, (_, i) =>
    JSON.stringify({ ...medqaRow(i), metamap_phrases: phrases }),
  );
}

let bench: Bench;

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
  bench = new Bench();
});

describe('open', () => {
  it('imports a file, which a later session finds', async () => {
    const summary = await bench.open([...medqaLines(3), '{']);
    expect(summary).toMatchObject({ name: 'cases.jsonl', layout: 'medqa', rows: 3, badLines: 1 });
    expect(await new Bench().ask({ type: 'list' })).toEqual([summary]);
  });

  it('marks a synthetic dataset', async () => {
    const file = new Blob([medqaLines(2).join('\n')]);
    expect(await bench.ask({ type: 'open', name: 'starter.jsonl', file, synthetic: true })).toMatchObject({
      synthetic: true,
    });
  });

  it('answers a file of another kind with what it is', async () => {
    const file = new Blob([Uint8Array.of(0x50, 0x41, 0x52, 0x31, 0, 0, 0, 0)]);
    const error = await bench.ask({ type: 'open', name: 'cases.parquet', file });
    expect(error).toMatchObject({ boundary: 'data', code: 'dataset-is-parquet', file: 'cases.parquet' });
    expect(await bench.ask({ type: 'list' })).toEqual([]);
  });

  it('answers a file that vanished from disk', async () => {
    const gone = new Blob(['x'.repeat(100)]);
    Object.defineProperty(gone, 'slice', {
      value: () => ({ arrayBuffer: () => Promise.reject(new Error('gone')) }),
    });
    const error = await bench.ask({ type: 'open', name: 'gone.jsonl', file: gone });
    expect(error).toMatchObject({ boundary: 'data', code: 'file-unreadable', file: 'gone.jsonl' });
  });

  it('tells its progress ten times a second at most, and the end', async () => {
    // Several chunks of 2 MiB; the clock stands still, so only the first and the last are told; then
    // it runs 60 ms a chunk.
    const lines = longLines(3_000);
    await bench.open(lines);
    const progress = () => bench.events.filter((event) => event.type === 'progress');
    const total = new Blob([lines.join('\n')]).size;
    expect(progress().length).toBe(2);
    expect(progress().at(-1)).toMatchObject({ name: 'cases.jsonl', bytes: total, totalBytes: total });

    const ticking = new Bench({ clock: () => (ticking.now += 60) });
    await ticking.open(lines);
    const chunks = Math.ceil(total / (2 * 1024 * 1024));
    // Every second chunk, and the last.
    const told = ticking.events.filter((event) => event.type === 'progress').length;
    expect(Math.abs(told - chunks / 2)).toBeLessThanOrEqual(1);
  }, 30_000);

  it('stops when cancelled and leaves nothing behind', async () => {
    const lines = longLines(2_000);
    const opening = bench.ask({ type: 'open', name: 'big.jsonl', file: new Blob([lines.join('\n')]) });
    const waiting = bench.ask({ type: 'open', name: 'next.jsonl', file: new Blob([lines.join('\n')]) });
    expect(await bench.ask({ type: 'cancel' })).toBeNull();
    expect(await opening).toMatchObject({ code: 'import-cancelled', file: 'big.jsonl' });
    expect(await waiting).toMatchObject({ code: 'import-cancelled', file: 'next.jsonl' });
    expect(await bench.ask({ type: 'list' })).toEqual([]);
    const left = await keys(createStore('crpo-studio-datasets', 'datasets'));
    expect(left.filter((key) => Array.isArray(key))).toEqual([]);
    expect(await bench.open(medqaLines(1))).toMatchObject({ rows: 1 });
  }, 30_000);
});

describe('rows', () => {
  it('renders the range asked for, plainly, before a model is loaded', async () => {
    const { id } = await bench.open(medqaLines(20));
    const rows = await bench.rows(id, 5, 8);
    expect(rows.map(({ index }) => index)).toEqual([5, 6, 7]);
    expect(rows[0]).toMatchObject({ promptTokens: null, tooLong: false });
    expect(rows[0]?.prompt).toBe(
      `Think between <think> and </think>.\n\n${medqaRow(5).question}\nA. Appendicitis\nB. Pyelonephritis\nC. Nephrolithiasis\nD. Cystitis\nE. Ovarian torsion\n`,
    );
    expect(await bench.rows(id, 18, 40)).toHaveLength(2);
    expect(await bench.rows(id, -3, 2)).toHaveLength(2);
    expect(await bench.rows(id, 30, 40)).toEqual([]);
  });

  it('renders and counts with the model’s tokenizer, and marks what is too long', async () => {
    const { id } = await bench.open(medqaLines(3));
    expect(await bench.ask({ type: 'set-tokenizer', files: tokenizerFiles() })).toBeNull();
    const [row] = await bench.rows(id, 0, 1);
    expect(row?.prompt.startsWith('<|im_start|>system\nThink between <think>')).toBe(true);
    expect(row?.prompt.endsWith('<|im_end|>\n<|im_start|>assistant\n')).toBe(true);
    const tokens = row!.promptTokens!;
    expect(tokens).toBeGreaterThan(50);
    const limits = [tokens, tokens - 1];
    const marks = limits.map(
      async (maxTokens) => (await bench.rows(id, 0, 1, { ...PROMPT, maxTokens }))[0]?.tooLong,
    );
    expect(await Promise.all(marks)).toEqual([false, true]);
    // The model is unloaded.
    await bench.ask({ type: 'set-tokenizer', files: [] });
    expect((await bench.rows(id, 0, 1))[0]?.promptTokens).toBeNull();
  });

  it('waits for a tokenizer that is still being opened', async () => {
    const { id } = await bench.open(medqaLines(3));
    const [, rows] = await Promise.all([
      bench.ask({ type: 'set-tokenizer', files: tokenizerFiles() }),
      bench.rows(id, 0, 1),
    ]);
    expect(rows[0]?.promptTokens).not.toBeNull();
  });

  it('answers a broken tokenizer, and goes on without it', async () => {
    const { id } = await bench.open(medqaLines(3));
    const error = await bench.ask({ type: 'set-tokenizer', files: tokenizerFiles({ 'tokenizer.json': {} }) });
    expect(error).toMatchObject({ boundary: 'model', code: 'tokenizer-malformed' });
    expect((await bench.rows(id, 0, 1))[0]?.promptTokens).toBeNull();
  });

  it('answers a template that refuses the messages', async () => {
    const { id } = await bench.open(medqaLines(3));
    const config = { eos_token: '<|im_end|>', chat_template: "{{ raise_exception('no system role') }}" };
    await bench.ask({ type: 'set-tokenizer', files: tokenizerFiles({ 'tokenizer_config.json': config }) });
    const error = await bench.ask({ type: 'rows', datasetId: id, from: 0, to: 1, prompt: PROMPT });
    expect(error).toMatchObject({ boundary: 'model', code: 'chat-template-failed' });
  });
});

describe('a file of unknown layout', () => {
  const file = new Blob([
    [1, 2, 3]
      .map((n) => JSON.stringify({ stem: `Patient ${n}?`, first: 'Yes', second: 'No', right: n % 2 }))
      .join('\n'),
  ]);
  const mapping: ColumnMapping = {
    question: 'stem',
    options: { kind: 'fields', fields: ['first', 'second'] },
    answer: { field: 'right', kind: 'zero-based' },
    id: null,
    facets: [],
  };

  it('has its fields described, and a mapping tried on its first rows', async () => {
    expect(await bench.ask({ type: 'open', name: 'own.jsonl', file })).toMatchObject({
      code: 'dataset-no-usable-row',
    });
    const report = (await bench.ask({ type: 'columns', name: 'own.jsonl', file })) as ColumnReport;
    expect(report.fields.map(({ path }) => path)).toEqual(['stem', 'first', 'second', 'right']);
    expect(await bench.ask({ type: 'preview-mapping', name: 'own.jsonl', file, mapping })).toEqual({
      case: {
        id: '1',
        line: 1,
        question: 'Patient 1?',
        options: { A: 'Yes', B: 'No' },
        answer: 'B',
      },
      rowsLookedAt: 3,
      rowsRead: 3,
      problem: null,
    });
    const oneBased = { ...mapping, answer: { field: 'right', kind: 'one-based' } } as const;
    expect(
      await bench.ask({ type: 'preview-mapping', name: 'own.jsonl', file, mapping: oneBased }),
    ).toMatchObject({ rowsRead: 2, problem: { line: 2, kind: 'answer-not-an-option' } });
  });

  it('is read by a mapping, and read otherwise is another dataset', async () => {
    const open = async (changes: Partial<ColumnMapping>) =>
      (await bench.ask({
        type: 'open',
        name: 'own.jsonl',
        file,
        mapping: { ...mapping, ...changes },
      })) as DatasetSummary;
    const one = await open({});
    const two = await open({ options: { kind: 'fields', fields: ['second', 'first'] } });
    expect(one).toMatchObject({ layout: 'mapped', rows: 3, answerCounts: { A: 1, B: 2 } });
    expect(two.id).not.toBe(one.id);
    expect((await bench.rows(one.id, 0, 1))[0]?.case.options).toEqual({ A: 'Yes', B: 'No' });
    expect((await bench.rows(two.id, 0, 1))[0]?.case.options).toEqual({ A: 'No', B: 'Yes' });
    expect(await open({})).toEqual(one);
    expect(await bench.ask({ type: 'list' })).toHaveLength(2);
  });
});

describe('MedMCQA', () => {
  it('is read from the base that the person says, where the file does not tell', async () => {
    const row = { question: 'Is it?', opa: 'Yes', opb: 'No', opc: 'Perhaps', opd: 'Never', cop: 2 };
    const file = new Blob([JSON.stringify(row)]);
    const open = (copBase?: 0 | 1) =>
      bench.ask({ type: 'open', name: 'mcq.jsonl', file, ...(copBase === undefined ? {} : { copBase }) });
    expect(await open()).toMatchObject({ code: 'answer-base-unknown' });
    expect(await open(0)).toMatchObject({ answerCounts: { C: 1 } });
    expect(await open(1)).toMatchObject({ answerCounts: { B: 1 } });
    expect(await bench.ask({ type: 'list' })).toHaveLength(2);
  });
});

describe('split and overlap', () => {
  const split = { heldOutFraction: 0.25, splitSeed: 3 };

  it('count the parts of a dataset', async () => {
    const repeated = JSON.stringify(medqaRow(0));
    const { id } = await bench.open([...medqaLines(40), repeated]);
    expect(await bench.ask({ type: 'split', datasetId: id, split })).toMatchObject({
      train: 30,
      heldOut: 10,
      repeats: 1,
      conflicts: 0,
      unlabelled: 0,
      strata: [{ name: 'B · step1', train: 30, heldOut: 10 }],
    });
  });

  it('compare two datasets, or the parts of one, and tell how far they are', async () => {
    const first = await bench.open(medqaLines(30), 'first.jsonl');
    const second = await bench.open(medqaLines(50).slice(20), 'second.jsonl');
    const all = (datasetId: string) => ({ datasetId, part: 'all' }) as const;
    const between = await bench.ask({ type: 'overlap', train: all(first.id), test: all(second.id), split });
    // Lines 21 … 30 of the first are lines 1 … 10 of the second. "Patient N has had fever and flank
    // pain for 3 days. Which is the most likely diagnosis" has 17 words, the number among them: of
    // its five 13-grams only the first two have it, so the others are in every row.
    expect(between).toMatchObject({
      train: { name: 'first.jsonl', part: 'all', rows: 30 },
      test: { name: 'second.jsonl', part: 'all', rows: 30 },
      exact: 10,
      sharedAny: 30,
      sharedHalf: 30,
      tooShort: 0,
    });
    expect((between as OverlapReport).examples[0]).toMatchObject({ testLine: 1, trainLine: 21, share: 1 });
    const parts = await bench.ask({
      type: 'overlap',
      train: { datasetId: first.id, part: 'train' },
      test: { datasetId: first.id, part: 'held-out' },
      split,
    });
    const [train, heldOut] = [22, 8];
    expect(parts).toMatchObject({ train: { rows: train }, test: { rows: heldOut }, exact: 0 });
    const told = bench.events.filter((event) => event.type === 'comparing');
    expect(told.at(-1)).toEqual({ type: 'comparing', done: heldOut, total: heldOut });
  });

  it('stop when cancelled', async () => {
    const { id } = await bench.open(medqaLines(3_000));
    const part = { datasetId: id, part: 'all' } as const;
    const comparing = bench.ask({ type: 'overlap', train: part, test: part, split });
    await bench.ask({ type: 'cancel' });
    expect(await comparing).toMatchObject({ code: 'overlap-cancelled' });
  });
});

describe('the other commands', () => {
  it('skip, export and remove', async () => {
    const { id } = await bench.open([...medqaLines(3), '{"question": 1', 'not JSON'], 'my.cases.jsonl');
    expect(await bench.ask({ type: 'skip-bad-lines', datasetId: id, skip: true })).toMatchObject({
      badLinesSkipped: true,
    });
    const exported = (await bench.ask({ type: 'bad-lines', datasetId: id })) as ExportedFile;
    const text = '{"question": 1\nnot JSON\n';
    expect(exported.name).toBe('my.cases.bad-lines.jsonl');
    expect(await exported.file.text()).toBe(text);
    expect(exported.sha256).toBe(createHash('sha256').update(text).digest('hex'));
    expect(await bench.rows(id, 0, 1)).toHaveLength(1);
    expect(await bench.ask({ type: 'remove', datasetId: id })).toBeNull();
    expect(await bench.ask({ type: 'list' })).toEqual([]);
    const gone = { boundary: 'storage', code: 'dataset-not-found' };
    expect(await bench.ask({ type: 'rows', datasetId: id, from: 0, to: 1, prompt: PROMPT })).toMatchObject(
      gone,
    );
    expect(await bench.ask({ type: 'bad-lines', datasetId: id })).toMatchObject(gone);
    expect(await bench.ask({ type: 'skip-bad-lines', datasetId: id, skip: true })).toMatchObject(gone);
  });
});
