import { beforeAll, describe, expect, it } from 'vitest';
import { NEVER_PAUSED, type Pausable } from '../../../../src/engine/crpo/environment';
import type { LossObjective, LossRollout } from '../../../../src/engine/crpo/learner';
import {
  type LossGradient,
  lossGradient,
  lossGradientInPieces,
} from '../../../../src/engine/crpo/plain/gradient';
import { plainLearner } from '../../../../src/engine/crpo/plain/learner';
import { rowsLoss } from '../../../../src/engine/crpo/plain/objective';
import { defaultConfig } from '../../../../src/engine/crpo/settings';
import { LORA_TARGETS, type Policy } from '../../../../src/engine/policy';
import { tf } from '../../../../src/engine/tensor';
import { folderOf, loadPolicy } from '../../policy/load';
import { tinyPolicy, tokens, uniforms } from '../../policy/tiny';
import { values } from '../../tensor/numbers';
import { useBackend } from '../backends';
import { takeGradient } from '../tiny';

const PAD = 0;

/** Three rows of different lengths; of the last one not all tokens count. */
const ROWS = [
  [5, 3],
  [19, 21],
  [2, 9],
].map(([prompt, completion], index): LossRollout => {
  const around = (seed: number) => values(completion!, seed).map((value) => -3 + value);
  return {
    promptTokens: tokens(prompt!, 10 + index),
    completionTokens: tokens(completion!, 20 + index),
    truncated: false,
    oldLogprobs: Float32Array.from(around(30 + index)),
    referenceLogprobs: Float32Array.from(around(40 + index)),
    advantage: index === 1 ? -0.5 : 1,
    weight: 0.1 + 0.1 * index,
    counted: index === 2 ? 7 : completion!,
  };
});

const CRPO: LossObjective = {
  kind: 'crpo',
  settings: { ...defaultConfig().loss, klCoefficient: 0.1, entropyCoefficient: 0.01 },
  temperature: 0.8,
};

const IMITATION: LossObjective = { kind: 'imitation' };

const full = (fields: Readonly<Record<string, unknown>>) => async () => tinyPolicy(fields);

const lora = (targets: readonly string[]) => async (): Promise<Policy> => {
  const policy = await loadPolicy(await folderOf(tinyPolicy({})), {
    training: { mode: 'lora', rank: 3, alpha: 6, targets, random: uniforms(2) },
  });
  // PEFT begins with B at zero, which would leave A without a gradient.
  policy.assignTrainable(
    policy.trainable().map((factor, place) => tf.tensor(values(factor.size, 50 + place), factor.shape)),
  );
  return policy;
};

const POLICIES: readonly (readonly [what: string, make: () => Promise<Policy>])[] = [
  ['all weights, tied head, biased queries, keys and values', full({})],
  ['all weights, head of its own, no biases', full({ model_type: 'llama', tie_word_embeddings: false })],
  ['all weights, biases everywhere', full({ model_type: 'llama', attention_bias: true, mlp_bias: true })],
  ['LoRA on everything', lora(LORA_TARGETS)],
  ['LoRA on the MLP alone', lora(['up_proj', 'down_proj'])],
];

describe('a gradient in pieces, as on WebAssembly', () => {
  beforeAll(() => useBackend('wasm'));

  it.each(
    POLICIES.flatMap(([what, make]) => [
      { what, make, objective: CRPO },
      { what, make, objective: IMITATION },
    ]),
  )('is the gradient in one go: $what, $objective.kind', async ({ make, objective }) => {
    const policy = await make();
    const accumulated = tf.tensor1d(values(policy.layout.size, 9));
    let before = Number.NaN;
    for (const rows of [ROWS, ROWS.slice(1, 2), ROWS.slice(2)]) {
      const loss = rowsLoss(rows, objective, PAD);
      const whole = await taken(lossGradient(policy, loss, null));
      const pieces = await taken(await lossGradientInPieces(policy, loss, null, NEVER_PAUSED));
      expect(pieces.values).toEqual(whole.values.map((value) => expect.closeTo(value, 5)));
      expect(norm(whole.gradient)).toBeGreaterThan(1e-3);
      for (const { name, offset, size } of policy.layout.entries) {
        const of = (gradient: Float32Array) => gradient.subarray(offset, offset + size);
        // Keys move all scores of a query alike by their bias: its gradient is nothing but rounding.
        const bound = 1e-5 * norm(of(whole.gradient)) + 1e-7 * norm(whole.gradient);
        expect(distance(of(pieces.gradient), of(whole.gradient)), name).toBeLessThan(bound);
      }
      const sum = await taken(await lossGradientInPieces(policy, loss, accumulated, NEVER_PAUSED));
      const expected = (await accumulated.data()).map((value, at) => value + pieces.gradient[at]!);
      expect(distance(sum.gradient, expected)).toBeLessThan(1e-6 * norm(expected));
      // The first time makes the constants that are shared from then on.
      if (rows !== ROWS) expect(tf.memory().numTensors).toBe(before);
      before = tf.memory().numTensors;
    }
    accumulated.dispose();
    policy.dispose();
  });

  it('leaves all as it was wherever the host stops it', async () => {
    const policy = tinyPolicy();
    const learner = plainLearner(policy, PAD, 1);
    let breaths = await stopAt(learner, Number.POSITIVE_INFINITY);
    // Of 2 layers two halves each, forth and back, and between the rows.
    expect(breaths).toBe(8 * ROWS.length + ROWS.length - 1);
    const once = await takeGradient(learner);
    expect(norm(Float32Array.from(once))).toBeGreaterThan(1e-3);
    await stopAt(learner, Number.POSITIVE_INFINITY);
    const before = tf.memory().numTensors;
    while (breaths > 0) {
      await expect(stopAt(learner, breaths--)).rejects.toThrow('enough');
      expect(tf.memory().numTensors).toBe(before);
    }
    expect(await takeGradient(learner)).toEqual(once);
    await expect(stopAt(learner, 3)).rejects.toThrow('enough');
    await expect(takeGradient(learner)).rejects.toMatchObject({ record: { code: 'no-gradient' } });
    learner.dispose();
  });
});

/** Adds the gradient of ROWS; the host stops it at that breath. How often it breathed. */
async function stopAt(learner: ReturnType<typeof plainLearner>, stop: number): Promise<number> {
  let breaths = 0;
  const host: Pausable = {
    breathe: async () => void breaths++,
    signal: {
      throwIfAborted: () => {
        if (breaths === stop) throw new Error('enough');
      },
    },
  };
  await learner.addGradient(ROWS, CRPO, host);
  return breaths;
}

/** The values; the tensors are disposed of. */
async function taken({ gradient, values }: LossGradient) {
  const arrays = {
    gradient: Float32Array.from(await gradient.data<'float32'>()),
    values: Array.from(await values.data()),
  };
  tf.dispose([gradient, values]);
  return arrays;
}

const norm = (vector: ArrayLike<number>): number => Math.hypot(...Array.from(vector));

const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  norm(Array.from(a, (value, at) => value - b[at]!));
