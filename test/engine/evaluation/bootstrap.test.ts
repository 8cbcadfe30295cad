import { describe, expect, it } from 'vitest';
import { bootstrapIntervals, type Ratio, ratioOf } from '../../../src/engine/evaluation/bootstrap';
import { STREAMS, threefry2x32, uniform } from '../../../src/engine/random';

const ratio = (numerators: readonly number[], denominators?: readonly number[]): Ratio => ({
  numerators: Float64Array.from(numerators),
  denominators: Float64Array.from(denominators ?? numerators.map(() => 1)),
});

const words = new Uint32Array(2);

/** Independent of the module: materialises each resample, sorts numbers, interpolates on paper's formula. */
function slowInterval(
  { numerators, denominators }: Ratio,
  seed: number,
  resamples: number,
): [number, number] {
  const n = numerators.length;
  const values: number[] = [];
  for (let b = 0; b < resamples; b++) {
    const drawn: number[] = [];
    for (let pair = 0; drawn.length < n; pair++) {
      threefry2x32(seed, STREAMS.bootstrap, b, pair, words);
      for (const word of words) if (drawn.length < n) drawn.push(Math.floor((word / 2 ** 32) * n));
    }
    const top = drawn.map((i) => numerators[i]!).reduce((sum, x) => sum + x, 0);
    const bottom = drawn.map((i) => denominators[i]!).reduce((sum, x) => sum + x, 0);
    if (bottom !== 0) values.push(top / bottom);
  }
  values.sort((a, b) => a - b);
  const at = (q: number) => {
    const h = (values.length - 1) * q;
    const [low, high] = [values[Math.floor(h)]!, values[Math.ceil(h)]!];
    return low + (h - Math.floor(h)) * (high - low);
  };
  return [at(0.025), at(0.975)];
}

describe('bootstrapIntervals', () => {
  const mixed = ratio([3, 0, 1.5, -2, 7, 0], [1, 0, 2, 1, 4, 0]);

  it('equals a slow reference on the same draws', () => {
    for (const each of [ratio([0, 1, 1, 0, 1, 0, 0, 1, 1]), mixed, ratio([1, 2])]) {
      const [found] = bootstrapIntervals([each], each.numerators.length, 11, 400);
      const [low, high] = slowInterval(each, 11, 400);
      expect(found!.low).toBeCloseTo(low, 12);
      expect(found!.high).toBeCloseTo(high, 12);
    }
  });

  it('is a function of its seed, and of nothing beside a figure', () => {
    const values = ratio(Array.from({ length: 40 }, (_, i) => (i * 7) % 11));
    const [alone] = bootstrapIntervals([values], 40, 5);
    expect(bootstrapIntervals([values], 40, 5)[0]).toEqual(alone);
    expect(bootstrapIntervals([ratio(new Array(40).fill(1)), values], 40, 5)[1]).toEqual(alone);
    expect(bootstrapIntervals([values], 40, 6)[0]).not.toEqual(alone);
  });

  it('has no interval for fewer than two cases that count', () => {
    expect(bootstrapIntervals([ratio([1])], 1, 1)).toEqual([null]);
    expect(bootstrapIntervals([ratio([1, 0, 0], [1, 0, 0])], 3, 1)).toEqual([null]);
    expect(bootstrapIntervals([], 0, 1)).toEqual([]);
  });

  it('sums over some cases as over all with nothing elsewhere', () => {
    const some = { ...ratio([1, 0, 1], [1, 1, 1]), positions: Uint32Array.of(0, 3, 4) };
    const all = ratio([1, 0, 0, 0, 1, 0], [1, 0, 0, 1, 1, 0]);
    const [ofSome, ofAll] = bootstrapIntervals([some, all], 6, 8);
    expect(ofSome).toEqual(ofAll);
  });

  it('covers the true share in 90 to 98 of 100 samples', () => {
    // 200 samples of 60 cases that are right with probability 0.4; their draws are a stream of their own.
    const truth = 0.4;
    let covered = 0;
    for (let set = 0; set < 200; set++) {
      const values = Array.from({ length: 60 }, (_, i) => Number(uniform(99, 'init', set, i) < truth));
      const [interval] = bootstrapIntervals([ratio(values)], 60, set, 400);
      if (interval!.low <= truth && truth <= interval!.high) covered++;
    }
    expect(covered / 200).toBeGreaterThanOrEqual(0.9);
    expect(covered / 200).toBeLessThanOrEqual(0.98);
  });
});

describe('ratioOf', () => {
  it('divides sums, so that a case weighs by how often it applies', () => {
    expect(ratioOf(ratio([3, 0, 1.5], [1, 0, 2]))).toBe(1.5);
    expect(ratioOf(ratio([0, 0], [0, 0]))).toBeNull();
  });
});
