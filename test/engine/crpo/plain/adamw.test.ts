import { expect, it } from 'vitest';
import { adamwUpdate, flatten, type MomentTensors } from '../../../../src/engine/crpo/plain/adamw';
import type { Policy } from '../../../../src/engine/policy';
import { tf } from '../../../../src/engine/tensor';
import type { RunConfig } from '../../../../src/protocol';
import { describeOnBackends } from '../backends';
import { PLAIN_OPTIMIZER } from '../plain-settings';

type Settings = RunConfig['optimizer'];

/** What AdamW sees of a policy: trainable tensors and nothing else. */
type Trainable = Pick<Policy, 'trainable' | 'assignTrainable'>;

function parameters(...values: tf.Tensor[]): Trainable {
  let current = values;
  return {
    trainable: () => current,
    assignTrainable: (next) => {
      tf.dispose(current);
      current = [...next];
    },
  };
}

async function descend(policy: Trainable, gradients: readonly (readonly number[])[], settings: Settings) {
  let moments: MomentTensors | null = null;
  const norms: number[] = [];
  for (const [index, values] of gradients.entries()) {
    const gradient = tf.tensor1d([...values]);
    const step = { step: index + 1, learningRate: settings.learningRate, settings };
    const update = await adamwUpdate(policy, moments, gradient, step);
    gradient.dispose();
    moments = update.moments;
    norms.push(update.gradNorm);
  }
  const values = Array.from(await flatten(policy.trainable()).data());
  return { values, moments: moments!, norms };
}

/** torch.optim.AdamW's documented recurrence, in float64, one parameter at a time. */
function recurrence(start: number, gradients: readonly number[], settings: Settings): number {
  const { learningRate, beta1, beta2, epsilon, weightDecay } = settings;
  let [value, m, v] = [start, 0, 0];
  gradients.forEach((gradient, index) => {
    const t = index + 1;
    value -= learningRate * weightDecay * value;
    m = beta1 * m + (1 - beta1) * gradient;
    v = beta2 * v + (1 - beta2) * gradient * gradient;
    const corrected = v / (1 - beta2 ** t);
    value -= (learningRate * (m / (1 - beta1 ** t))) / (Math.sqrt(corrected) + epsilon);
  });
  return value;
}

