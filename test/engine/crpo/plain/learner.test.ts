import { afterEach, beforeEach, expect, it } from 'vitest';
import type { AdamWUpdate, Learner, LossRollout } from '../../../../src/engine/crpo/learner';
import { defaultConfig } from '../../../../src/engine/crpo/settings';
import type { Policy } from '../../../../src/engine/policy';
import { tf } from '../../../../src/engine/tensor';
import { describeOnBackends } from '../backends';
import { EOS, learnerOf, quietHost, takeGradient, tinyPolicy } from '../tiny';

const row = (completionTokens: number[], weight: number, counted = completionTokens.length): LossRollout => ({
  promptTokens: [3, 4],
  completionTokens,
  truncated: false,
  oldLogprobs: new Float32Array(completionTokens.length),
  referenceLogprobs: null,
  advantage: 0,
  weight,
  counted,
});

const ROWS = [row([5, 6, EOS], 0.25), row([7, EOS], 0.5)];

const update = (step: number): AdamWUpdate => ({
  step,
  learningRate: 0.01,
  settings: defaultConfig().optimizer,
});

describeOnBackends('plainLearner', () => {
  let policy: Policy;
  let learner: Learner;
  beforeEach(() => {
    policy = tinyPolicy();
    learner = learnerOf(policy);
  });
  afterEach(() => learner.dispose());

  const imitate = (rows: readonly LossRollout[] = ROWS, by = learner) =>
    by.addGradient(rows, { kind: 'imitation' }, quietHost);

  const weights = async (by: Learner = learner) =>
    (await by.exportWeights({ merged: false })).map(({ data }) => Array.from(data));

  it('weighs rows and counts tokens from the first in the loss of imitation', async () => {
    const [first, second] = await learner.logprobs(ROWS, { temperature: 1 }, quietHost);
    const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0);
    expect(await imitate()).toEqual([expect.closeTo(-0.25 * sum(first!) - 0.5 * sum(second!), 5)]);
    const [part] = await imitate([row([5, 6, EOS], 0.25, 2)]);
    expect(part).toBeCloseTo(-0.25 * (first![0]! + first![1]!), 5);
  });

  it('adds gradients up until they are taken or dropped', async () => {
    await imitate();
    const once = await takeGradient(learner);
    expect(Math.hypot(...once)).toBeGreaterThan(0.1);
    await imitate();
    await imitate();
    expect(await takeGradient(learner)).toEqual(once.map((value) => 2 * value));
    await imitate();
    learner.dropGradient();
    await imitate();
    expect(await takeGradient(learner)).toEqual(once);
  });

  it('has no update without a gradient, and uses a gradient once', async () => {
    const missing = { record: { boundary: 'internal', code: 'no-gradient' } };
    await expect(learner.applyGradient(update(1))).rejects.toMatchObject(missing);
    await imitate();
    await learner.applyGradient(update(1));
    await expect(learner.applyGradient(update(2))).rejects.toMatchObject(missing);
  });

  it('drops a gradient that is not finite and changes nothing', async () => {
    const before = { weights: await weights(), tensors: tf.memory().numTensors };
    await imitate([row([5, EOS], Number.NaN)]);
    await expect(learner.applyGradient(update(1))).rejects.toMatchObject({ record: { code: 'non-finite' } });
    expect({ weights: await weights(), tensors: tf.memory().numTensors }).toEqual(before);
  });

  it('gives moments out as copies, and goes on from them bit for bit', async () => {
    const { size } = learner.layout;
    expect(await learner.moments()).toEqual({ m: new Float32Array(size), v: new Float32Array(size) });
    await imitate();
    await learner.applyGradient(update(1));
    const saved = await learner.moments();
    const { m } = await learner.moments();
    m.fill(9);
    expect(await learner.moments()).toEqual(saved);

    const otherPolicy = tinyPolicy();
    const other = learnerOf(otherPolicy);
    otherPolicy.assignTrainable(policy.trainable().map((tensor) => tf.clone(tensor)));
    other.restoreMoments(saved);
    for (const each of [learner, other]) {
      await imitate(ROWS, each);
      await each.applyGradient(update(2));
    }
    expect(await weights(other)).toEqual(await weights());
    expect(await other.moments()).toEqual(await learner.moments());
    other.dispose();
  });

  it('freezes what it is, and lets go of all that it holds', async () => {
    const frozen = learner.freeze();
    const before = await frozen.logprobs(ROWS, { temperature: 1 }, quietHost);
    expect(before).toEqual(await learner.logprobs(ROWS, { temperature: 1 }, quietHost));
    await imitate();
    await learner.applyGradient(update(1));
    await imitate(); // also a gradient under way
    expect(await frozen.logprobs(ROWS, { temperature: 1 }, quietHost)).toEqual(before);
    expect(await learner.logprobs(ROWS, { temperature: 1 }, quietHost)).not.toEqual(before);
    frozen.dispose();

    const tensors = tf.memory().numTensors;
    const another = learnerOf(tinyPolicy());
    await imitate(ROWS, another);
    await another.applyGradient(update(1));
    await imitate(ROWS, another);
    another.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
  });
});
