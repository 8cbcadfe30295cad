/** Numbers for tests: reproducible values, and gradients by finite differences. */
import { tf } from '../../../src/engine/tensor';

/** Values in (−1, 1), the same for the same seed. */
export function values(count: number, seed: number): Float32Array {
  let state = (seed * 2654435761) >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

export function tensor<R extends tf.Rank>(shape: tf.ShapeMap[R], seed: number): tf.Tensor<R> {
  return tf.tensor<R>(values(tf.util.sizeFromShape(shape), seed), shape);
}

/**
 * The largest difference between the gradient of Σ f·weights along a random direction and the central
 * difference (f(x + hd) − f(x − hd)) / 2h, relative to the larger of 1 and the slope. With h = 1e-2 the
 * difference itself is good to about 1e-3 in float32.
 */
export async function gradientError(
  f: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: readonly tf.Tensor[],
  directions = 4,
  h = 1e-2,
): Promise<number> {
  let worst = 0;
  for (let direction = 0; direction < directions; direction++) {
    const errors = tf.tidy(() => {
      const scalar = (...xs: tf.Tensor[]) => {
        const y = f(...xs);
        return tf.sum(tf.mul(y, tensor(y.shape as [number], 99))) as tf.Scalar;
      };
      const along = inputs.map(({ shape }, index) => tensor(shape as [number], 7 * direction + index + 1));
      const moved = (by: number) => scalar(...inputs.map((x, index) => tf.add(x, tf.mul(along[index]!, by))));
      const { grads } = tf.valueAndGrads(scalar)([...inputs]);
      const slope = tf.addN(grads.map((grad, index) => tf.sum(tf.mul(grad, along[index]!))));
      const difference = tf.div(tf.sub(moved(h), moved(-h)), 2 * h);
      return tf.div(tf.abs(tf.sub(slope, difference)), tf.maximum(1, tf.abs(difference)));
    });
    worst = Math.max(worst, (await errors.data())[0]!);
    errors.dispose();
  }
  return worst;
}

/** Largest |a − b|; NaN if the lengths differ. */
export function farthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.NaN;
  return Math.max(0, ...Array.from(a, (value, index) => Math.abs(value - b[index]!)));
}