describeOnBackends('AdamW', () => {
  it('does two updates as worked by hand', async () => {
    // θ = 1, g = 0.5: m̂ = 0.5, √v̂ = 0.5, so θ ← 1 · (1 − 0.1 · 0.01) − 0.1 · 1 = 0.899.
    const first = await descend(parameters(tf.tensor1d([1])), [[0.5]], PLAIN_OPTIMIZER);
    expect(first.values[0]).toBeCloseTo(0.899, 6);
    // g = −0.25: m = 0.9 · 0.05 − 0.1 · 0.25 = 0.02, m̂ = 0.02 / 0.19 = 0.1052632;
    // v = 0.999 · 0.00025 + 0.001 · 0.0625 = 0.00031225, v̂ = v / 0.001999 = 0.1562031, √v̂ = 0.3952254;
    // θ ← 0.899 · 0.999 − 0.1 · 0.1052632 / 0.3952254 = 0.8714673.
    const second = await descend(parameters(tf.tensor1d([1])), [[0.5], [-0.25]], PLAIN_OPTIMIZER);
    expect(second.values[0]).toBeCloseTo(0.8714673, 6);
    expect((await second.moments.m.data())[0]).toBeCloseTo(0.02, 8);
    expect((await second.moments.v.data())[0]).toBeCloseTo(0.00031225, 9);
  });

  it('knows the norm of a long gradient to five digits', async () => {
    const count = 3_000_000;
    const policy = parameters(tf.zeros([count]));
    const gradient = tf.fill<tf.Rank.R1>([count], 1e-3);
    const update = { step: 1, learningRate: 1e-3, settings: PLAIN_OPTIMIZER };
    const { gradNorm, moments } = await adamwUpdate(policy, null, gradient, update);
    expect(gradNorm / (Math.sqrt(count) * 1e-3)).toBeCloseTo(1, 5);
    tf.dispose([gradient, moments.m, moments.v, ...policy.trainable()]);
  });

  it('follows torch’s recurrence over tensors of several shapes', async () => {
    const start = Array.from({ length: 10 }, (_, index) => Math.sin(index + 1));
    const gradients = Array.from({ length: 20 }, (_, step) =>
      start.map((_, index) => Math.cos(3 * step + index) * 10 ** (index - 5)),
    );
    const settings = { ...PLAIN_OPTIMIZER, learningRate: 0.01, weightDecay: 0.1, beta2: 0.95 };
    const policy = parameters(
      tf.tensor2d(start.slice(0, 6), [2, 3]),
      tf.tensor1d(start.slice(6, 7)),
      tf.tensor3d(start.slice(7), [1, 3, 1]),
    );
    const { values } = await descend(policy, gradients, settings);
    for (const [index, value] of values.entries())
      expect(value).toBeCloseTo(
        recurrence(
          start[index]!,
          gradients.map((gradient) => gradient[index]!),
          settings,
        ),
        5,
      );
    expect(policy.trainable().map(({ shape }) => shape)).toEqual([[2, 3], [1], [1, 3, 1]]);
  });

  it('shortens a long gradient to the norm limit and reports its length before', async () => {
    // ‖(3, 4)‖ = 5, limit 1: the update is that of (0.6, 0.8). A large ε makes its size visible.
    const settings = { ...PLAIN_OPTIMIZER, epsilon: 1, weightDecay: 0, maxGradNorm: 1 };
    const clipped = await descend(parameters(tf.tensor1d([0, 0])), [[3, 4]], settings);
    expect(clipped.norms[0]).toBeCloseTo(5, 6);
    expect(clipped.values[0]).toBeCloseTo(recurrence(0, [0.6], settings), 6);
    expect(clipped.values[1]).toBeCloseTo(recurrence(0, [0.8], settings), 6);
    const short = await descend(parameters(tf.tensor1d([0, 0])), [[0.3, 0.4]], settings);
    expect(short.values[0]).toBeCloseTo(recurrence(0, [0.3], settings), 6);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 1e30])('refuses a gradient of %d', async (value) => {
    const policy = parameters(tf.tensor1d([1, 2]));
    const moments = { m: tf.tensor1d([3, 4]), v: tf.tensor1d([5, 6]) };
    const gradient = tf.tensor1d([value, 1]);
    const before = tf.memory().numTensors;
    for (const given of [moments, null]) {
      const step = { step: 7, learningRate: 0.1, settings: PLAIN_OPTIMIZER };
      await expect(adamwUpdate(policy, given, gradient, step)).rejects.toMatchObject({
        record: {
          boundary: 'device',
          code: 'non-finite',
          message: expect.stringContaining('Step 7: the gradient norm is'),
        },
      });
    }
    expect(Array.from(await policy.trainable()[0]!.data())).toEqual([1, 2]);
    expect(Array.from(await moments.m.data())).toEqual([3, 4]);
    expect(Array.from(await moments.v.data())).toEqual([5, 6]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('keeps the number of tensors', async () => {
    const policy = parameters(tf.tensor1d([1, 2]), tf.scalar(3));
    const gradient = tf.tensor1d([1, 2, 3]);
    let moments: MomentTensors | null = null;
    const counts: number[] = [];
    for (let step = 1; step <= 3; step++) {
      ({ moments } = await adamwUpdate(policy, moments, gradient, {
        step,
        learningRate: 0.1,
        settings: PLAIN_OPTIMIZER,
      }));
      counts.push(tf.memory().numTensors);
    }
    expect(new Set(counts).size).toBe(1);
  });
});
