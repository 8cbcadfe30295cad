import { describe, expect, it } from 'vitest';
import { rope } from '../../../src/engine/kernels/rope';
import * as reference from '../../../src/engine/kernels/rope/reference';
import { rotate, rotationAt } from '../../../src/engine/policy/rope';
import { tf } from '../../../src/engine/tensor';
import { describeOnGpu } from '../gpu/dawn';
import { centralDifferences, expectClose, upload, values } from './compare';

/** `others`: columns after the rotated heads. */
const cases = [
  { rows: 1, heads: 1, headWidth: 4, others: 4, scale: 1 },
  { rows: 5, heads: 3, headWidth: 12, others: 0, scale: 1e4 },
  { rows: 70, heads: 4, headWidth: 16, others: 32, scale: 1 },
  { rows: 33, heads: 6, headWidth: 64, others: 128, scale: 1 },
];
const POSITIONS = 90;

function made({ rows, heads, headWidth, others, scale }: (typeof cases)[number]) {
  const stride = heads * headWidth + others;
  const frequencies = Float64Array.from(
    { length: headWidth / 2 },
    (_, i) => 10_000 ** ((-2 * i) / headWidth),
  );
  return {
    qkv: values(rows * stride, 1, scale),
    table: Float32Array.from(reference.rotationTable(POSITIONS, frequencies)),
    positions: Int32Array.from({ length: rows }, (_, row) => (row * 37 + 3) % POSITIONS),
    frequencies,
    shape: { heads, headWidth, stride },
  };
}

describe('the reference', () => {
  it('turns the pair (x₀, x₂) of a head by hand', () => {
    // a quarter turn takes (1, 2) to (−2, 1); frequency 0 leaves x₁ and x₃
    const table = reference.rotationTable(2, [Math.PI / 2, 0]);
    const shape = { heads: 1, headWidth: 4, stride: 4 };
    expectClose(reference.rope([1, 5, 2, 7], table, [1], shape), [-2, 5, 1, 7], 1e-15);
    expectClose(reference.rope([1, 5, 2, 7], table, [0], shape), [1, 5, 2, 7], 1e-15);
  });

  it.each(cases)('keeps the norm of pairs and turns back: $rows × $heads × $headWidth', (size) => {
    const { qkv, positions, frequencies, shape } = made(size);
    const table = reference.rotationTable(POSITIONS, frequencies);
    const turned = reference.rope(qkv, table, positions, shape);
    expectClose(reference.rope(turned, table, positions, shape, -1), qkv, 1e-14, 'turned back');
    const half = size.headWidth / 2;
    const norms = (x: ArrayLike<number>) =>
      Array.from({ length: size.rows * size.heads * half }, (_, at) => {
        const [row, pair] = [Math.floor(at / (size.heads * half)), at % (size.heads * half)];
        const first = row * shape.stride + Math.floor(pair / half) * size.headWidth + (pair % half);
        return Math.hypot(x[first]!, x[first + half]!);
      });
    expectClose(norms(turned), norms(qkv), 1e-14, 'norms');
  });

  it('has its inverse for a gradient', () => {
    const { qkv, table, positions, shape } = made(cases[1]!);
    const dy = values(qkv.length, 2);
    expectClose(
      reference.rope(dy, table, positions, shape, -1),
      centralDifferences((at) => reference.rope(at, table, positions, shape), values(qkv.length, 3), dy),
      1e-8,
    );
  });
});

describeOnGpu('RoPE', (gpu) => {
  async function turn(size: (typeof cases)[number]): Promise<Float32Array> {
    const data = made(size);
    const rows = Int32Array.from({ length: 4 * size.rows }, (_, at) =>
      at % 4 === 0 ? data.positions[at / 4]! : -1,
    );
    const [qkv, table, segments] = [upload(gpu(), data.qkv), upload(gpu(), data.table), upload(gpu(), rows)];
    rope(gpu(), { qkv, table, segments, rows: size.rows, ...data.shape });
    const found = await gpu().readFloats(qkv);
    gpu().free(qkv, table, segments);
    return found;
  }

  it.each(cases)('$rows rows of $heads heads, $headWidth wide, and $others columns', async (size) => {
    const { qkv, table, positions, shape } = made(size);
    const found = await turn(size);
    expectClose(found, reference.rope(qkv, table, positions, shape), 1e-6);
    const others = (x: Float32Array) => x.filter((_, at) => at % shape.stride >= size.heads * size.headWidth);
    expect(others(found), 'columns after the heads').toEqual(others(qkv));
    expect(await turn(size), 'again, bit by bit').toEqual(found);
  });

  it('turns as the policy does with TensorFlow.js', async () => {
    const size = cases[1]!; // no other columns
    const { qkv, positions, frequencies } = made(size);
    const expected = tf.tidy(() =>
      rotate(tf.tensor3d(qkv, [size.rows, size.heads, size.headWidth]), rotationAt(positions, frequencies)),
    );
    expectClose(await turn(size), await expected.data(), 1e-6);
    expected.dispose();
  });
});
