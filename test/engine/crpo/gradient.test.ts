import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Rollout } from '../../../src/engine/crpo/batch';
import { policyGradient } from '../../../src/engine/crpo/gradient';
import type { Learner } from '../../../src/engine/crpo/learner';
import { plainLearner } from '../../../src/engine/crpo/plain/learner';
import { tokenBatch } from '../../../src/engine/crpo/plain/token-batch';
import { createReference, referenceLogprobs } from '../../../src/engine/crpo/reference';
import { LORA_TARGETS, type Policy } from '../../../src/engine/policy';
import { uniform } from '../../../src/engine/random';
import { tf } from '../../../src/engine/tensor';
import { loadPolicy } from '../policy/load';
import { modelFolder } from '../policy/models';
import { describeOnBackends } from './backends';
import {
  type Changes,
  EOS,
  learnerOf,
  PAD,
  takeGradient,
  tinyConfig,
  tinyEnvironment,
  tinyPolicy,
} from './tiny';

/** Eight rollouts of very different widths; the second one was cut at the limit. */
const LENGTHS: readonly (readonly [prompt: number, completion: number])[] = [
  [5, 3],
  [16, 20],
  [2, 1],
  [11, 9],
  [1, 4],
  [8, 14],
  [12, 2],
  [3, 7],
];

function rollouts(): Rollout[] {
  return LENGTHS.map(([prompt, completion], row) => {
    const draw = (stream: number, t: number) => uniform(5, 'sampling', 100 * stream + row, t);
    const tokens = (stream: number, length: number) =>
      Array.from({ length }, (_, t) => 2 + Math.floor(14 * draw(stream, t)));
    const truncated = row === 1;
    return {
      promptTokens: tokens(0, prompt),
      completionTokens: truncated ? tokens(1, completion) : [...tokens(1, completion - 1), EOS],
      truncated,
      oldLogprobs: Float32Array.from({ length: completion }, (_, t) => -2 - 1.5 * draw(2, t)),
      referenceLogprobs: Float32Array.from({ length: completion }, (_, t) => -2 - 1.5 * draw(3, t)),
      advantage: draw(4, 0) * 4 - 2,
    };
  });
}

