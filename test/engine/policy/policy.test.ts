import { beforeAll, expect, it } from 'vitest';
import type { Policy } from '../../../src/engine/policy';
import { tf } from '../../../src/engine/tensor';
import { useBackend } from '../tensor/backends';
import { farthest } from '../tensor/numbers';
import { batchOf, tinyConfig, tinyPolicy, tokens } from './tiny';

beforeAll(() => useBackend('wasm'));

const batch = batchOf([{ prompt: tokens(4, 1), completion: tokens(6, 2) }]);

async function logprobs(policy: Policy): Promise<Float32Array> {
  const result = policy.tokenLogprobs(batch, { temperature: 1 });
  const values = (await result.logprobs.data()) as Float32Array;
  result.logprobs.dispose();
  return values;
}

/** Adds one to every trained value. */
function shift(policy: Policy): void {
  policy.assignTrainable(tf.tidy(() => policy.trainable().map((tensor) => tf.add(tensor, 1))));
}

it('a fresh policy has normal weights of the config’s spread, unit norms and zero biases', async () => {
  const policy = tinyPolicy({ initializer_range: 0.02, hidden_size: 64, vocab_size: 64 });
  const weights = new Map(
    (await policy.exportWeights({ merged: false })).map(({ name, data }) => [name, data]),
  );
  const embedding = weights.get('model.embed_tokens.weight')!;
  const mean = embedding.reduce((sum, value) => sum + value, 0) / embedding.length;
  const variance = embedding.reduce((sum, value) => sum + (value - mean) ** 2, 0) / embedding.length;
  expect(Math.abs(mean)).toBeLessThan(0.002);
  expect(Math.sqrt(variance) / 0.02).toBeCloseTo(1, 1);
  expect(new Set(weights.get('model.layers.1.post_attention_layernorm.weight'))).toEqual(new Set([1]));
  expect(new Set(weights.get('model.norm.weight'))).toEqual(new Set([1]));
  expect(new Set(weights.get('model.layers.0.self_attn.q_proj.bias'))).toEqual(new Set([0]));
  expect(JSON.parse(policy.configJson)).toEqual(policy.config.json);
  policy.dispose();
});

it('the layout is one flat order without gaps', () => {
  const policy = tinyPolicy({ tie_word_embeddings: false });
  let offset = 0;
  policy.layout.entries.forEach((entry, index) => {
    expect(entry.offset).toBe(offset);
    expect(policy.trainable()[index]!.shape).toEqual(entry.shape);
    expect(policy.trainable()[index]!.size).toBe(entry.size);
    offset += entry.size;
  });
  expect(policy.layout.size).toBe(offset);
  expect(policy.layout.entries.at(-1)).toMatchObject({ name: 'lm_head.weight', shape: [16, 20] });
  policy.dispose();
});

it('new values replace the old ones, which are disposed of', async () => {
  const policy = tinyPolicy();
  const [old] = policy.trainable();
  const before = tf.memory().numTensors;
  shift(policy);
  expect(tf.memory().numTensors).toBe(before);
  expect(old!.isDisposed).toBe(true);
  policy.assignTrainable(policy.trainable());
  expect(policy.trainable()[0]!.isDisposed).toBe(false);
  policy.dispose();
});

it('refuses parameters of another number or shape', () => {
  const policy = tinyPolicy();
  const parameters = [...policy.trainable()];
  expect(() => policy.assignTrainable(parameters.slice(1))).toThrow('parameters, received');
  const [first, second] = parameters;
  const swapped = [second!, first!, ...parameters.slice(2)];
  expect(() => policy.tokenLogprobs(batch, { temperature: 1, parameters: swapped })).toThrow(
    'expected model.embed_tokens.weight of shape [20, 16], received [16]',
  );
  policy.dispose();
});

it('a frozen copy stays what the policy was, and trains nothing', async () => {
  const policy = tinyPolicy();
  const expected = await logprobs(policy);
  const copy = policy.frozenCopy();
  expect(copy.layout).toEqual({ entries: [], size: 0 });
  expect(copy.trainable()).toEqual([]);
  shift(policy);
  expect(Array.from(await logprobs(copy))).toEqual(Array.from(expected));
  expect(farthest(await logprobs(policy), expected)).toBeGreaterThan(0.01);
  policy.dispose();
  expect(Array.from(await logprobs(copy))).toEqual(Array.from(expected));
  copy.dispose();
});

it('disposes of all it made', () => {
  const before = tf.memory().numTensors;
  const policy = tinyPolicy({ tie_word_embeddings: false });
  const copy = policy.frozenCopy();
  copy.dispose();
  policy.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

it('temperature divides the logits', async () => {
  const policy = tinyPolicy();
  const decoder = await policy.startDecoding([[1, 2, 3]]);
  const scaled = Array.from(decoder.logits, (logit) => logit / 0.5);
  const logSum = Math.log(scaled.reduce((sum, logit) => sum + Math.exp(logit), 0));
  const one = policy.tokenLogprobs(batchOf([{ prompt: [1, 2, 3], completion: [7] }]), { temperature: 0.5 });
  expect((await one.logprobs.data())[0]).toBeCloseTo(scaled[7]! - logSum, 5);
  one.logprobs.dispose();
  decoder.dispose();
  policy.dispose();
});

it('keeps the config it was read from', () => {
  expect(tinyConfig({ custom: { kept: true } }).json).toMatchObject({ custom: { kept: true } });
});
