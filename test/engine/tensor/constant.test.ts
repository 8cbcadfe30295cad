import { beforeAll, expect, it } from 'vitest';
import { constant, tf } from '../../../src/engine/tensor';
import { useBackend } from './backends';

beforeAll(() => useBackend('wasm'));

it('makes a scalar once per backend and keeps it through scopes', async () => {
  const first = tf.tidy(() => constant(0.125));
  const before = tf.memory().numTensors;
  expect(constant(0.125)).toBe(first);
  expect(tf.memory().numTensors).toBe(before);
  expect((await first.data())[0]).toBe(0.125);

  await useBackend('cpu');
  const other = constant(0.125);
  expect(other).not.toBe(first);
  expect((await other.data())[0]).toBe(0.125);
});