describeOnBackends('policyGradient', () => {
  let policy: Policy;
  let learner: Learner;
  beforeAll(() => {
    policy = tinyPolicy(3);
    learner = learnerOf(policy);
  });
  afterAll(() => learner.dispose());

  async function gradientOf(rows: readonly Rollout[], changes: Changes = {}, by = learner) {
    const config = tinyConfig({
      ...changes,
      loss: { klCoefficient: 0.1, entropyCoefficient: 0.01, ...changes.loss },
      sampling: { maxCompletionTokens: 20 },
    });
    const { loss, metrics } = await policyGradient(tinyEnvironment(by, config), rows, 0.8);
    return { values: await takeGradient(by), loss, metrics };
  }

  /** ‖a − b‖ / ‖b‖ */
  const distance = (a: readonly number[], b: readonly number[]): number =>
    Math.sqrt(
      a.reduce((sum, value, index) => sum + (value - b[index]!) ** 2, 0) /
        b.reduce((sum, value) => sum + value ** 2, 0),
    );

  it.each(['token-mean', 'sequence-mean', 'constant-length'] as const)(
    'adds up to the same in eight micro-batches of one as in one of eight (%s)',
    async (aggregation) => {
      // Alone, a rollout is padded to its own width and not to the widest: this tests that as well.
      const loss = { aggregation };
      const whole = await gradientOf(rollouts(), { loss, update: { microBatchSize: 8 } });
      for (const microBatchSize of aggregation === 'token-mean' ? [1, 3] : [1]) {
        const parts = await gradientOf(rollouts(), { loss, update: { microBatchSize } });
        expect(parts.loss).toBeCloseTo(whole.loss, 5);
        expect(distance(parts.values, whole.values)).toBeLessThan(1e-5);
        for (const [key, value] of Object.entries(whole.metrics))
          expect(parts.metrics[key], key).toBeCloseTo(value, 5);
      }
    },
  );

  it('does not depend on what fills the padding', async () => {
    const one = await gradientOf(rollouts());
    const other = await gradientOf(rollouts(), {}, plainLearner(policy, 9));
    expect(other.loss).toBe(one.loss);
    // Gradients of the embedding add up in another order.
    expect(distance(other.values, one.values)).toBeLessThan(1e-7);
  });

  it('follows a permutation of the rollouts', async () => {
    const one = await gradientOf(rollouts());
    const other = await gradientOf(rollouts().reverse());
    expect(other.loss).toBeCloseTo(one.loss, 5);
    expect(distance(other.values, one.values)).toBeLessThan(1e-5);
  });

  it('counts the stop token and nothing after it', async () => {
    const alone = [rollouts()[0]!];
    const one = await gradientOf(alone);
    // Three tokens, the last one is EOS: its old log-prob matters.
    const moved = {
      ...alone[0]!,
      oldLogprobs: alone[0]!.oldLogprobs.map((value, t) => (t === 2 ? value - 0.05 : value)),
    };
    expect((await gradientOf([moved])).loss).not.toBe(one.loss);
    // The entropy is a mean over exactly these three positions.
    const batch = tokenBatch(alone, PAD);
    const { logprobs, entropy } = policy.tokenLogprobs(batch, { temperature: 0.8, entropy: true });
    const [perToken] = (await entropy!.array()) as number[][];
    tf.dispose([logprobs, entropy!]);
    expect(one.metrics.entropy).toBeCloseTo((perToken![0]! + perToken![1]! + perToken![2]!) / 3, 5);
  });

  it('leaves truncated completions out when told to', async () => {
    const config = { loss: { maskTruncated: true } };
    const masked = await gradientOf(rollouts(), config);
    const without = await gradientOf(rollouts().filter(({ truncated }) => !truncated));
    expect(masked.loss).toBeCloseTo(without.loss, 5);
    expect(distance(masked.values, without.values)).toBeLessThan(1e-5);
    const nothing = await gradientOf(
      rollouts().filter(({ truncated }) => truncated),
      config,
    );
    expect(nothing).toMatchObject({ loss: 0, metrics: {} });
    expect(nothing.values.every((value) => value === 0)).toBe(true);
  });

  it('begins with ratio 1, KL 0 and the loss −mean A, and yet a gradient', async () => {
    const environment = tinyEnvironment(
      learner,
      tinyConfig({ sampling: { temperature: 0.8 }, loss: { klCoefficient: 0.1 } }),
    );
    const own = (await referenceLogprobs(environment, rollouts()))!;
    const onPolicy = rollouts().map((rollout, row) => ({
      ...rollout,
      oldLogprobs: own[row]!,
      referenceLogprobs: own[row]!,
    }));
    const { loss, metrics, values } = await gradientOf(onPolicy, { loss: { entropyCoefficient: 0 } });
    // token-mean: every token of a rollout has its advantage, so longer rollouts weigh more.
    const tokens = onPolicy.reduce((sum, { completionTokens }) => sum + completionTokens.length, 0);
    const weighted = onPolicy.reduce(
      (sum, { advantage, completionTokens }) => sum + advantage * completionTokens.length,
      0,
    );
    expect(loss).toBeCloseTo(-weighted / tokens, 5);
    expect(metrics.kl).toBeCloseTo(0, 9);
    expect(metrics['clip_ratio/region_mean']).toBe(0);
    expect(Math.hypot(...values)).toBeGreaterThan(0.01);
  });

  it('points where the loss rises: the slope along it is its length', async () => {
    const { values } = await gradientOf(rollouts());
    const length = Math.hypot(...values);
    const start = policy.trainable().map((tensor) => tf.clone(tensor));
    const lossAt = async (distance: number): Promise<number> => {
      let offset = 0;
      policy.assignTrainable(
        start.map((tensor) => {
          const direction = tf.tensor(values.slice(offset, offset + tensor.size), tensor.shape);
          offset += tensor.size;
          return tf.add(tensor, tf.mul(direction, distance / length));
        }),
      );
      return (await gradientOf(rollouts())).loss;
    };
    const h = 3e-3;
    const slope = ((await lossAt(h)) - (await lossAt(-h))) / (2 * h);
    policy.assignTrainable(start);
    expect(Math.abs(slope / length - 1)).toBeLessThan(0.01);
  });

  it('leaves nothing behind, stopped or not', async () => {
    const environment = tinyEnvironment(learner, tinyConfig({ update: { microBatchSize: 2 } }));
    await policyGradient(environment, rollouts(), 1); // makes the backend's constants
    learner.dropGradient();
    const before = tf.memory().numTensors;
    await policyGradient(environment, rollouts(), 1);
    expect(tf.memory().numTensors).toBe(before + 1);
    learner.dropGradient();
    expect(tf.memory().numTensors).toBe(before);
    let parts = 0;
    const signal = {
      throwIfAborted: () => {
        if (++parts === 3) throw new Error('stopped by the test');
      },
    };
    await expect(policyGradient({ ...environment, signal }, rollouts(), 1)).rejects.toThrow(
      'stopped by the test',
    );
    expect(tf.memory().numTensors).toBe(before);
  });
});

