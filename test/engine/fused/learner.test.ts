/** The fused learner against the plain one on the same weights: the same calls, the same numbers. */
import { beforeAll, expect, it } from 'vitest';
import type { Learner, LossObjective, LossRollout } from '../../../src/engine/crpo/learner';
import { plainLearner } from '../../../src/engine/crpo/plain/learner';
import type { FusedLearner } from '../../../src/engine/fused/learner';
import type { Gpu } from '../../../src/engine/gpu';
import { LORA_TARGETS, type PolicyChoice, type TrainingChoice } from '../../../src/engine/policy';
import { describeOnGpu } from '../gpu/dawn';
import { expectClose, values } from '../kernels/compare';
import { folderOf, loadPolicy } from '../policy/load';
import { tinyPolicy, uniforms } from '../policy/tiny';
import { useBackend } from '../tensor/backends';
import { fusedLearner } from './load';

const PAD = 0;
const HOST = { breathe: async () => undefined, signal: { throwIfAborted: () => undefined } };

interface Case {
  readonly name: string;
  readonly model: Readonly<Record<string, unknown>>;
  readonly training?: Partial<Extract<TrainingChoice, { mode: 'lora' }>>;
}

const CASES: readonly Case[] = [
  { name: 'qwen2, tied', model: {} },
  {
    name: 'llama, untied, biases everywhere, odd vocabulary',
    model: {
      ...{ model_type: 'llama', tie_word_embeddings: false, attention_bias: true, mlp_bias: true },
      ...{ vocab_size: 23, num_key_value_heads: 1 },
    },
  },
  {
    name: 'LoRA on three modules, odd rank',
    model: {},
    training: { rank: 3, targets: ['q_proj', 'v_proj', 'down_proj'] },
  },
  { name: 'LoRA on all modules', model: {}, training: { rank: 4 } },
  { name: 'a vocabulary of real size', model: { vocab_size: 49152 } },
];

function choiceOf({ training }: Case): PolicyChoice {
  if (training === undefined) return { training: { mode: 'full' } };
  const lora = { mode: 'lora' as const, rank: 4, alpha: 8, targets: LORA_TARGETS, random: uniforms(5) };
  return { training: { ...lora, ...training } };
}

async function open(gpu: Gpu, each: Case): Promise<FusedLearner> {
  return fusedLearner(await folderOf(tinyPolicy(each.model)), gpu, choiceOf(each));
}

/** Groups of two with one prompt, lengths that differ, a completion of one token, tokens out of the loss. */
function rollouts(count: number, seed: number): LossRollout[] {
  return Array.from({ length: count }, (_, row) => {
    const group = Math.floor(row / 2);
    const length = row === 1 ? 1 : 3 + ((row * 5 + seed) % 6);
    const prompt = Array.from({ length: 2 + group }, (_, at) => 1 + ((group * 7 + at * 3 + seed) % 18));
    return {
      promptTokens: prompt,
      completionTokens: Array.from({ length }, (_, at) => (row * 3 + at * 5 + seed) % 20),
      truncated: false,
      oldLogprobs: values(length, seed + row, 1.5).map((value) => value - 3),
      referenceLogprobs: values(length, seed + row + 50, 1.5).map((value) => value - 3),
      advantage: values(1, seed + row + 90, 2)[0]!,
      weight: 1 / (count * length),
      counted: row === 2 ? length - 1 : length,
    };
  });
}

const CRPO: LossObjective = {
  kind: 'crpo',
  temperature: 0.8,
  settings: {
    ...{ clipRangeLow: 0.2, clipRangeHigh: 0.3, dualClip: 3, klCoefficient: 0.05, klClamp: null },
    ...{ entropyCoefficient: 0.01, aggregation: 'sequence-mean', maskTruncated: false },
  },
};

const ADAMW = {
  ...{ learningRate: 0.01, beta1: 0.9, beta2: 0.95, epsilon: 1e-6, weightDecay: 0.05 },
  ...{ warmupSteps: 0, schedule: 'constant' as const, maxGradNorm: 0.5 },
};

async function both(gpu: Gpu, each: Case): Promise<[FusedLearner, Learner]> {
  const policy = await loadPolicy(await folderOf(tinyPolicy(each.model)), choiceOf(each));
  return [await open(gpu, each), plainLearner(policy, PAD)];
}

/** Two micro-batches and an update: everything that comes back. */
async function update(learner: Learner, step: number, objective = CRPO, memoryBytes?: number) {
  const sums = [
    await learner.addGradient(rollouts(4, step), objective, HOST, memoryBytes),
    await learner.addGradient(rollouts(5, step + 10), objective, HOST, memoryBytes),
  ];
  const { gradNorm } = await learner.applyGradient({ step, learningRate: 0.01, settings: ADAMW });
  return { sums: sums.flat(), gradNorm };
}

async function trainedValues(learner: Learner): Promise<Float32Array[]> {
  const arrays = (await learner.exportAdapter())?.tensors ?? (await learner.exportWeights({ merged: false }));
  return arrays.map(({ data }) => data);
}

