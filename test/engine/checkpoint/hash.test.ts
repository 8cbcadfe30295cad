import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { HASHED_VALUES, sha256, TensorHash } from '../../../src/engine/checkpoint/hash';
import type { NamedArray } from '../../../src/engine/files';

const node = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

describe('sha256', () => {
  it('hashes a view, not what lies around it', async () => {
    const bytes = Uint8Array.of(9, 1, 2, 3, 9);
    expect(await sha256(bytes.subarray(1, 4))).toBe(node(Uint8Array.of(1, 2, 3)));
  });
});

describe('TensorHash', () => {
  const tensor = (name: string, shape: number[], values: number[]): NamedArray => ({
    name,
    shape,
    data: Float32Array.from(values),
  });
  const hashOf = async (tensors: readonly NamedArray[]) => {
    const hash = new TensorHash();
    for (const { name, shape, data } of tensors) await hash.add(name, shape, data);
    return hash.digest();
  };
  const a = tensor('a', [2], [1, 2]);
  const b = tensor('b', [1], [3]);

  it('is the hash of the list of hashes', async () => {
    const line = ({ name, shape, data }: NamedArray) =>
      JSON.stringify([name, shape, node(new Uint8Array(data.buffer))]);
    expect(await hashOf([b, a])).toBe(node(`${line(a)}\n${line(b)}`));
  });

  it('changes with a name, a shape, or a bit', async () => {
    const hashes = await Promise.all(
      [
        [a, b],
        [tensor('c', [2], [1, 2]), b],
        [tensor('a', [1, 2], [1, 2]), b],
        [tensor('a', [2], [1, -2]), b],
      ].map(hashOf),
    );
    expect(new Set(hashes).size).toBe(4);
  });

  it('is the same for a tensor that comes whole and one that comes in pieces', async () => {
    const data = new Float32Array(HASHED_VALUES + 2).fill(1).fill(2, HASHED_VALUES);
    const hash = new TensorHash();
    for (const piece of [data.subarray(0, HASHED_VALUES), data.subarray(HASHED_VALUES)])
      await hash.add('w', [data.length], piece);
    expect(await hash.digest()).toBe(await hashOf([{ name: 'w', shape: [data.length], data }]));
  });
});
