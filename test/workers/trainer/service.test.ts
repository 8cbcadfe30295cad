import { createStore } from 'idb-keyval';
import { describe, expect, it } from 'vitest';
import { tf } from '../../../src/engine/tensor';
import type { NamedFile, RunConfig } from '../../../src/protocol';
import { openCases } from '../../../workers/trainer/cases';
import {
  checkpointAt,
  newBrowser,
  numbersOf,
  openDataset,
  openTrainer,
  readyTrainer,
  stepsOf,
  tinyConfig,
  tinyModel,
} from './bench';

const STEPS = 6;
/** Two updates per rollout batch, so that odd steps end inside a batch. */
const config = {
  ...tinyConfig,
  steps: STEPS,
  update: { ...tinyConfig.update, miniBatches: 2 },
  checkpoint: { everySteps: 1, keep: STEPS },
};

async function uninterrupted(changes: Partial<typeof config> = {}) {
  const browser = newBrowser();
  const { trainer, datasetId } = await readyTrainer(browser);
  await trainer.send({ type: 'start', config: { ...config, ...changes }, datasetId });
  await trainer.status('finished');
  return { browser, trainer, records: numbersOf(stepsOf(trainer)) };
}

/** A model folder that tells how many bytes of tensors there are whenever its weights are read, and can fail. */
function watchWeights(files: readonly NamedFile[]) {
  const bytesAtReads: number[] = [];
  let failure: Error | null = null;
  const weights = files.find(({ path }) => path.endsWith('.safetensors'))!.file;
  weights.slice = (...range) => {
    bytesAtReads.push(tf.memory().numBytes);
    if (failure !== null) throw failure;
    return Blob.prototype.slice.apply(weights, range);
  };
  return {
    files,
    bytesAtReads,
    forget: () => bytesAtReads.splice(0),
    fail: (error: Error | null) => {
      failure = error;
    },
  };
}

