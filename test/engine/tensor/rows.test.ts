import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { takeRows, tf } from '../../../src/engine/tensor';
import { NODE_BACKENDS, useBackend } from './backends';
import { farthest, tensor } from './numbers';

/** The gradient of Σ takeRows(x, indices)·dy for dy of 1, 2, 3, … in row order. */
async function gradient(rows: number, width: number, indices: readonly number[]): Promise<Float32Array> {
  const size = indices.length * width;
  const dy = tf.tensor2d(
    Float32Array.from({ length: size }, (_, at) => at + 1),
    [indices.length, width],
  );
  const x = tensor<tf.Rank.R2>([rows, width], 1);
  const grad = tf.grad((input) => takeRows(input as tf.Tensor2D, Int32Array.from(indices)))(x, dy);
  const result = (await grad.data()) as Float32Array;
  tf.dispose([dy, x, grad]);
  return result;
}

describe.each(NODE_BACKENDS)('takeRows on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it('takes rows in the order of the indices, repeats included', async () => {
    const matrix = tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]);
    expect(await takeRows(matrix, Int32Array.of(2, 0, 2)).array()).toEqual([
      [5, 6],
      [1, 2],
      [5, 6],
    ]);
  });

  it('sums the gradients of equal indices: rows 2, 0, 2 of dy = [1 2; 3 4; 5 6]', async () => {
    expect(Array.from(await gradient(3, 2, [2, 0, 2]))).toEqual([3, 4, 0, 0, 1 + 5, 2 + 6]);
  });

  it('sums any indices, however often each comes', async () => {
    const indices = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 90 });
    await fc.assert(
      fc.asyncProperty(indices, async (chosen) => {
        const expected = new Float32Array(6 * 3);
        chosen.forEach((row, m) => {
          for (let d = 0; d < 3; d++) expected[row * 3 + d]! += m * 3 + d + 1;
        });
        // Sums of integers below 2²⁴ are exact in any order.
        expect(farthest(await gradient(6, 3, chosen), expected)).toBe(0);
      }),
      { seed: 5, numRuns: 60 },
    );
  });

  it.each([-1, 3, 2 ** 30])('refuses the index %i of three rows', (index) => {
    const matrix = tensor<tf.Rank.R2>([3, 2], 1);
    expect(() => takeRows(matrix, Int32Array.of(0, index))).toThrow(
      `expected row indices in [0, 3), received ${index}`,
    );
    matrix.dispose();
  });

  it('leaves no tensor behind', async () => {
    await gradient(4, 2, [1, 1, 1, 1, 1, 1]);
    const before = tf.memory().numTensors;
    await gradient(4, 2, [1, 1, 1, 1, 1, 1]);
    expect(tf.memory().numTensors).toBe(before);
  });
});
