/** What a step costs, counted: dispatches, buffers, bytes. Exact, so that a change of them is noticed. */
import { beforeAll, expect, it } from 'vitest';
import type { LossRollout } from '../../../src/engine/crpo/learner';
import { defaultConfig } from '../../../src/engine/crpo/settings';
import { memoryOfRun } from '../../../src/engine/fused/budget';
import { FusedDevice } from '../../../src/engine/fused/device';
import { FusedLearner } from '../../../src/engine/fused/learner';
import { DryGpu } from '../../../src/engine/gpu/dry-gpu';
import { countBuffers } from '../gpu/count-buffers';
import { describeOnGpu } from '../gpu/dawn';
import { LIMITS } from '../gpu/limits';
import { tinyConfig, tinyPolicy } from '../policy/tiny';
import { useBackend } from '../tensor/backends';
import { fusedOf } from './load';

const HOST = { breathe: async () => undefined, signal: { throwIfAborted: () => undefined } };

const ADAMW = { ...defaultConfig().optimizer, warmupSteps: 0 };
const OBJECTIVE = { kind: 'crpo' as const, settings: defaultConfig().loss, temperature: 1 };

/** The bench's model: 4 layers, width 128 or 256. */
function benchModel(width: 128 | 256, vocabulary = 1024) {
  return tinyConfig({
    ...{ hidden_size: width, intermediate_size: 3 * width, num_hidden_layers: 4 },
    ...{ num_attention_heads: width / 32, num_key_value_heads: 2, vocab_size: vocabulary },
    max_position_embeddings: 2048,
  });
}

function rollouts(count: number, prompt: number, completion: number): LossRollout[] {
  const zeros = new Float32Array(completion);
  return Array.from({ length: count }, (_, row) => ({
    promptTokens: Array.from({ length: prompt }, (_, at) => (at === 0 ? row : 1)),
    completionTokens: new Array<number>(completion).fill(2),
    ...{ truncated: false, oldLogprobs: zeros, referenceLogprobs: zeros, advantage: 1 },
    ...{ weight: 1 / (count * completion), counted: completion },
  }));
}

/** A training step of 4 × 128 tokens on a GPU that only counts. */
async function dryStep(width: 128 | 256, vocabulary?: number, memoryBytes?: number) {
  const gpu = new DryGpu(LIMITS);
  const learner = new FusedLearner(new FusedDevice(gpu), benchModel(width, vocabulary), '{}', null);
  const before = gpu.counters.dispatches;
  await learner.addGradient(rollouts(4, 32, 97), OBJECTIVE, HOST, memoryBytes);
  await learner.applyGradient({ step: 1, learningRate: 1e-3, settings: ADAMW });
  return { dispatches: gpu.counters.dispatches - before, peak: gpu.peak };
}

it('takes 111 dispatches for a training step of four layers', async () => {
  expect((await dryStep(128)).dispatches).toBe(111);
  expect((await dryStep(256)).dispatches).toBe(111);
});

it('keeps a step within memory, and below it by computing activations twice', async () => {
  const [kept, recomputed] = [await dryStep(256), await dryStep(256, 1024, 0)];
  expect(recomputed.peak.bytes).toBeLessThan(kept.peak.bytes);
  expect(recomputed.dispatches).toBe(111 + 3 * 7);
  expect(Math.round(kept.peak.bytes / 2 ** 20)).toMatchInlineSnapshot(`77`);
  expect(Math.round(recomputed.peak.bytes / 2 ** 20)).toMatchInlineSnapshot(`63`);
});

it('never holds the logits of a whole batch', async () => {
  const [small, large] = [await dryStep(128), await dryStep(128, 8192)];
  // The embedding, its gradient and two moments grow with the vocabulary; the logits of 388 rows are not there.
  const grown = 4 * (8192 - 1024) * 128 * 4;
  expect(large.peak.bytes - small.peak.bytes - grown).toBeLessThan(2 ** 20);
});

it.each([64, 128, 256])('costs in proportion to the tokens: %d per sequence', async (tokens) => {
  const cost = async (length: number) => {
    const gpu = new DryGpu(LIMITS);
    const learner = new FusedLearner(new FusedDevice(gpu), benchModel(128), '{}', null);
    await learner.addGradient(rollouts(1, 32, length - 31), OBJECTIVE, HOST);
    return gpu.counters.multiplyAdds / length;
  };
  const [one, two] = [await cost(tokens), await cost(2 * tokens)];
  // Attention alone grows faster than the length; it is a small part here.
  expect(two / one).toBeGreaterThan(0.99);
  expect(two / one).toBeLessThan(1.25);
});

