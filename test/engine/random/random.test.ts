import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  permutation,
  STREAMS,
  type StreamName,
  sequence,
  threefry2x32,
  uniform,
} from '../../../src/engine/random';

const hex = (key: [number, number], counter: [number, number]): string => {
  const out = new Uint32Array(2);
  threefry2x32(key[0], key[1], counter[0], counter[1], out);
  return Array.from(out, (word) => word.toString(16).padStart(8, '0')).join(' ');
};

describe('Threefry-2x32-20', () => {
  // The three known answers that the Random123 library publishes (kat_vectors, threefry2x32 20).
  it.each([
    [[0, 0], [0, 0], '6b200159 99ba4efe'],
    [[0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], '1cb996fc bb002be7'],
    [[0x13198a2e, 0x03707344], [0x243f6a88, 0x85a308d3], 'c4923a9c 483df7a0'],
  ] as [[number, number], [number, number], string][])('key %j, counter %j', (key, counter, expected) => {
    expect(hex(key, counter)).toBe(expected);
  });

  it('changes about half of the 64 bits when one bit of key or counter flips', () => {
    const bits = (text: string): bigint => BigInt(`0x${text.replace(' ', '')}`);
    let flipped = 0;
    for (let bit = 0; bit < 32; bit++) {
      let difference = bits(hex([7, 9], [1, 2])) ^ bits(hex([7, 9], [(1 ^ (1 << bit)) >>> 0, 2]));
      for (; difference > 0n; difference >>= 1n) flipped += Number(difference & 1n);
    }
    // 32 flips · 64 bits: mean 1024, standard deviation √(2048/4) ≈ 23.
    expect(Math.abs(flipped - 1024)).toBeLessThan(5 * 23);
  });
});

describe('uniform', () => {
  it('is a pure function of seed, stream and counters', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 32 - 1), fc.nat(), fc.nat(), (seed, a, b) => {
        const value = uniform(seed, 'sampling', a, b);
        uniform(seed + 1, 'init', b, a);
        expect(uniform(seed, 'sampling', a, b)).toBe(value);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThan(1);
        expect(Math.fround(value)).toBe(value);
      }),
      { seed: 20251200, numRuns: 200 },
    );
  });

  it('differs between streams, seeds and counters', () => {
    const values = (Object.keys(STREAMS) as StreamName[]).map((stream) => uniform(1, stream, 5, 6));
    values.push(uniform(2, 'init', 5, 6), uniform(1, 'init', 6, 5), uniform(1, 'init', 5, 7));
    expect(new Set(values).size).toBe(values.length);
  });

  it('fills [0, 1) evenly', () => {
    // 64 bins of 1,000 expected draws each: χ² has 63 degrees of freedom, mean 63, deviation √126 ≈ 11.2.
    const bins = new Array<number>(64).fill(0);
    for (let draw = 0; draw < 64_000; draw++)
      bins[Math.floor(uniform(42, 'sampling', draw >> 7, draw & 127) * 64)]!++;
    const chiSquared = bins.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(chiSquared).toBeGreaterThan(63 - 4 * 11.2);
    expect(chiSquared).toBeLessThan(63 + 4 * 11.2);
  });
});

describe('permutation', () => {
  it('holds every index once', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 32 - 1), fc.nat(100), fc.integer({ min: 0, max: 300 }), (seed, pass, size) => {
        const order = permutation(seed, 'promptOrder', pass, size);
        expect(Array.from(order).sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => i));
      }),
      { seed: 20251200, numRuns: 100 },
    );
  });

  it('gives each of the 3! orders its share', () => {
    const counts = new Map<string, number>();
    for (let pass = 0; pass < 6000; pass++) {
      const order = permutation(3, 'miniBatchOrder', pass, 3).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    // 1,000 expected each, deviation √(6000 · 1/6 · 5/6) ≈ 29.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(5 * 29);
  });

  it('differs from pass to pass', () => {
    expect(permutation(1, 'promptOrder', 0, 50)).not.toEqual(permutation(1, 'promptOrder', 1, 50));
  });
});

describe('sequence', () => {
  it('repeats the stream from its start', () => {
    const first = sequence(11, 'init');
    const again = sequence(11, 'init');
    const values = Array.from({ length: 20 }, first);
    expect(Array.from({ length: 20 }, again)).toEqual(values);
    expect(values).toEqual(Array.from({ length: 20 }, (_, draw) => uniform(11, 'init', draw)));
    expect(new Set(values).size).toBe(20);
  });
});
