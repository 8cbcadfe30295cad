import { beforeAll, describe, expect, it } from 'vitest';
import type { Policy, TokenBatch } from '../../../src/engine/policy';
import { positionIds } from '../../../src/engine/policy/attention';
import { tf } from '../../../src/engine/tensor';
import { NODE_BACKENDS, useBackend } from '../tensor/backends';
import { farthest, gradientError } from '../tensor/numbers';
import { batchOf, tinyPolicy, tokens } from './tiny';

async function logprobsOf(policy: Policy, batch: TokenBatch, temperature = 1): Promise<Float32Array> {
  const { logprobs, entropy } = policy.tokenLogprobs(batch, { temperature });
  expect(entropy).toBeNull();
  expect(logprobs.shape).toEqual([batch.rows, batch.completionLength]);
  const values = (await logprobs.data()) as Float32Array;
  logprobs.dispose();
  return values;
}

it('positions count real tokens: padding before, between and after', () => {
  const attentionMask = Uint8Array.of(0, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1);
  expect(Array.from(positionIds({ rows: 2, length: 6, attentionMask }))).toEqual([
    0, 0, 0, 1, 1, 2, 0, 0, 1, 2, 3, 4,
  ]);
});

describe.each(NODE_BACKENDS)('tokenLogprobs on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it('does not depend on padding: a row alone, and left-padded beside longer ones', async () => {
    const policy = tinyPolicy();
    const row = { prompt: tokens(3, 1), completion: tokens(4, 2) };
    const other = { prompt: tokens(9, 3), completion: tokens(6, 4) };
    const alone = await logprobsOf(policy, batchOf([row]));
    const beside = await logprobsOf(policy, batchOf([other, row], { promptLength: 12, completionLength: 8 }));
    expect(farthest(beside.subarray(8, 12), alone)).toBeLessThan(1e-5);
    expect(beside.every(Number.isFinite)).toBe(true);
    policy.dispose();
  });

  it('is causal: a later token changes nothing before it', async () => {
    const policy = tinyPolicy();
    const [prompt, completion] = [tokens(3, 1), tokens(6, 2)];
    const changed = completion.map((token, t) => (t === 4 ? (token + 1) % 20 : token));
    const before = await logprobsOf(policy, batchOf([{ prompt, completion }]));
    const after = await logprobsOf(policy, batchOf([{ prompt, completion: changed }]));
    expect(Array.from(after.subarray(0, 4))).toEqual(Array.from(before.subarray(0, 4)));
    expect(after[5]).not.toBe(before[5]);
    policy.dispose();
  });

  it('takes a completion of one token, and a prompt of one token', async () => {
    const policy = tinyPolicy();
    const [a, b, c] = [5, 7, 11];
    const one = await logprobsOf(policy, batchOf([{ prompt: [a, b], completion: [c] }]));
    const two = await logprobsOf(policy, batchOf([{ prompt: [a], completion: [b, c] }]));
    expect(one.length).toBe(1);
    expect(Math.abs(one[0]! - two[1]!)).toBeLessThan(1e-6);
    policy.dispose();
  });

  it('stays finite, gradient included, for a row without a single real token', async () => {
    const policy = tinyPolicy();
    const row = { prompt: tokens(4, 1), completion: tokens(3, 2) };
    const batch = batchOf([row, { prompt: [], completion: [] }]);
    const values = await logprobsOf(policy, batch);
    expect(values.every(Number.isFinite)).toBe(true);
    expect(farthest(values.subarray(0, 3), await logprobsOf(policy, batchOf([row])))).toBeLessThan(1e-5);
    const grads = tf.tidy(() => {
      const loss = (...parameters: tf.Tensor[]) =>
        tf.sum(policy.tokenLogprobs(batch, { temperature: 1, parameters }).logprobs) as tf.Scalar;
      return tf.grads(loss)([...policy.trainable()]);
    });
    for (const grad of grads) expect((await grad.data()).every(Number.isFinite)).toBe(true);
    tf.dispose(grads);
    policy.dispose();
  });

  it.each([
    ['tied, Qwen2', {}],
    [
      'untied, all biases, Llama',
      { model_type: 'llama', tie_word_embeddings: false, attention_bias: true, mlp_bias: true },
    ],
  ])('has the right gradient in every weight: %s', async (_, fields) => {
    const policy = tinyPolicy({ ...fields, initializer_range: 0.2 });
    const batch = batchOf([
      { prompt: tokens(3, 1), completion: tokens(4, 2) },
      { prompt: tokens(5, 3), completion: tokens(2, 4) },
    ]);
    const f = (...parameters: tf.Tensor[]) => {
      const { logprobs, entropy } = policy.tokenLogprobs(batch, {
        temperature: 0.8,
        parameters,
        entropy: true,
      });
      return tf.add(logprobs, entropy!);
    };
    // The error falls fourfold as h halves (2.4e-2, 5.6e-3, 1.6e-3 from h = 2e-3 on): it is the difference quotient's.
    expect(await gradientError(f, policy.trainable(), 3, 5e-4)).toBeLessThan(5e-3);
    policy.dispose();
  });

  it('leaves no tensor behind over steps', async () => {
    const policy = tinyPolicy();
    const batch = batchOf([{ prompt: tokens(3, 1), completion: tokens(4, 2) }]);
    const step = () => {
      const loss = (...parameters: tf.Tensor[]) =>
        tf.sum(
          policy.tokenLogprobs(batch, { temperature: 1, parameters, entropy: true }).logprobs,
        ) as tf.Scalar;
      const grads = tf.tidy(() => tf.grads(loss)([...policy.trainable()]));
      policy.assignTrainable(
        tf.tidy(() => grads.map((grad, i) => tf.add(policy.trainable()[i]!, tf.mul(grad, 1e-3)))),
      );
      tf.dispose(grads);
    };
    step();
    const before = tf.memory().numTensors;
    for (let count = 0; count < 3; count++) step();
    expect(tf.memory().numTensors).toBe(before);
    policy.dispose();
  });

  it('refuses a token outside the vocabulary, and arrays of another size', () => {
    const policy = tinyPolicy();
    const batch = batchOf([{ prompt: [3], completion: [20] }]);
    expect(() => policy.tokenLogprobs(batch, { temperature: 1 })).toThrow(
      "below the model's vocabulary of 20, received 20",
    );
    const short = { ...batch, attentionMask: new Uint8Array(1) };
    expect(() => policy.tokenLogprobs(short, { temperature: 1 })).toThrow(
      'expected 1 rows of 1 + 1 tokens, received 2 ids and 1 mask',
    );
    policy.dispose();
  });
});