describeOnBackends('the reference policy', () => {
  it('is none for β = 0 and a copy that stays when the policy moves', async () => {
    const policy = tinyPolicy(3);
    const learner = learnerOf(policy);
    expect(createReference(learner, tinyConfig({ loss: { klCoefficient: 0 } }))).toBeNull();
    const config = tinyConfig({ loss: { klCoefficient: 0.1 } });
    const reference = createReference(learner, config);
    const environment = tinyEnvironment(learner, config, { reference });
    const before = await referenceLogprobs(environment, rollouts());
    policy.assignTrainable(policy.trainable().map((tensor) => tf.mul(tensor, 1.1)));
    expect(await referenceLogprobs(environment, rollouts())).toEqual(before);
    expect(await referenceLogprobs({ ...environment, reference: null }, rollouts())).not.toEqual(before);
    expect(
      await referenceLogprobs(
        { ...environment, config: tinyConfig({ loss: { klCoefficient: 0 } }) },
        rollouts(),
      ),
    ).toBeNull();
    expect(before!.map(({ length }) => length)).toEqual(LENGTHS.map(([, completion]) => completion));
    reference!.dispose();
    learner.dispose();
  });

  it('is the policy with LoRA off, without a copy', async () => {
    const folder = modelFolder('qwen2-tiny');
    const lora = await loadPolicy(folder, {
      training: { mode: 'lora', rank: 4, alpha: 8, targets: LORA_TARGETS, random: () => 0.3 },
      adapter: folder,
    });
    const base = await loadPolicy(folder, { training: { mode: 'full' } });
    const config = tinyConfig({ loss: { klCoefficient: 0.1 } });
    const [adapted, plain] = [learnerOf(lora), learnerOf(base)];
    expect(createReference(adapted, config)).toBeNull();
    const received = await referenceLogprobs(tinyEnvironment(adapted, config), rollouts());
    expect(received).toEqual(await referenceLogprobs(tinyEnvironment(plain, config), rollouts()));
    // The adapter of the fixture is not zero: with it on, the log-probs are others.
    const { logprobs } = lora.tokenLogprobs(tokenBatch(rollouts(), PAD), { temperature: 1 });
    expect((await logprobs.data())[0]).not.toBeCloseTo(received![0]![0]!, 3);
    tf.dispose(logprobs);
    adapted.dispose();
    plain.dispose();
  });
});