it('reads little more than the weights for a token of one row', async () => {
  const gpu = new DryGpu(LIMITS);
  const config = benchModel(256);
  const learner = new FusedLearner(new FusedDevice(gpu), config, '{}', null);
  const settings = (maxTokens: number) => ({
    ...{ maxTokens, stopTokens: [config.vocabularySize], padToken: 0 },
    sampling: { temperature: 1, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 },
    draws: { seed: 1, stream: 'sampling' as const, counters: [0] },
    onProgress: () => undefined,
  });
  const bytesFor = async (tokens: number) => {
    const before = gpu.counters.bytes;
    await learner.generate([[1, 2, 3, 4]], settings(tokens), HOST);
    return gpu.counters.bytes - before;
  };
  const perToken = ((await bytesFor(33)) - (await bytesFor(17))) / 16;
  const weights = learner.parameters.layout.parts.reduce((sum, values) => sum + 4 * values, 0);
  expect(perToken / weights).toBeGreaterThan(0.99);
  expect(perToken / weights).toBeLessThan(1.2);
});

describeOnGpu('memory on a device', (gpu) => {
  beforeAll(() => useBackend('wasm')); // for the policies that the folders are made of

  const model = { hidden_size: 64, intermediate_size: 192, vocab_size: 512, num_hidden_layers: 3 };

  it('is what the budget said, within a tenth', async () => {
    const config = defaultConfig();
    const run = {
      ...config,
      prompt: { ...config.prompt, maxTokens: 60 },
      sampling: { ...config.sampling, promptsPerBatch: 4, groupSize: 4, maxCompletionTokens: 40 },
      update: { ...config.update, microBatchSize: 8 },
    };
    const policy = tinyPolicy(model);
    const budget = await memoryOfRun(policy.config, null, run, gpu().limits);
    const counted = countBuffers(gpu());
    const learner = await fusedOf(policy, gpu());
    const frozen = learner.freeze();
    const weights = counted.live;
    const prompts = rollouts(16, 60, 40).map(({ promptTokens }, row) => [
      Math.floor(row / 4),
      ...promptTokens.slice(1),
    ]);
    await learner.generate(
      prompts,
      {
        ...{ maxTokens: 40, stopTokens: [512], padToken: 0, sampling: run.sampling },
        draws: { seed: 1, stream: 'sampling', counters: prompts.map((_, row) => row) },
        onProgress: () => undefined,
      },
      HOST,
    );
    await learner.logprobs(rollouts(8, 60, 40), { temperature: 1 }, HOST);
    await learner.addGradient(rollouts(8, 60, 40), OBJECTIVE, HOST);
    await learner.applyGradient({ step: 1, learningRate: 1e-3, settings: ADAMW });
    expect(budget.bytes / counted.peak).toBeGreaterThan(0.9);
    expect(budget.bytes / counted.peak).toBeLessThan(1.1);
    expect(Object.values(budget.parts).reduce((sum, bytes) => sum + bytes)).toBe(budget.bytes);
    expect(weights).toBeLessThan(budget.bytes);
    learner.dispose();
    frozen.dispose();
    expect(counted.live / counted.peak).toBeLessThan(0.1);
    counted.stop();
  }, 60_000);

  it('does not grow over 500 steps, and is given back at the end', async () => {
    const counted = countBuffers(gpu());
    const learner = await fusedOf(tinyPolicy(), gpu());
    /** Live bytes after each step; shapes come again every 35 steps. */
    const live: number[] = [];
    for (let step = 1; step <= 500; step++) {
      const length = 3 + (step % 7);
      const prompts = [
        [1, 2, 3],
        [4, 5],
        [1, 2, 3],
      ];
      const settings = {
        ...{ maxTokens: length, stopTokens: [7], padToken: 0, sampling: defaultConfig().sampling },
        draws: { seed: step, stream: 'sampling' as const, counters: [0, 1, 2] },
        onProgress: () => undefined,
      };
      await learner.generate(prompts, settings, HOST);
      await learner.addGradient(rollouts(2, 3 + (step % 5), length), OBJECTIVE, HOST);
      await learner.applyGradient({ step, learningRate: 1e-3, settings: ADAMW });
      live.push(counted.live);
      if (step % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(Math.max(...live.slice(-35))).toBeLessThanOrEqual(Math.max(...live.slice(0, 70)));
    learner.dispose();
    await gpu().done();
    expect(counted.live).toBeLessThan(2 ** 18); // uniforms and staging of the layer itself
    counted.stop();
  }, 120_000);
});
