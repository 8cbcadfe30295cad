import fc from 'fast-check';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { tf } from '../../../src/engine/tensor';
import { useBackend } from './backends';

beforeAll(() => useBackend('wasm'));

/** Per axis: its length, where the box begins, how far it goes (0 to what is left). */
const axis = fc
  .integer({ min: 1, max: 5 })
  .chain((length) => fc.tuple(fc.constant(length), fc.nat(length - 1)))
  .chain(([length, begin]) => fc.tuple(fc.constant(length), fc.constant(begin), fc.nat(length - begin)));

const dtype = fc.constantFrom('float32' as const, 'int32' as const, 'bool' as const);

/** 0, 1, 2, … in that shape; alternating for bool. */
function counting(shape: number[], type: 'float32' | 'int32' | 'bool'): tf.Tensor {
  const count = tf.util.sizeFromShape(shape);
  const numbers = Array.from({ length: count }, (_, at) => (type === 'bool' ? at % 2 : at));
  return tf.tensor(numbers, shape, type);
}

/** The values of a box by its indices, one by one. */
function boxValues(values: ArrayLike<number>, shape: number[], begin: number[], size: number[]): number[] {
  const out: number[] = [];
  const visit = (at: number, index: number): void => {
    if (at === shape.length) out.push(values[index]!);
    else for (let i = 0; i < size[at]!; i++) visit(at + 1, index * shape[at]! + begin[at]! + i);
  };
  visit(0, 0);
  return out;
}

describe('slices on wasm', () => {
  it('are the values of the box, for any box of any shape and type', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(axis, { minLength: 1, maxLength: 5 }), dtype, async (axes, type) => {
        const [shape, begin, size] = [0, 1, 2].map((part) => axes.map((each) => each[part]!)) as [
          number[],
          number[],
          number[],
        ];
        const x = counting(shape, type);
        const cut = tf.slice(x, begin, size);
        expect([cut.shape, cut.dtype]).toEqual([size, type]);
        expect(Array.from(await cut.data())).toEqual(boxValues(await x.data(), shape, begin, size));
        tf.dispose([x, cut]);
      }),
      { seed: 3, numRuns: 150 },
    );
  });

  it('take a begin alone, and a size of −1 for what is left', async () => {
    const x = counting([3, 2], 'float32');
    expect(await tf.slice(x, 1).array()).toEqual([
      [2, 3],
      [4, 5],
    ]);
    expect(await tf.slice(x, [1, 1], [-1, 1]).array()).toEqual([[3], [5]]);
  });

  it('split along any axis, in order', async () => {
    const x = counting([2, 5, 3], 'float32');
    const parts = tf.split(x, [1, 0, 4], -2);
    expect(parts.map(({ shape }) => shape)).toEqual([
      [2, 1, 3],
      [2, 0, 3],
      [2, 4, 3],
    ]);
    const received = await Promise.all(parts.map(async (part) => Array.from(await part.data())));
    const rows = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);
    expect(received).toEqual([[...rows(0, 3), ...rows(15, 18)], [], [...rows(3, 15), ...rows(18, 30)]]);
    const quarters = tf.split(counting([8], 'int32'), 4);
    expect(Array.from(await quarters[3]!.data())).toEqual([6, 7]);
  });

  it('have the gradient that puts the upstream back in its place', async () => {
    const f = (x: tf.Tensor) => {
      const [first, second] = tf.split(x, [1, 2], 1) as [tf.Tensor, tf.Tensor];
      return tf.add(tf.sum(first), tf.sum(tf.mul(tf.slice(second, [1, 0], [1, 2]), 10)));
    };
    const dx = tf.grad(f)(tf.zeros([2, 3]));
    expect(await dx.array()).toEqual([
      [1, 0, 0],
      [1, 10, 10],
    ]);
  });

  it('are right where the copy makes the heap grow', async () => {
    const x = tf.range(0, 6_000_000, 1, 'int32');
    const parts = tf.split(x, [1, 5_999_999]);
    const copies = Array.from({ length: 8 }, () => tf.slice(parts[1]!, [1], [5_999_998]));
    for (const copy of copies) {
      const values = await copy.data();
      expect([values[0], values.at(-1)]).toEqual([2, 5_999_999]);
    }
    tf.dispose([x, ...parts, ...copies]);
  });

  it('read nothing but what they copy', () => {
    const x = tf.zeros([64]);
    const read = vi.spyOn(tf.backend() as unknown as { readSync(id: object): unknown }, 'readSync');
    tf.dispose([tf.slice(x, [8], [8]), ...tf.split(x, 4)]);
    expect(read).not.toHaveBeenCalled();
    read.mockRestore();
    x.dispose();
  });

  it('leave strings to tfjs, and no tensor behind', async () => {
    const words = tf.tensor1d(['a', 'b', 'c']);
    const cut = tf.slice(words, [1], [2]);
    expect(await cut.data()).toEqual(['b', 'c']);
    tf.dispose([words, cut]);
    const x = tf.zeros([4, 4]);
    const before = tf.memory().numTensors;
    tf.dispose([tf.slice(x, [0, 1], [4, 2]), ...tf.split(x, 2, 1)]);
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
  });
});
