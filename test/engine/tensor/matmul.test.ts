import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { matmul, tf } from '../../../src/engine/tensor';
import { NODE_BACKENDS, useBackend } from './backends';
import { farthest, gradientError, tensor, values } from './numbers';

/** Σ_k a[b,i,k]·c[b,k,j] by plain loops. */
function product(
  a: Float32Array,
  b: Float32Array,
  [pairs, m, k, n]: [number, number, number, number],
): number[] {
  const out: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let s = 0; s < k; s++) sum += a[(pair * m + i) * k + s]! * b[(pair * k + s) * n + j]!;
        out.push(sum);
      }
    }
  }
  return out;
}

describe.each(NODE_BACKENDS)('matmul on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it('multiplies: [1 2; 3 4] · [5 6; 7 8] = [19 22; 43 50]', async () => {
    const result = matmul(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor2d([5, 6, 7, 8], [2, 2]));
    expect(Array.from(await result.data())).toEqual([19, 22, 43, 50]);
  });

  it('agrees with plain loops for any batch, small ones and those that go to XNNPACK pair by pair', async () => {
    const sizes = fc.tuple(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 40 }),
    );
    await fc.assert(
      fc.asyncProperty(sizes, async ([pairs, m, k, n]) => {
        const [a, b] = [values(pairs * m * k, 1), values(pairs * k * n, 2)];
        const result = tf.tidy(() => matmul(tf.tensor3d(a, [pairs, m, k]), tf.tensor3d(b, [pairs, k, n])));
        const received = await result.data();
        result.dispose();
        expect(farthest(received, product(a, b, [pairs, m, k, n]))).toBeLessThan(1e-5);
      }),
      { seed: 11, numRuns: 40 },
    );
  });

  it.each([
    ['tall', [40, 3], [3, 5]],
    ['wide', [3, 40], [40, 5]],
    ['a single row', [1, 7], [7, 4]],
    ['a small batch', [3, 4, 5], [3, 5, 2]],
    ['a large batch', [2, 48, 40], [2, 40, 32]],
  ] as const)('has the right gradient: %s', async (_, a, b) => {
    const inputs = [tensor(a as unknown as [number, number], 1), tensor(b as unknown as [number, number], 2)];
    const f = (x: tf.Tensor, y: tf.Tensor) => matmul(x as tf.Tensor2D, y as tf.Tensor2D);
    expect(await gradientError(f as (...xs: tf.Tensor[]) => tf.Tensor, inputs)).toBeLessThan(2e-3);
  });

  it('computes no gradient for an operand that does not train', async () => {
    const [x, w] = [tensor<tf.Rank.R2>([6, 4], 1), tensor<tf.Rank.R2>([4, 3], 2)];
    const frozen = await products(() => tf.grad((input) => matmul(input as tf.Tensor2D, w))(x));
    const trained = await products(() =>
      tf.add(
        ...(tf
          .grads((a, b) => matmul(a as tf.Tensor2D, b as tf.Tensor2D))([x, w])
          .map((g) => tf.sum(g)) as [tf.Tensor, tf.Tensor]),
      ),
    );
    expect([frozen, trained]).toEqual([2, 3]); // x·W and dy·Wᵀ; then also xᵀ·dy
  });

  it('keeps the transposing product and its gradient right', async () => {
    const inputs = [tensor<tf.Rank.R2>([5, 4], 1), tensor<tf.Rank.R2>([3, 4], 2)];
    expect(await gradientError((a, b) => tf.matMul(a, b, false, true), inputs)).toBeLessThan(2e-3);
  });

  it('leaves no tensor behind', () => {
    const [x, w] = [tensor<tf.Rank.R3>([2, 48, 40], 1), tensor<tf.Rank.R3>([2, 40, 32], 2)];
    const before = tf.memory().numTensors;
    for (let step = 0; step < 3; step++) {
      tf.dispose(tf.grads((a, b) => matmul(a as tf.Tensor3D, b as tf.Tensor3D))([x, w]));
    }
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([x, w]);
  });
});

/** How many matrix products run during `f`. */
async function products(f: () => tf.Tensor): Promise<number> {
  const { kernels } = await tf.profile(f);
  return kernels.filter(({ name }) => name === 'BatchMatMul').length;
}
