import { describe, expect, it } from 'vitest';
import type { LossRollout } from '../../../../src/engine/crpo/learner';
import { plainLearner } from '../../../../src/engine/crpo/plain/learner';
import {
  exceeds,
  gradientWork,
  logprobWork,
  PART_MULTIPLY_ADDS,
  partsOf,
} from '../../../../src/engine/crpo/plain/parts';
import { defaultConfig } from '../../../../src/engine/crpo/settings';
import { readPolicyConfig } from '../../../../src/engine/policy';
import { tf } from '../../../../src/engine/tensor';
import { describeOnBackends } from '../backends';
import { PAD, quietHost, takeGradient, tinyPolicy } from '../tiny';

const row = (prompt: number, completion: number, index = 0): LossRollout => ({
  promptTokens: Array.from({ length: prompt }, (_, t) => 2 + ((3 * t + index) % 14)),
  completionTokens: Array.from({ length: completion }, (_, t) => 2 + ((5 * t + index) % 14)),
  truncated: false,
  oldLogprobs: new Float32Array(completion).fill(-2.5),
  referenceLogprobs: new Float32Array(completion).fill(-2.7),
  advantage: index % 2 === 0 ? 1 : -0.5,
  weight: 0.1,
  counted: completion,
});

const LENGTHS = [
  [5, 3],
  [16, 20],
  [2, 1],
  [11, 9],
  [1, 4],
] as const;
const ROWS = LENGTHS.map(([prompt, completion], index) => row(prompt, completion, index));

const starter = readPolicyConfig(
  {
    model_type: 'qwen2',
    hidden_size: 128,
    num_hidden_layers: 4,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    intermediate_size: 384,
    vocab_size: 1024,
    max_position_embeddings: 1024,
    tie_word_embeddings: true,
  },
  'config.json',
);

describe('the work of rows', () => {
  it('is that of the products of a forward pass over the padded batch, three times for a gradient', () => {
    // A layer: q and o 2·128·128, k and v 2·128·64, MLP 3·128·384, attention 2·256·128: 262,144.
    // Two rows of 208 + 48 tokens in 4 layers, and the head, 128·1024, at 48 of them.
    const forward = 2 * (256 * 4 * (32_768 + 16_384 + 147_456 + 65_536) + 48 * 131_072);
    const rows = [row(200, 40), row(90, 48)];
    expect(logprobWork(rows, starter)).toBe(forward);
    expect(gradientWork(rows, starter)).toBe(3 * forward);
  });
});

describeOnBackends('partsOf', () => {
  it('cuts rows in order, each part as large as the limit lets it be, and never an empty one', () => {
    const rows = Array.from({ length: 8 }, (_, index) => row(90, 1 + 15 * index, index));
    // 96 + 16 … 112 tokens: 0.30e9 for a row of the shortest, 0.67e9 for one of the longest.
    const parts = partsOf(rows, gradientWork, starter, PART_MULTIPLY_ADDS);
    expect(parts.map(({ length }) => length)).toEqual([2, 1, 1, 1, 1, 1, 1]);
    expect(parts.flat()).toEqual(rows);
    expect(partsOf(rows, logprobWork, starter, PART_MULTIPLY_ADDS).map(({ length }) => length)).toEqual([
      4, 3, 1,
    ]);
    expect(partsOf(rows, gradientWork, starter, 1).map(({ length }) => length)).toEqual(rows.map(() => 1));
    expect(partsOf(rows, gradientWork, starter, Number.POSITIVE_INFINITY)).toEqual([rows]);
    expect(partsOf([], gradientWork, starter, 1)).toEqual([]);
  });

  it('leaves parts too long only where one row is', () => {
    const tooLong = (...rows: LossRollout[]) => exceeds(rows, gradientWork, starter, PART_MULTIPLY_ADDS);
    expect([tooLong(row(112, 112)), tooLong(row(160, 160)), tooLong(row(112, 112), row(1, 1))]).toEqual([
      false,
      true,
      true,
    ]);
  });
});

