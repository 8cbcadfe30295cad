import { beforeAll, describe, expect, it } from 'vitest';
import { tokenDistribution } from '../../../src/engine/policy/head';
import { tf } from '../../../src/engine/tensor';
import { NODE_BACKENDS, useBackend } from '../tensor/backends';
import { farthest, gradientError, tensor } from '../tensor/numbers';
import { logSoftmax } from './tiny';

const options = { temperature: 0.7, entropy: true, headTrains: true };

/** From float64 logits, row by row. */
function expected(logits: number[][], targets: readonly number[], temperature: number) {
  const rows = logits.map((row) => logSoftmax(row, temperature));
  return {
    logprobs: rows.map((row, m) => row[targets[m]!]!),
    entropy: rows.map((row) => -row.reduce((sum, logprob) => sum + Math.exp(logprob) * logprob, 0)),
  };
}

describe.each(NODE_BACKENDS)('tokenDistribution on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it('is uniform where the hidden state is zero: −ln V and ln V', async () => {
    const { logprobs, entropy } = tokenDistribution(
      tf.zeros([2, 3]),
      tensor([3, 5], 1),
      Int32Array.of(0, 4),
      options,
    );
    expect(farthest(await logprobs.data(), [-Math.log(5), -Math.log(5)])).toBeLessThan(1e-6);
    expect(farthest(await entropy!.data(), [Math.log(5), Math.log(5)])).toBeLessThan(1e-6);
  });

  it('agrees with float64, and leaves the entropy out when it is not asked for', async () => {
    const [hidden, head] = [tensor<tf.Rank.R2>([6, 4], 1), tensor<tf.Rank.R2>([4, 7], 2)];
    const targets = Int32Array.of(0, 6, 3, 3, 1, 2);
    const wanted = expected((await tf.matMul(hidden, head).array()) as number[][], [...targets], 0.7);
    const { logprobs, entropy } = tokenDistribution(hidden, head, targets, options);
    expect(farthest(await logprobs.data(), wanted.logprobs)).toBeLessThan(2e-6);
    expect(farthest(await entropy!.data(), wanted.entropy)).toBeLessThan(2e-6);
    expect(tokenDistribution(hidden, head, targets, { ...options, entropy: false }).entropy).toBeNull();
  });

  it('stays exact for large logits: z = (1000, 0, −1000)', async () => {
    const head = tf.tensor2d([[1000, 0, -1000]]);
    const hidden = tf.ones<tf.Rank.R2>([3, 1]);
    const exact = { temperature: 1, entropy: true, headTrains: true };
    const { logprobs, entropy } = tokenDistribution(hidden, head, Int32Array.of(0, 1, 2), exact);
    expect(Array.from(await logprobs.data())).toEqual([0, -1000, -2000]);
    expect(Array.from(await entropy!.data())).toEqual([0, 0, 0]);
    const loss = (h: tf.Tensor) =>
      tf.sum(tokenDistribution(h as tf.Tensor2D, head, Int32Array.of(0, 1, 2), exact).logprobs);
    expect(Array.from(await tf.grad(loss)(hidden).data())).toEqual([0, -1000, -2000]);
  });

  it.each(['logprobs', 'entropy'] as const)('has the right gradient of %s', async (output) => {
    const targets = Int32Array.of(0, 4, 2);
    const op = (h: tf.Tensor, w: tf.Tensor) =>
      tokenDistribution(h as tf.Tensor2D, w as tf.Tensor2D, targets, options)[output]!;
    expect(
      await gradientError(op as (...xs: tf.Tensor[]) => tf.Tensor, [tensor([3, 4], 1), tensor([4, 5], 2)]),
    ).toBeLessThan(2e-3);
  });

  it('gives hidden states the same gradient when the head is frozen', async () => {
    const [hidden, head] = [tensor<tf.Rank.R2>([3, 4], 1), tensor<tf.Rank.R2>([4, 5], 2)];
    const loss = (headTrains: boolean) => (h: tf.Tensor) =>
      tf.sum(
        tokenDistribution(h as tf.Tensor2D, head, Int32Array.of(0, 4, 2), { ...options, headTrains })
          .logprobs,
      );
    const frozen = await tf.grad(loss(false))(hidden).data();
    expect(farthest(frozen, await tf.grad(loss(true))(hidden).data())).toBe(0);
    expect(Math.max(...frozen)).toBeGreaterThan(0);
  });
});

describe('in chunks', () => {
  beforeAll(() => useBackend('wasm'));

  it('gives the values and gradients of one piece', async () => {
    // 2²² / 600,000 = 6 rows to a chunk: 8 rows are two chunks. The last 599,990 columns are far below.
    const [rows, narrow, wide] = [8, 10, 600_000];
    const hidden = tensor<tf.Rank.R2>([rows, 2], 1);
    const core = tensor<tf.Rank.R2>([2, narrow], 2);
    const targets = Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7);
    const run = (h: tf.Tensor, w: tf.Tensor) => {
      const { logprobs, entropy } = tokenDistribution(h as tf.Tensor2D, w as tf.Tensor2D, targets, options);
      return tf.concat([logprobs, entropy!]);
    };
    // A third hidden feature, always 1, carries −1e4 to every padded column.
    const h3 = tf.concat([hidden, tf.ones([rows, 1])], 1);
    const whole = tf.concat([core, tf.zeros([1, narrow])], 0);
    const padded = tf.pad(whole, [
      [0, 0],
      [0, wide - narrow],
    ]);
    const bias = tf.concat([tf.zeros([1, narrow]), tf.fill([1, wide - narrow], -1e4)], 1);
    const large = tf.add(
      padded,
      tf.pad(bias, [
        [2, 0],
        [0, 0],
      ]),
    );
    const inOne = tf.valueAndGrads((h, w) => tf.sum(tf.square(run(h, w))) as tf.Scalar)([h3, whole]);
    const inTwo = tf.valueAndGrads((h, w) => tf.sum(tf.square(run(h, w))) as tf.Scalar)([h3, large]);
    expect(farthest(await run(h3, large).data(), await run(h3, whole).data())).toBeLessThan(1e-5);
    expect(farthest(await inTwo.grads[0]!.data(), await inOne.grads[0]!.data())).toBeLessThan(1e-4);
    const dHead = tf.slice(inTwo.grads[1]!, [0, 0], [3, narrow]);
    expect(farthest(await dHead.data(), await inOne.grads[1]!.data())).toBeLessThan(1e-4);
  });
});
