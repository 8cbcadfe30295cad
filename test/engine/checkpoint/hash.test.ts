import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Sha256, sha256, sha256OfTensors } from '../../../src/engine/checkpoint/hash';
import type { NamedArray } from '../../../src/engine/files';

const node = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

describe('Sha256', () => {
  it('gives the published digests', () => {
    // FIPS 180-4 examples: "abc", the empty message, and 448 bits, where padding takes a block of its own.
    const digest = (text: string) => new Sha256().update(new TextEncoder().encode(text)).digest();
    expect(digest('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(digest('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(digest('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq')).toBe(
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    );
  });

  it('does not care how the bytes are cut', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 });
    fc.assert(
      fc.property(pieces, (cut) => {
        const hash = new Sha256();
        for (const piece of cut) hash.update(piece);
        expect(hash.digest()).toBe(node(Buffer.concat(cut)));
      }),
      { seed: 3, numRuns: 300 },
    );
  });
});

describe('sha256', () => {
  it('hashes a view, not what lies around it', async () => {
    const bytes = Uint8Array.of(9, 1, 2, 3, 9);
    expect(await sha256(bytes.subarray(1, 4))).toBe(node(Uint8Array.of(1, 2, 3)));
  });
});

describe('sha256OfTensors', () => {
  const tensor = (name: string, shape: number[], values: number[]): NamedArray => ({
    name,
    shape,
    data: Float32Array.from(values),
  });
  const a = tensor('a', [2], [1, 2]);
  const b = tensor('b', [1], [3]);

  it('is the hash of the list of hashes', async () => {
    const line = ({ name, shape, data }: NamedArray) =>
      JSON.stringify([name, shape, node(new Uint8Array(data.buffer))]);
    expect(await sha256OfTensors([b, a])).toBe(node(`${line(a)}\n${line(b)}`));
  });

  it('changes with a name, a shape, or a bit', async () => {
    const hashes = await Promise.all(
      [
        [a, b],
        [tensor('c', [2], [1, 2]), b],
        [tensor('a', [1, 2], [1, 2]), b],
        [tensor('a', [2], [1, -2]), b],
      ].map(sha256OfTensors),
    );
    expect(new Set(hashes).size).toBe(4);
  });
});