describeOnBackends('a micro-batch in parts', () => {
  const objective = { kind: 'crpo', settings: defaultConfig().loss, temperature: 1 } as const;

  it('adds up to the same loss, sums and gradient, and lets the host breathe between them', async () => {
    const results = [];
    const { config } = tinyPolicy();
    const longest = Math.max(...ROWS.map((row) => gradientWork([row], config)));
    for (const limit of [Number.POSITIVE_INFINITY, longest]) {
      const learner = plainLearner(tinyPolicy(), PAD, limit);
      let breaths = 0;
      const breathe = async () => void breaths++;
      const values = await learner.addGradient(ROWS, objective, { ...quietHost, breathe });
      results.push({ values, gradient: await takeGradient(learner), breaths });
      learner.dispose();
    }
    const [whole, parts] = results;
    expect(whole!.breaths).toBe(0);
    expect(parts!.breaths).toBe(partsOf(ROWS, gradientWork, config, longest).length - 1);
    expect(parts!.breaths).toBeGreaterThan(0);
    expect(parts!.values).toEqual(whole!.values.map((value) => expect.closeTo(value, 4)));
    const size = Math.hypot(...whole!.gradient);
    expect(size).toBeGreaterThan(0.01);
    const apart = Math.hypot(...whole!.gradient.map((value, at) => value - parts!.gradient[at]!));
    expect(apart / size).toBeLessThan(1e-4);
  });

  it('gives the same log-probs, and lets the host breathe between them and within a longer row', async () => {
    const results = [];
    const { config } = tinyPolicy();
    const longest = Math.max(...ROWS.map((row) => logprobWork([row], config)));
    for (const limit of [Number.POSITIVE_INFINITY, longest, 1]) {
      const learner = plainLearner(tinyPolicy(), PAD, limit);
      let breaths = 0;
      const breathe = async () => void breaths++;
      const logprobs = await learner.logprobs(ROWS, { temperature: 0.7 }, { ...quietHost, breathe });
      results.push({ logprobs: logprobs.map((values) => Array.from(values)), breaths });
      learner.dispose();
    }
    const [whole, parts, pieces] = results;
    expect(whole!.breaths).toBe(0);
    expect(parts!.breaths).toBe(partsOf(ROWS, logprobWork, config, longest).length - 1);
    expect(parts!.breaths).toBeGreaterThan(0);
    if (tf.getBackend() !== 'webgpu') {
      // After each half of 2 layers, and between the rows.
      expect(pieces!.breaths).toBe(4 * ROWS.length + ROWS.length - 1);
    }
    expect(pieces!.logprobs.map(({ length }) => length)).toEqual(parts!.logprobs.map(({ length }) => length));
    expect(pieces!.logprobs.flat()).toEqual(whole!.logprobs.flat().map((value) => expect.closeTo(value, 4)));
    expect(parts!.logprobs.map(({ length }) => length)).toEqual(LENGTHS.map(([, completion]) => completion));
    expect(parts!.logprobs.flat()).toEqual(whole!.logprobs.flat().map((value) => expect.closeTo(value, 4)));
  });

  it('leaves no tensor of log-probs behind wherever the host stops it', async () => {
    const learner = plainLearner(tinyPolicy(), PAD, 1);
    const stopAt = async (stop: number) => {
      let breaths = 0;
      const breathe = async () => {
        if (++breaths === stop) throw new Error('enough');
      };
      await learner.logprobs(ROWS, { temperature: 1 }, { ...quietHost, breathe });
      return breaths;
    };
    const breaths = await stopAt(Number.POSITIVE_INFINITY);
    const before = tf.memory().numTensors;
    for (let stop = breaths; stop > 0; stop--) {
      await expect(stopAt(stop)).rejects.toThrow('enough');
      expect(tf.memory().numTensors).toBe(before);
    }
    learner.dispose();
  });

  it('stops between two parts where the host is asked to stop', async () => {
    const learner = plainLearner(tinyPolicy(), PAD, 1);
    const signal = AbortSignal.abort(new Error('enough'));
    const host = { ...quietHost, signal };
    await expect(learner.addGradient(ROWS, objective, host)).rejects.toThrow('enough');
    await expect(learner.logprobs(ROWS, { temperature: 1 }, host)).rejects.toThrow('enough');
    learner.dispose();
  });
});
