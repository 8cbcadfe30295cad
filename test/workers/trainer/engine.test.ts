/** The choice of kernels that an evaluation goes on with; the device only keeps the books, wasm computes. */
import { type UseStore, update } from 'idb-keyval';
import { beforeAll, expect, it } from 'vitest';
import { CheckpointStore } from '../../../src/engine/checkpoint/store';
import { findEvaluation, type StoredEvaluation } from '../../../src/engine/evaluation/store';
import { FusedDevice } from '../../../src/engine/fused';
import { DryGpu } from '../../../src/engine/gpu/dry-gpu';
import { defaultTuning, type Tuning } from '../../../src/engine/kernels/tuning';
import type { EvaluationSummary } from '../../../src/protocol';
import { folderOf } from '../../../workers/blob-source';
import type { Holdings } from '../../../workers/trainer/evaluated-policy';
import { Evaluations } from '../../../workers/trainer/evaluations';
import { openModel } from '../../../workers/trainer/model';
import { LIMITS } from '../../engine/gpu/limits';
import { useBackend } from '../../engine/tensor/backends';
import { hostOf, newBrowser, openDataset, tinyConfig, tinyModel } from './bench';

const first = defaultTuning({ software: false });
/** Of another day: the device was busy with something else when the variants competed. */
const second: Tuning = { ...first, decodeAttention: first.decodeAttention === 'wide' ? 'narrow' : 'wide' };

beforeAll(() => useBackend('wasm'));

/** A tab whose device has this choice; `seen` tells with which one each batch was generated. Pauses after that many cases. */
async function openTab(browser: string, tuning: Tuning, { adapter = 'a gpu', pauseAt = Number.NaN } = {}) {
  const device = new FusedDevice(new DryGpu(LIMITS), tuning);
  const seen: Tuning[] = [];
  const { model, policy } = await openModel('tiny', folderOf(tinyModel(), 'model'), null);
  const base: typeof policy = {
    ...policy,
    generate: (...call) => {
      seen.push(device.tuning);
      return policy.generate(...call);
    },
  };
  const host = hostOf(browser);
  const checkpoints = await CheckpointStore.open({
    database: host.checkpointDatabase,
    sentinel: host.checkpointSentinel,
  });
  const holdings: Holdings = { ...{ model, base, run: null, checkpoints }, ...{ device, adapter } };
  const evaluations = new Evaluations({
    ...host,
    post: (event) => {
      if (event.type === 'evaluation-progress' && event.progress.done === pauseAt) evaluations.pause();
    },
  });
  return { device, seen, holdings, evaluations, database: host.evaluationDatabase };
}

/** An evaluation of four cases in batches of one, paused after two. */
async function pausedEvaluation(browser: string): Promise<{ paused: EvaluationSummary; database: UseStore }> {
  const datasetId = await openDataset(browser);
  const { evaluations, holdings, database, seen } = await openTab(browser, first, { pauseAt: 2 });
  const paused = await evaluations.start(
    {
      policy: { kind: 'current' },
      datasets: [{ datasetId, part: 'all', limit: 4 }],
      samples: 2,
      temperature: 1,
      config: {
        ...tinyConfig,
        sampling: { ...tinyConfig.sampling, promptsPerBatch: 1, groupSize: 2, maxCompletionTokens: 4 },
      },
    },
    holdings,
  );
  expect(paused.status).toBe('paused');
  expect(seen).toEqual([first, first]);
  expect((await findEvaluation(database, paused.id)).tuning).toEqual({ adapter: 'a gpu', tuning: first });
  return { paused, database };
}

it('is the one that it began with, on the same adapter, and the device has its own back afterwards', async () => {
  const browser = newBrowser();
  const { paused, database } = await pausedEvaluation(browser);
  const tab = await openTab(browser, second);
  expect((await tab.evaluations.resume(paused.id, tab.holdings)).status).toBe('finished');
  expect(tab.seen).toEqual([first, first]);
  expect(tab.device.tuning).toEqual(second);
  expect((await findEvaluation(database, paused.id)).tuning!.tuning).toEqual(first);
});

it('is the device’s on another adapter, and is kept in turn', async () => {
  const browser = newBrowser();
  const { paused, database } = await pausedEvaluation(browser);
  const tab = await openTab(browser, second, { adapter: 'another gpu' });
  await tab.evaluations.resume(paused.id, tab.holdings);
  expect(tab.seen).toEqual([second, second]);
  expect((await findEvaluation(database, paused.id)).tuning).toEqual({
    ...{ adapter: 'another gpu', tuning: second },
  });
});

it('is the device’s where a record has none, as in version 0.2', async () => {
  const browser = newBrowser();
  const { paused, database } = await pausedEvaluation(browser);
  await update<StoredEvaluation>(
    ['evaluation', paused.id],
    (record) => {
      const { tuning: _, ...old } = record!;
      return old;
    },
    database,
  );
  const tab = await openTab(browser, second);
  expect((await tab.evaluations.resume(paused.id, tab.holdings)).status).toBe('finished');
  expect(tab.seen).toEqual([second, second]);
});

it('is put back when the evaluation fails', async () => {
  const browser = newBrowser();
  const { paused } = await pausedEvaluation(browser);
  const tab = await openTab(browser, second);
  const resumed = tab.evaluations.resume(paused.id, { ...tab.holdings, model: null });
  await expect(resumed).rejects.toMatchObject({ record: { code: 'policy-gone' } });
  expect(tab.device.tuning).toEqual(second);
});
