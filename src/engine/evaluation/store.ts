/**
 * Evaluations in a key-value database, kept as they are made. Each batch of cases is a chunk, written
 * together with the record that counts it in one transaction: a tab that is killed loses at most the
 * batch it was in. A chunk carries the hash of its text; from a damaged one on, an unfinished
 * evaluation is made again, and a finished one says so when it is read.
 *
 * One writer at a time: the trainer's lock sees to it.
 */
import { delMany, get, getMany, keys, set, setMany, type UseStore } from 'idb-keyval';
import {
  type EvaluatedCase,
  type EvaluationProgress,
  type EvaluationSummary,
  type ResultReference,
  StudioError,
} from '../../protocol';
import { sha256 } from '../checkpoint/hash';
import { databaseGuard } from '../database-guard';
import type { StoredTuning } from '../fused';

/** Changes when a stored evaluation would be read differently. */
const VERSION = 1;
/** Of an evaluation that is stored at once. */
const CASES_PER_CHUNK = 64;

const guard = databaseGuard({
  subject: 'Evaluations',
  makeRoom: 'Delete evaluations or checkpoints that you no longer need',
  again: 'resume the evaluation',
});

type RecordKey = readonly ['evaluation', id: string];
type ChunkKey = readonly ['cases', id: string, dataset: number, chunk: number];
type Key = RecordKey | ChunkKey;

/** All that must be known to go on with an evaluation. */
export interface StoredEvaluation {
  readonly version: number;
  /** Later ones are larger. */
  readonly order: number;
  readonly summary: EvaluationSummary;
  /** Per dataset, the cases of each chunk. */
  readonly chunks: readonly (readonly number[])[];
  /** The choice of kernels of its last sitting; none with plain ops, and in records of version 0.2. */
  readonly tuning?: StoredTuning;
}

interface Chunk {
  readonly text: string;
  readonly sha256: string;
}

/** All readable evaluations, newest first; those of another version stay untouched and unlisted. */
export async function listEvaluations(store: UseStore): Promise<StoredEvaluation[]> {
  const records = await guard('list the evaluations', async () => {
    const recordKeys = (await keys<Key>(store)).filter(isRecordKey);
    return getMany<StoredEvaluation | undefined>(recordKeys, store);
  });
  return records
    .filter((record) => record?.version === VERSION)
    .map((record) => record!)
    .sort((a, b) => b.order - a.order);
}

/** @throws StudioError `evaluation-not-found` */
export async function findEvaluation(store: UseStore, id: string): Promise<StoredEvaluation> {
  const record = await guard('read an evaluation', () => get<StoredEvaluation>(recordKey(id), store));
  if (record?.version === VERSION) return record;
  throw new StudioError({
    boundary: 'storage',
    code: 'evaluation-not-found',
    message: `Expected a stored evaluation ${id}, received none.`,
    action: 'It may have been deleted in another tab; reload the page to see which are there.',
  });
}

/** A new evaluation without cases. */
export async function createEvaluation(
  store: UseStore,
  summary: EvaluationSummary,
): Promise<StoredEvaluation> {
  const record = await newRecord(store, summary);
  await saveEvaluation(store, record);
  return record;
}

/** An evaluation of one dataset with all its cases, or nothing of it. */
export async function storeWhole(
  store: UseStore,
  summary: EvaluationSummary,
  cases: readonly EvaluatedCase[],
): Promise<void> {
  const record = await newRecord(store, summary);
  const entries: [ChunkKey | RecordKey, unknown][] = [];
  for (let start = 0; start < cases.length; start += CASES_PER_CHUNK) {
    const chunk = await chunkOf(cases.slice(start, start + CASES_PER_CHUNK));
    entries.push([chunkKey(summary.id, 0, entries.length), chunk]);
  }
  const sizes = entries.map((_, index) => Math.min(CASES_PER_CHUNK, cases.length - index * CASES_PER_CHUNK));
  entries.push([recordKey(summary.id), { ...record, chunks: [sizes] }]);
  await guard('save an evaluation', () => setMany(entries, store));
}

async function newRecord(store: UseStore, summary: EvaluationSummary): Promise<StoredEvaluation> {
  const order = ((await listEvaluations(store))[0]?.order ?? 0) + 1;
  return { version: VERSION, order, summary, chunks: summary.datasets.map(() => []) };
}

export async function saveEvaluation(store: UseStore, record: StoredEvaluation): Promise<void> {
  await guard('save an evaluation', () => set(recordKey(record.summary.id), record, store));
}

