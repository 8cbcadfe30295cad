/** Which learner is opened, and why not the fused one. */
import { describe, expect, it } from 'vitest';
import type { Learner } from '../../../src/engine/crpo/learner';
import { loadLearner } from '../../../src/engine/crpo/open-learner';
import { type FusedDevice, openFusedEngine, readTuning, unsupported } from '../../../src/engine/fused';
import { FusedLearner } from '../../../src/engine/fused/learner';
import { defaultTuning } from '../../../src/engine/kernels/tuning';
import type { Policy } from '../../../src/engine/policy';
import { tf } from '../../../src/engine/tensor';
import { describeOnGpu } from '../gpu/dawn';
import { LIMITS } from '../gpu/limits';
import { folderOf } from '../policy/load';
import { tinyConfig, tinyPolicy } from '../policy/tiny';
import { useBackend } from '../tensor/backends';

async function open(policy: Policy, device: FusedDevice | null): Promise<Learner> {
  return loadLearner(await folderOf(policy), { training: { mode: 'full' }, padToken: 0, device });
}

describe('unsupported', () => {
  it('names the size that the kernels cannot take', () => {
    expect(unsupported(tinyConfig(), LIMITS)).toBeNull();
    expect(unsupported(tinyConfig({ intermediate_size: 30 }), LIMITS)).toContain('intermediate_size is 30');
    expect(unsupported(tinyConfig({ hidden_size: 18, head_dim: 4 }), LIMITS)).toContain('hidden_size is 18');
    expect(unsupported(tinyConfig({ head_dim: 6 }), LIMITS)).toContain('head_dim is 6');
    expect(unsupported(tinyConfig({ head_dim: 132 }), LIMITS)).toContain('head_dim is 132');
  });

  it('names a tensor that the device cannot bind', () => {
    const large = tinyConfig({ vocab_size: 2 ** 22 });
    const small = { ...LIMITS, maxStorageBufferBindingSize: 2 ** 27 };
    expect(unsupported(large, small)).toContain('embed_tokens');
    expect(unsupported(large, LIMITS)).toBeNull();
  });
});

it('gives plain ops on wasm, and says why', async () => {
  await useBackend('wasm');
  expect(await openFusedEngine()).toEqual({ device: null, problem: 'the kernels need webgpu' });
  const learner = await open(tinyPolicy(), null);
  expect(learner).not.toBeInstanceOf(FusedLearner);
  learner.dispose();
});

it('reads a stored choice of kernels back, and nothing else', () => {
  const tuning = defaultTuning({ software: false });
  const read = (stored: unknown, adapter = 'a gpu') =>
    readTuning({ adapter: 'a gpu', tuning: stored }, adapter);
  expect(read(JSON.parse(JSON.stringify(tuning)))).toEqual(tuning);
  expect(read(tuning, 'another gpu')).toBeNull();
  expect(
    read({ ...tuning, matmul: { ...tuning.matmul, nt: { small: 'magic', large: 'registers' } } }),
  ).toBeNull();
  expect(read(undefined)).toBeNull();
  expect(readTuning(undefined, 'a gpu')).toBeNull();
});

describeOnGpu('on webgpu', (gpu) => {
  it('the fused learner takes over a model that it supports, and leaves the others', async () => {
    const { device, problem } = await openFusedEngine();
    expect(problem).toBeNull();
    const fused = await open(tinyPolicy(), device);
    expect(fused).toBeInstanceOf(FusedLearner);
    const plain = await open(tinyPolicy({ intermediate_size: 30 }), device);
    expect(plain).not.toBeInstanceOf(FusedLearner);
    fused.dispose();
    plain.dispose();
  });

  it('a backend without the members that the layer needs is refused by their names', async () => {
    await gpu().done();
    const backend = tf.backend() as unknown as Record<string, unknown>;
    const { submitQueue } = backend;
    backend.submitQueue = undefined;
    const { device, problem } = await openFusedEngine();
    backend.submitQueue = submitQueue;
    expect(device).toBeNull();
    expect(problem).toContain('submitQueue');
  });
});
