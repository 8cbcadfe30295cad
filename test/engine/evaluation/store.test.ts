import 'fake-indexeddb/auto';
import { createStore, get, set, type UseStore } from 'idb-keyval';
import { beforeEach, describe, expect, it } from 'vitest';
import { defaultConfig } from '../../../src/engine/crpo/settings';
import {
  appendCases,
  createEvaluation,
  deleteEvaluation,
  findEvaluation,
  listEvaluations,
  readCases,
  type StoredEvaluation,
  storeWhole,
  withoutDamage,
} from '../../../src/engine/evaluation/store';
import type { EvaluatedCase, EvaluationSummary } from '../../../src/protocol';
import { caseOf } from './made';

let store: UseStore;
let stores = 0;
beforeEach(() => {
  store = createStore(`evaluations-${stores++}`, 'evaluations');
});

function summaryOf(id: string): EvaluationSummary {
  const dataset = { datasetId: 'one', part: 'all', limit: null, name: 'One', cases: 5 } as const;
  return {
    id,
    name: `Evaluation ${id}`,
    createdAt: '2026-01-01T00:00:00.000Z',
    status: 'running',
    policy: {
      ...{ kind: 'current', modelName: 'tiny', modelSha256: 'ab' },
      ...{ runId: null, runName: null, checkpointId: null, step: 0 },
    },
    datasets: [dataset, { ...dataset, datasetId: 'two' }],
    samples: 1,
    temperature: 1,
    config: defaultConfig(),
    progress: { id, dataset: 0, done: 0, total: 10, tokens: 0, elapsedMs: 0, completions: 0, correct: 0 },
    results: [],
  };
}

/** Two cases at a time: 0, 1 | 2, 3 of the first dataset, then 0, 1 of the second. */
async function threeChunks(id = 'e1'): Promise<StoredEvaluation> {
  let record = await createEvaluation(store, summaryOf(id));
  let done = 0;
  for (const [dataset, cases] of [
    [0, [caseOf(0, 'A'), caseOf(1, 'B')]],
    [0, [caseOf(2, 'A'), caseOf(3, '-')]],
    [1, [caseOf(0, 'B'), caseOf(1, 'A')]],
  ] as const) {
    done += cases.length;
    const progress = { ...record.summary.progress, dataset, done, tokens: 10 * done, completions: done };
    record = await appendCases(store, record, cases, progress);
  }
  return record;
}

const ids = (cases: readonly EvaluatedCase[]) => cases.map((each) => each.case.id);
const chunkKey = (chunk: number, dataset = 0) => ['cases', 'e1', dataset, chunk];

describe('the evaluation store', () => {
  it('gives back what was stored, by dataset and range', async () => {
    await threeChunks();
    const record = await findEvaluation(store, 'e1');
    expect(record.chunks).toEqual([[2, 2], [2]]);
    expect(record.summary.progress).toMatchObject({ done: 6, dataset: 1, tokens: 60 });
    expect(await readCases(store, record, 0)).toEqual(
      ['A', 'B', 'A', '-'].map((answer, index) => caseOf(index, answer)),
    );
    expect(ids(await readCases(store, record, 0, 1, 3))).toEqual(['case-1', 'case-2']);
    expect(ids(await readCases(store, record, 1, 1, 99))).toEqual(['case-1']);
    expect(await readCases(store, record, 7)).toEqual([]);
  });

  it('lists newest first, and deletes one without touching the other', async () => {
    await threeChunks('e1');
    await threeChunks('e2');
    expect((await listEvaluations(store)).map(({ summary }) => summary.id)).toEqual(['e2', 'e1']);
    await deleteEvaluation(store, 'e2');
    await deleteEvaluation(store, 'e2');
    expect((await listEvaluations(store)).map(({ summary }) => summary.id)).toEqual(['e1']);
    expect(await get(['cases', 'e2', 0, 0], store)).toBeUndefined();
    expect(ids(await readCases(store, await findEvaluation(store, 'e1'), 1))).toEqual(['case-0', 'case-1']);
    await expect(findEvaluation(store, 'e2')).rejects.toMatchObject({
      record: { boundary: 'storage', code: 'evaluation-not-found' },
    });
  });

  it('leaves evaluations of another version alone', async () => {
    const record = await threeChunks();
    await set(['evaluation', 'later'], { ...record, version: 2 }, store);
    expect((await listEvaluations(store)).map(({ summary }) => summary.id)).toEqual(['e1']);
    expect(await get(['evaluation', 'later'], store)).toBeDefined();
  });

  it('counts a chunk or does not write it: a refused transaction changes nothing', async () => {
    const record = await threeChunks();
    const full: UseStore = (mode, callback) =>
      store(mode, (objects) => {
        if (mode === 'readwrite') throw new DOMException('no room', 'QuotaExceededError');
        return callback(objects);
      });
    const progress = { ...record.summary.progress, done: 8 };
    await expect(appendCases(full, record, [caseOf(2, 'A')], progress)).rejects.toMatchObject({
      record: { boundary: 'storage', code: 'quota-exceeded' },
    });
    expect(await findEvaluation(store, 'e1')).toEqual(record);
  });

  it.each<[string, unknown]>([
    ['missing', undefined],
    ['torn', { text: '[{"index":2', sha256: '0'.repeat(64) }],
    ['of another shape', 7],
  ])('goes on before a chunk that is %s, and says so where it is read', async (_, damage) => {
    const record = await threeChunks();
    await set(chunkKey(1), damage, store);
    const usable = await withoutDamage(store, record);
    expect(usable.chunks).toEqual([[2], [2]]);
    // Four cases stay: A and B of the first dataset, B and A of the second.
    expect(usable.summary.progress).toMatchObject({ done: 4, completions: 4, tokens: 40, correct: 2 });
    await expect(readCases(store, record, 0)).rejects.toMatchObject({
      record: { boundary: 'storage', code: 'evaluation-damaged' },
    });
    expect(ids(await readCases(store, record, 0, 0, 2))).toEqual(['case-0', 'case-1']);
  });

  it('changes nothing where nothing is damaged', async () => {
    const record = await threeChunks();
    const correct = { ...record.summary.progress, correct: 3 };
    expect(await withoutDamage(store, record)).toEqual({
      ...record,
      summary: { ...record.summary, progress: correct },
    });
  });

  it('stores a finished evaluation at once', async () => {
    const cases = Array.from({ length: 150 }, (_, index) => caseOf(index, 'A'));
    const summary = summaryOf('whole');
    await storeWhole(store, { ...summary, datasets: [summary.datasets[0]!], status: 'finished' }, cases);
    const record = await findEvaluation(store, 'whole');
    expect(record.chunks).toEqual([[64, 64, 22]]);
    expect(await readCases(store, record, 0)).toEqual(cases);
  });
});