describeOnGpu('fused and plain', (gpu) => {
  beforeAll(() => useBackend('wasm')); // for the plain learner

  it.each(CASES)(
    '$name: losses, norms, weights and moments of three updates',
    async (each) => {
      const [fused, plain] = await both(gpu(), each);
      for (let step = 1; step <= 3; step++) {
        const [a, b] = [await update(fused, step), await update(plain, step)];
        expectClose(a.sums, b.sums, 2e-5, `sums of step ${step}`);
        expect(a.gradNorm / b.gradNorm).toBeCloseTo(1, 4);
      }
      const [received, expected] = [await trainedValues(fused), await trainedValues(plain)];
      received.forEach((tensor, index) => {
        expectClose(tensor, expected[index]!, 2e-4, `tensor ${index}`);
      });
      const [a, b] = [await fused.moments(), await plain.moments()];
      expectClose(a.m, b.m, 2e-5, 'first moments');
      expectClose(a.v, b.v, 2e-5, 'second moments');
      fused.dispose();
      plain.dispose();
    },
    60_000,
  );

  it.each(CASES)(
    '$name: log-probs, with the adapter and without',
    async (each) => {
      const [fused, plain] = await both(gpu(), each);
      await update(fused, 1);
      await update(plain, 1);
      for (const adapter of [true, false]) {
        const options = { temperature: 0.7, adapter };
        const received = await fused.logprobs(rollouts(5, 3), options, HOST);
        const expected = await plain.logprobs(rollouts(5, 3), options, HOST);
        received.forEach((row, index) => {
          expectClose(row, expected[index]!, 3e-4, `row ${index}`);
        });
      }
      const frozen = fused.freeze();
      const before = await frozen.logprobs(rollouts(2, 3), { temperature: 1 }, HOST);
      await update(fused, 2);
      expect(await frozen.logprobs(rollouts(2, 3), { temperature: 1 }, HOST)).toEqual(before);
      expect(await fused.logprobs(rollouts(2, 3), { temperature: 1 }, HOST)).not.toEqual(before);
      frozen.dispose();
      fused.dispose();
      plain.dispose();
    },
    60_000,
  );

  it('lets the host breathe between the layers for log-probs, and stop them', async () => {
    const learner = await open(gpu(), CASES[0]!);
    const expected = await learner.logprobs(rollouts(5, 3), { temperature: 1 }, HOST);
    const { device } = learner;
    device.tuning = { ...device.tuning, multiplyAddsPerSecond: 1 }; // every layer is too much work
    let breaths = 0;
    const breathe = async () => void breaths++;
    const received = await learner.logprobs(rollouts(5, 3), { temperature: 1 }, { ...HOST, breathe });
    expect(received).toEqual(expected);
    expect(breaths).toBe(learner.config.layers);
    const signal = AbortSignal.abort(new Error('enough'));
    const stopped = learner.logprobs(rollouts(5, 3), { temperature: 1 }, { ...HOST, signal });
    await expect(stopped).rejects.toThrow('enough');
    learner.dispose();
  }, 60_000);

  it('imitates as the plain learner does', async () => {
    const [fused, plain] = await both(gpu(), CASES[0]!);
    const imitation = { kind: 'imitation' } as const;
    const [a, b] = [await update(fused, 1, imitation), await update(plain, 1, imitation)];
    expectClose([a.sums[0]!, a.sums[5]!], b.sums, 2e-5); // plainly: nothing but the loss
    expect(a.gradNorm / b.gradNorm).toBeCloseTo(1, 4);
    fused.dispose();
    plain.dispose();
  }, 60_000);

  it('gives the same bits whether activations are kept or made again, and in every run', async () => {
    const results = [];
    for (const budget of [undefined, 0, undefined]) {
      const learner = await open(gpu(), CASES[0]!);
      results.push({ ...(await update(learner, 1, CRPO, budget)), weights: await trainedValues(learner) });
      learner.dispose();
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  }, 60_000);

  it('takes up moments and weights where another learner left them', async () => {
    const each = CASES[1]!;
    const [fused, plain] = await both(gpu(), each);
    await update(plain, 1);
    const other = await open(gpu(), each);
    for (const { name, data } of await plain.exportWeights({ merged: false }))
      other.parameters.write(name, data);
    other.restoreMoments(await plain.moments());
    const [a, b] = [await update(other, 2), await update(plain, 2)];
    expect(a.gradNorm / b.gradNorm).toBeCloseTo(1, 4);
    const [received, expected] = [await other.moments(), await plain.moments()];
    expectClose(received.v, expected.v, 2e-5, 'second moments');
    for (const learner of [fused, plain, other]) learner.dispose();
  }, 60_000);

  it('changes nothing when the gradient is not finite, and goes on', async () => {
    const [fused, plain] = await both(gpu(), CASES[0]!);
    const before = await trainedValues(fused);
    const poisoned = rollouts(2, 1).map((row) => ({ ...row, advantage: Number.NaN }));
    await fused.addGradient(poisoned, CRPO, HOST);
    const applied = fused.applyGradient({ step: 1, learningRate: 0.01, settings: ADAMW });
    await expect(applied).rejects.toMatchObject({ record: { code: 'non-finite', boundary: 'device' } });
    expect(await trainedValues(fused)).toEqual(before);
    const [a, b] = [await update(fused, 1), await update(plain, 1)];
    expect(a.gradNorm / b.gradNorm).toBeCloseTo(1, 4);
    await expect(fused.applyGradient({ step: 2, learningRate: 0.01, settings: ADAMW })).rejects.toThrow(
      'expected a gradient',
    );
    fused.dispose();
    plain.dispose();
  }, 60_000);
});