/** Adds a chunk to the dataset that `progress` names, and counts it, or does neither. */
export async function appendCases(
  store: UseStore,
  record: StoredEvaluation,
  cases: readonly EvaluatedCase[],
  progress: EvaluationProgress,
): Promise<StoredEvaluation> {
  const { id } = record.summary;
  const { dataset } = progress;
  const chunk = await chunkOf(cases);
  const chunks = record.chunks.map((sizes, index) => (index === dataset ? [...sizes, cases.length] : sizes));
  const grown = { ...record, chunks, summary: { ...record.summary, progress } };
  const key = chunkKey(id, dataset, record.chunks[dataset]!.length);
  await guard('save an evaluation', () =>
    setMany(
      [
        [key, chunk],
        [recordKey(id), grown],
      ],
      store,
    ),
  );
  return grown;
}

/**
 * The record without what a damaged or missing chunk makes unusable: a dataset's chunks from there
 * on. The counts of its progress follow; the record in the database changes with the next chunk.
 */
export async function withoutDamage(store: UseStore, record: StoredEvaluation): Promise<StoredEvaluation> {
  const chunks: number[][] = [];
  let [done, tokens, completions, correct] = [0, 0, 0, 0];
  for (const [dataset, sizes] of record.chunks.entries()) {
    const whole: number[] = [];
    for (const [index, size] of sizes.entries()) {
      const cases = await readChunk(store, chunkKey(record.summary.id, dataset, index));
      if (cases?.length !== size) break;
      whole.push(size);
      done += size;
      for (const sample of cases.flatMap(({ samples }) => samples)) {
        completions++;
        tokens += sample.tokens ?? 0;
        correct += Number(sample.correct);
      }
    }
    chunks.push(whole);
  }
  const progress = { ...record.summary.progress, done, tokens, completions, correct };
  return { ...record, chunks, summary: { ...record.summary, progress } };
}

/** Cases [from, to) of a dataset, as far as they are there. @throws StudioError `evaluation-damaged` */
export async function readCases(
  store: UseStore,
  record: StoredEvaluation,
  dataset: number,
  from = 0,
  to = Number.POSITIVE_INFINITY,
): Promise<EvaluatedCase[]> {
  const cases: EvaluatedCase[] = [];
  let start = 0;
  for (const [index, size] of (record.chunks[dataset] ?? []).entries()) {
    if (start < to && start + size > from) {
      const chunk = await readChunk(store, chunkKey(record.summary.id, dataset, index));
      if (chunk?.length !== size) throw damaged(record.summary);
      cases.push(...chunk.slice(Math.max(0, from - start), to - start));
    }
    start += size;
  }
  return cases;
}

/** One that is not there is no error. */
export async function deleteEvaluation(store: UseStore, id: string): Promise<void> {
  await guard('delete an evaluation', async () => {
    const own = (await keys<Key>(store)).filter((key) => key[1] === id);
    await delMany(own, store);
  });
}

/** @throws StudioError `no-such-result` for a dataset that the evaluation does not have */
export function assertHasResult(record: StoredEvaluation, { id, dataset }: ResultReference): void {
  if (record.summary.datasets[dataset] !== undefined) return;
  throw new StudioError({
    boundary: 'protocol',
    code: 'no-such-result',
    message: `The evaluation ${id}: expected a dataset from 0 to ${record.summary.datasets.length - 1}, received ${dataset}.`,
    action: 'Choose one of its datasets.',
  });
}

/** null: missing or damaged. */
async function readChunk(store: UseStore, key: ChunkKey): Promise<EvaluatedCase[] | null> {
  const chunk = await guard('read an evaluation', () => get<Partial<Chunk>>(key, store));
  if (typeof chunk?.text !== 'string' || chunk.sha256 !== (await hashOf(chunk.text))) return null;
  return JSON.parse(chunk.text) as EvaluatedCase[]; // The hash says that it is as it was written.
}

async function chunkOf(cases: readonly EvaluatedCase[]): Promise<Chunk> {
  const text = JSON.stringify(cases);
  return { text, sha256: await hashOf(text) };
}

function hashOf(text: string): Promise<string> {
  return sha256(new TextEncoder().encode(text));
}

function recordKey(id: string): RecordKey {
  return ['evaluation', id];
}

function chunkKey(id: string, dataset: number, chunk: number): ChunkKey {
  return ['cases', id, dataset, chunk];
}

function isRecordKey(key: Key): key is RecordKey {
  return key[0] === 'evaluation';
}

function damaged({ name }: EvaluationSummary): StudioError {
  return new StudioError({
    boundary: 'storage',
    code: 'evaluation-damaged',
    message: `The evaluation “${name}”: expected its cases in the browser's database, received none or others.`,
    action: 'Delete it and evaluate again.',
  });
}
