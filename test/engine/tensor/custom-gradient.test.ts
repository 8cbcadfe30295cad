import { beforeAll, describe, expect, it } from 'vitest';
import { customGradient, tf } from '../../../src/engine/tensor';
import { NODE_BACKENDS, useBackend } from './backends';

/** a²·b, whose gradient needs 2a: an intermediate of the forward pass. */
function squareTimes(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return customGradient([a, b], () => {
    const double = tf.mul(a, 2);
    return {
      value: tf.mul(tf.square(a), b),
      saved: [double, a, b],
      gradient: (dy, [twice, first, second]) => [
        tf.mul(tf.mul(dy, twice!), second!),
        tf.mul(dy, tf.square(first!)),
      ],
    };
  });
}

describe.each(NODE_BACKENDS)('customGradient on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it('keeps what the gradient needs through inner scopes: d(a²b) = 2ab, a² at a = 3, b = 5', async () => {
    const inputs = [tf.scalar(3), tf.scalar(5)];
    const before = tf.memory().numTensors;
    const { value, grads } = tf.valueAndGrads((a, b) => tf.tidy(() => squareTimes(a!, b!)) as tf.Scalar)(
      inputs,
    );
    const numbers = await Promise.all([value, ...grads].map(async (tensor) => (await tensor.data())[0]));
    expect(numbers).toEqual([45, 30, 9]);
    tf.dispose([value, grads]);
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose(inputs);
  });

  it('keeps nothing when no gradient is asked for', () => {
    const inputs = [tf.scalar(3), tf.scalar(5)];
    const before = tf.memory().numTensors;
    const value = tf.tidy(() => squareTimes(inputs[0]!, inputs[1]!));
    expect(tf.memory().numTensors).toBe(before + 1);
    tf.dispose([value, ...inputs]);
  });
});
