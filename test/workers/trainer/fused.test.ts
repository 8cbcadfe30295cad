/** The trainer on our own kernels: what it stores and loads again, bit for bit. */
import { expect, it } from 'vitest';
import { openSafetensors, readTensors } from '../../../src/engine/checkpoint/safetensors';
import { openZip } from '../../../src/engine/checkpoint/zip';
import { LORA_TARGETS } from '../../../src/engine/policy';
import { blobSource } from '../../../workers/blob-source';
import type { TrainerHost } from '../../../workers/trainer/host';
import { describeOnGpu } from '../../engine/gpu/dawn';
import { expectClose } from '../../engine/kernels/compare';
import {
  checkpointAt,
  newBrowser,
  numbersOf,
  openTrainer,
  readyTrainer,
  stepsOf,
  type Trainer,
  tinyConfig,
  tinyModel,
} from './bench';

const STEPS = 4;
const config = {
  ...tinyConfig,
  steps: STEPS,
  optimizer: { ...tinyConfig.optimizer, learningRate: 0.02 },
  update: { ...tinyConfig.update, miniBatches: 2 },
  checkpoint: { everySteps: 1, keep: STEPS },
};
const LORA = { ...config.training, mode: 'lora' as const, loraTargets: [...LORA_TARGETS].slice(0, 3) };

/** The weights of a stored checkpoint, as exported. */
async function exported(trainer: Trainer, step: number) {
  const { file } = await trainer.send({ type: 'export-checkpoint', id: await checkpointAt(trainer, step) });
  const folder = await openZip(blobSource('export.zip', file, 'model'));
  const read = async (path: string) => readTensors(await openSafetensors(folder.get(path)!));
  return { folder, read };
}

describeOnGpu('the trainer on our own kernels', () => {
  const onGpu = (): Partial<TrainerHost> => {
    const { gpu } = navigator as unknown as { gpu: TrainerHost['tensor']['gpu'] };
    return { tensor: { gpu, wasmFolder: undefined } };
  };

  async function trained(training: typeof config.training) {
    const browser = newBrowser();
    const { trainer, datasetId } = await readyTrainer(browser, 'webgpu', onGpu());
    await trainer.send({ type: 'start', config: { ...config, training }, datasetId });
    await trainer.status('finished');
    return { browser, trainer };
  }

  it.each([
    ['full fine-tuning with a frozen reference policy', config.training],
    ['LoRA', LORA],
  ])(
    'resumes bit for bit, also inside a rollout batch: %s',
    async (_, training) => {
      const { browser, trainer } = await trained(training);
      const records = numbersOf(stepsOf(trainer));
      expect(records).toHaveLength(STEPS);
      for (const step of [1, 2]) {
        const reloaded = openTrainer(browser, onGpu());
        const ready = await reloaded.send({ type: 'hello', protocolVersion: 1, backend: 'webgpu' });
        expect(ready.backend.engine).toBe('fused');
        await reloaded.send({ type: 'resume-checkpoint', id: await checkpointAt(reloaded, step) });
        await reloaded.status('finished');
        expect(numbersOf(stepsOf(reloaded))).toEqual(records.slice(step));
      }
    },
    60_000,
  );

  it('exports an adapter folded into the weights: W + scale·B·A, and everything else as it was', async () => {
    const { trainer } = await trained(LORA);
    const { folder, read } = await exported(trainer, 2);
    const [merged, base] = [await read('model.safetensors'), await read('resume/base.safetensors')];
    const factors = new Map(
      (await read('adapter/adapter_model.safetensors')).map(({ name, data }) => [name, data]),
    );
    const scale = LORA.loraAlpha / LORA.loraRank;
    expect(folder.has('adapter/adapter_config.json')).toBe(true);
    expect(factors.size).toBeGreaterThan(0);
    for (const [index, { name, shape, data }] of merged.entries()) {
      expect(name).toBe(base[index]!.name);
      const factor = (which: 'A' | 'B') =>
        factors.get(`base_model.model.${name.replace(/weight$/, `lora_${which}.weight`)}`);
      const [a, b] = [factor('A'), factor('B')];
      if (a === undefined || b === undefined) {
        expect(data, name).toEqual(base[index]!.data);
        continue;
      }
      const [outputs, inputs] = shape as [number, number];
      const expected = base[index]!.data.map((weight, at) => {
        const [out, column] = [Math.floor(at / inputs), at % inputs];
        let sum = 0;
        for (let r = 0; r < LORA.loraRank; r++) sum += b[out * LORA.loraRank + r]! * a[r * inputs + column]!;
        return weight + scale * sum;
      });
      expect(outputs * inputs).toBe(data.length);
      expect(data, name).not.toEqual(base[index]!.data);
      expectClose(data, expected, 1e-6, name);
    }
  }, 60_000);

  it('knows a model by the same hash as plain ops do', async () => {
    const hashes = [];
    for (const backend of ['webgpu', 'wasm'] as const) {
      const trainer = openTrainer(newBrowser(), backend === 'webgpu' ? onGpu() : {});
      const { backend: report } = await trainer.send({ type: 'hello', protocolVersion: 1, backend });
      expect(report.engine).toBe(backend === 'webgpu' ? 'fused' : 'plain');
      hashes.push((await trainer.send({ type: 'load-model', name: 'tiny', files: tinyModel() })).sha256);
    }
    expect(hashes[0]).toBe(hashes[1]);
  });
});
