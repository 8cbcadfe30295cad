import { describe, expect, it } from 'vitest';
import { NEVER_PAUSED } from '../../../src/engine/crpo/environment';
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

const intervals = (ratios: readonly Ratio[], cases: number, seed: number, resamples?: number) =>
  bootstrapIntervals(ratios, cases, seed, NEVER_PAUSED, resamples);

describe('bootstrapIntervals', () => {
  const mixed = ratio([3, 0, 1.5, -2, 7, 0], [1, 0, 2, 1, 4, 0]);

  it('equals a slow reference on the same draws', async () => {
    for (const each of [ratio([0, 1, 1, 0, 1, 0, 0, 1, 1]), mixed, ratio([1, 2])]) {
      const [found] = await intervals([each], each.numerators.length, 11, 400);
      const [low, high] = slowInterval(each, 11, 400);
      expect(found!.low).toBeCloseTo(low, 12);
      expect(found!.high).toBeCloseTo(high, 12);
    }
  });

  it('is a function of its seed, and of nothing beside a figure', async () => {
    const values = ratio(Array.from({ length: 40 }, (_, i) => (i * 7) % 11));
    const [alone] = await intervals([values], 40, 5);
    expect((await intervals([values], 40, 5))[0]).toEqual(alone);
    expect((await intervals([ratio(new Array(40).fill(1)), values], 40, 5))[1]).toEqual(alone);
    expect((await intervals([values], 40, 6))[0]).not.toEqual(alone);
  });

  it('lets the host breathe in bounded work, with the same numbers, and stops when asked to', async () => {
    const cases = 5000;
    const values = ratio(Array.from({ length: cases }, (_, i) => (i * 7) % 11));
    const ratios = Array.from({ length: 20 }, () => values);
    let breaths = 0;
    const breathe = async () => void breaths++;
    const [first] = await bootstrapIntervals(ratios, cases, 5, { ...NEVER_PAUSED, breathe }, 100);
    // A resample costs 8 · 5000 for its draws and 20 · 5000 for its sums: 28 of them are 4e6 at most.
    expect(breaths).toBe(4);
    breaths = 0;
    expect(await bootstrapIntervals([values], cases, 5, { ...NEVER_PAUSED, breathe }, 100)).toEqual([first]);
    expect(breaths).toBe(2);
    const signal = {
      throwIfAborted: () => {
        if (breaths === 4) throw new Error('enough');
      },
    };
    await expect(bootstrapIntervals([values], cases, 5, { breathe, signal })).rejects.toThrow('enough');
    expect(breaths).toBe(4);
  });

  it('has no interval for fewer than two cases that count', async () => {
    expect(await intervals([ratio([1])], 1, 1)).toEqual([null]);
    expect(await intervals([ratio([1, 0, 0], [1, 0, 0])], 3, 1)).toEqual([null]);
    expect(await intervals([], 0, 1)).toEqual([]);
  });

  it('sums over some cases as over all with nothing elsewhere', async () => {
    const some = { ...ratio([1, 0, 1], [1, 1, 1]), positions: Uint32Array.of(0, 3, 4) };
    const all = ratio([1, 0, 0, 0, 1, 0], [1, 0, 0, 1, 1, 0]);
    const [ofSome, ofAll] = await intervals([some, all], 6, 8);
    expect(ofSome).toEqual(ofAll);
  });

  it('covers the true share in 90 to 98 of 100 samples', async () => {
    // 200 samples of 60 cases that are right with probability 0.4; their draws are a stream of their own.
    const truth = 0.4;
    let covered = 0;
    for (let set = 0; set < 200; set++) {
      const values = Array.from({ length: 60 }, (_, i) => Number(uniform(99, 'init', set, i) < truth));
      const [interval] = await intervals([ratio(values)], 60, set, 400);
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