describe('TrainerService', () => {
  it('refuses what came too early, from another build, or without a model', async () => {
    const trainer = openTrainer(newBrowser());
    await expect(trainer.send({ type: 'list-checkpoints' })).rejects.toMatchObject({ code: 'no-hello' });
    await expect(trainer.send({ type: 'hello', protocolVersion: 0, backend: 'wasm' })).rejects.toMatchObject({
      boundary: 'protocol',
      code: 'version-mismatch',
    });
    await trainer.send({ type: 'hello', protocolVersion: 1, backend: 'wasm' });
    await expect(trainer.send({ type: 'start', config, datasetId: 'none' })).rejects.toMatchObject({
      code: 'no-model',
    });
    await expect(trainer.send({ type: 'pause' })).rejects.toMatchObject({ code: 'no-run' });
  });

  it.each([
    ['full fine-tuning with a frozen reference policy', {}],
    ['LoRA', { training: { ...config.training, mode: 'lora' as const } }],
  ])('resumes bit for bit at every step, also inside a rollout batch: %s', async (_, changes) => {
    const { browser, trainer, records } = await uninterrupted(changes);
    expect(records.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    for (const step of [1, 2, 5]) {
      const id = await checkpointAt(trainer, step);
      const reloaded = openTrainer(browser);
      await reloaded.send({ type: 'hello', protocolVersion: 1, backend: 'wasm' });
      const resumed = await reloaded.send({ type: 'resume-checkpoint', id });
      expect(resumed.step).toBe(step);
      await reloaded.status('finished');
      expect(numbersOf(stepsOf(reloaded))).toEqual(records.slice(step));
    }
  });

  it('would notice another seed', async () => {
    const [one, other] = [await uninterrupted({ steps: 1 }), await uninterrupted({ steps: 1, seed: 12 })];
    expect(one.records).not.toEqual(other.records);
  });

  it('pauses, does single steps, goes on and stops, with a checkpoint at each stand', async () => {
    const { trainer, datasetId } = await readyTrainer(newBrowser());
    await trainer.send({ type: 'start', config: { ...config, steps: 1000 }, datasetId });
    await trainer.until((event) => event.type === 'step');
    await trainer.send({ type: 'pause' });
    await trainer.status('paused');
    const steps = stepsOf(trainer).length;

    await trainer.send({ type: 'single-step' });
    await trainer.until(
      (event): event is typeof event => event.type === 'step' && event.record.step === steps + 1,
    );
    await trainer.status('paused');
    expect(stepsOf(trainer)).toHaveLength(steps + 1);

    const changed = await trainer.send({
      type: 'change-settings',
      changes: { 'optimizer.learningRate': 0.5e-3 },
    });
    expect(changed.optimizer.learningRate).toBe(0.5e-3);
    await expect(
      trainer.send({ type: 'change-settings', changes: { 'sampling.groupSize': 2 } }),
    ).rejects.toMatchObject({ boundary: 'protocol', code: 'config-invalid' });

    await trainer.send({ type: 'continue' });
    await trainer.until(
      (event): event is typeof event => event.type === 'step' && event.record.step === steps + 2,
    );
    expect(stepsOf(trainer).at(-1)!.metrics.learning_rate).toBe(0.5e-3);
    const stopped = await trainer.send({ type: 'stop' });
    expect(stopped.status).toBe('stopped');
    const newest = (await trainer.send({ type: 'list-checkpoints' }))[0]!;
    expect(newest.step).toBe(stopped.step);
  });

  it('begins a run that was asked for during a load when that has ended, and does not stop it', async () => {
    const { trainer, datasetId } = await readyTrainer(newBrowser());
    const loading = trainer.send({ type: 'load-model', name: 'another', files: tinyModel() });
    const started = await trainer.send({ type: 'start', config: { ...config, steps: 1 }, datasetId });
    expect(started.modelName).toBe('another');
    await loading;
    await trainer.status('finished');
    expect(stepsOf(trainer)).toHaveLength(1);
  });

  it('trains on no case that is held out, neither from its start nor after a resume', async () => {
    const browser = newBrowser();
    const { trainer, datasetId } = await readyTrainer(browser);
    const data = { heldOutFraction: 0.5, splitSeed: 4 };
    await trainer.send({ type: 'start', config: { ...config, data, steps: STEPS }, datasetId });
    await trainer.status('finished');
    const resumed = openTrainer(browser);
    await resumed.send({ type: 'hello', protocolVersion: 1, backend: 'wasm' });
    const id = await checkpointAt(resumed, 3);
    await resumed.send({ type: 'resume-checkpoint', id, steps: STEPS });
    await resumed.status('finished');

    const database = createStore(`${browser}-datasets`, 'datasets');
    const { cases } = await openCases(database, datasetId, 'held-out', data);
    const heldOut = await Promise.all(Array.from({ length: cases.count }, (_, index) => cases.at(index)));
    expect(heldOut).toHaveLength(6);
    for (const each of [trainer, resumed]) {
      const trained = stepsOf(each).flatMap(({ rollouts }) => rollouts.map(({ caseId }) => caseId));
      expect(trained.length).toBeGreaterThan(0);
      expect(heldOut.filter(({ id: caseId }) => trained.includes(caseId))).toEqual([]);
    }
  });

  it('takes a checkpoint out as a zip and in again, and resumes from it', async () => {
    const { trainer, records } = await uninterrupted({ training: { ...config.training, mode: 'lora' } });
    const { file, name } = await trainer.send({
      type: 'export-checkpoint',
      id: await checkpointAt(trainer, 3),
    });
    expect(name).toBe('tiny-step-3.zip');

    const elsewhere = newBrowser();
    const stranger = openTrainer(elsewhere);
    await stranger.send({ type: 'hello', protocolVersion: 1, backend: 'wasm' });
    const imported = await stranger.send({ type: 'import-checkpoint', name, file });
    expect(imported).toMatchObject({ step: 3, reason: 'import', modelName: 'tiny-policy' });
    await expect(stranger.send({ type: 'resume-checkpoint', id: imported.id })).rejects.toMatchObject({
      boundary: 'data',
      code: 'dataset-missing',
      file: 'medqa-layout.jsonl',
    });
    await openDataset(elsewhere);
    await stranger.send({ type: 'resume-checkpoint', id: imported.id });
    await stranger.status('finished');
    expect(numbersOf(stepsOf(stranger))).toEqual(records.slice(3));
  });

  it('leaves the loaded model and the stored checkpoints alone when a file is broken', async () => {
    const { trainer, datasetId } = await readyTrainer(newBrowser());
    const files = tinyModel();
    const without = (name: string) => files.filter(({ path }) => !path.endsWith(name));
    const cut = files.map(({ path, file }) => ({
      path,
      file: path.endsWith('.safetensors') ? file.slice(0, file.size - 1) : file,
    }));
    await expect(
      trainer.send({ type: 'load-model', name: 'no-tokenizer', files: without('tokenizer.json') }),
    ).rejects.toMatchObject({ boundary: 'model', code: 'tokenizer-missing', file: 'tokenizer.json' });
    await expect(trainer.send({ type: 'load-model', name: 'cut', files: cut })).rejects.toMatchObject({
      boundary: 'model',
      file: 'tiny-policy/model.safetensors',
    });
    const notZip = new Blob(['not a zip']);
    await expect(
      trainer.send({ type: 'import-checkpoint', name: 'x.zip', file: notZip }),
    ).rejects.toMatchObject({ file: 'x.zip' });
    expect(await trainer.send({ type: 'list-checkpoints' })).toEqual([]);

    const started = await trainer.send({ type: 'start', config: { ...config, steps: 1 }, datasetId });
    expect(started.modelName).toBe('tiny-policy');
    await trainer.status('finished');
  });

  it('never holds a model twice at the start of a run, and has it still when that fails', async () => {
    const others = tf.memory().numBytes;
    const { trainer, datasetId } = await readyTrainer(newBrowser());
    const watched = watchWeights(tinyModel());
    const lora = { ...config, steps: 1, training: { ...config.training, mode: 'lora' as const } };
    const start = (config: RunConfig) => trainer.send({ type: 'start', config, datasetId });
    const before = tf.memory().numBytes;
    await trainer.send({ type: 'load-model', name: 'watched', files: watched.files });
    expect(watched.bytesAtReads.length).toBeGreaterThan(0);
    expect(tf.memory().numBytes, 'the same model in place of the first').toBe(before);
    const most = others + (before - others) / 2;

    watched.forget();
    await start({ ...config, steps: 1 });
    await trainer.status('finished');
    expect(watched.bytesAtReads, 'all weights train: those that are loaded').toEqual([]);

    await trainer.send({ type: 'load-model', name: 'watched', files: watched.files });
    watched.forget();
    watched.fail(new Error('the disk is gone'));
    await expect(start(lora)).rejects.toMatchObject({ message: expect.stringContaining('the disk is gone') });
    expect(watched.bytesAtReads[0]).toBeLessThan(most);
    watched.fail(null);
    const { results } = await trainer.send({
      type: 'start-evaluation',
      request: {
        ...{ policy: { kind: 'current' }, datasets: [{ datasetId, part: 'all', limit: 2 }] },
        ...{ samples: 1, temperature: 0, config: lora },
      },
    });
    expect(results[0]!.cases).toBe(2);
    watched.forget();
    await start(lora);
    await trainer.status('finished');
    expect(watched.bytesAtReads[0]).toBeLessThan(most);
  });

  it('stops with a named error when a number is not finite', async () => {
    const { trainer, datasetId } = await readyTrainer(newBrowser());
    const quietNaN = new Uint8Array([0, 0, 0xc0, 0x7f]);
    const files = tinyModel().map(({ path, file }) => ({
      path,
      file: path.endsWith('.safetensors') ? new Blob([file.slice(0, file.size - 4), quietNaN]) : file,
    }));
    await trainer.send({ type: 'load-model', name: 'poisoned', files });
    await trainer.send({ type: 'start', config, datasetId });
    const fault = await trainer.until(
      (event): event is typeof event & { type: 'fault' } => event.type === 'fault',
    );
    expect(fault.error).toMatchObject({ boundary: 'device', code: 'non-finite' });
    await trainer.status('failed');
    expect(await trainer.send({ type: 'list-checkpoints' })).toEqual([]);
  });
});
