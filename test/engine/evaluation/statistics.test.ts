import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  majorityAnswer,
  mcnemarPValue,
  passAtK,
  quantile,
  totalVariation,
  wilsonInterval,
} from '../../../src/engine/evaluation/statistics';

/** Each table says by which call it was made. */
const known = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../fixtures/evaluation/statistics.json'), 'utf8'),
) as Record<'binomtest' | 'wilson' | 'passAtK', { rows: number[][] }> & {
  quantile: { values: number[]; rows: number[][] };
};

/** Relative, but never finer than the smallest normal double. */
function expectNear(actual: number, expected: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-12 * Math.abs(expected) + 1e-300);
}

describe('mcnemarPValue', () => {
  it.each(known.binomtest.rows)('equals scipy’s binomtest(%i, %i)', (k, n, p) => {
    expectNear(mcnemarPValue(k!, n! - k!), p!);
    expectNear(mcnemarPValue(n! - k!, k!), p!);
  });

  it('is worked by hand for 1 against 3', () => {
    // Of 2⁴ equally likely ways, C(4,0) + C(4,1) = 5 are as uneven on one side: 2 · 5/16.
    expect(mcnemarPValue(1, 3)).toBe(0.625);
  });

  it('stands thousands of pairs, and none', () => {
    expect(mcnemarPValue(0, 0)).toBe(1);
    expect(mcnemarPValue(50_000, 50_000)).toBe(1);
    expect(mcnemarPValue(0, 1_000_000)).toBe(0);
    // Half a standard deviation of √n/2 = 500 off: near the normal's 2·Φ(−0.5) = 0.617.
    expect(mcnemarPValue(499_750, 500_250)).toBeCloseTo(0.617, 2);
  });
});

describe('wilsonInterval', () => {
  it.each(known.wilson.rows)('equals scipy’s for %i of %i', (k, n, low, high) => {
    const interval = wilsonInterval(k!, n!)!;
    expect(interval.low).toBeCloseTo(low!, 12);
    expect(interval.high).toBeCloseTo(high!, 12);
  });

  it('has nothing to say of nothing', () => {
    expect(wilsonInterval(0, 0)).toBeNull();
  });
});

describe('passAtK', () => {
  it.each(known.passAtK.rows)('is exact for n = %i, c = %i, k = %i', (n, c, k, value) => {
    expect(passAtK(n!, c!, k!)).toBeCloseTo(value!, 14);
  });

  it('is the share of the k-subsets that hold a correct completion', () => {
    // Three of five are wrong; of the ten pairs, three hold only wrong ones.
    expect(passAtK(5, 2, 2)).toBeCloseTo(1 - 3 / 10, 15);
  });
});

describe('majorityAnswer', () => {
  it.each([
    [['A', 'B', 'B'], 'B'],
    [['B', 'A', 'A', 'B'], 'B'], // a tie: B was seen first
    [[null, null, null, 'C'], 'C'], // what cannot be read does not vote
    [[null, null], null],
    [[], null],
  ])('of %j is %j', (answers, winner) => {
    expect(majorityAnswer(answers)).toBe(winner);
  });
});

describe('quantile', () => {
  it.each(known.quantile.rows)('equals numpy’s at %d', (q, value) => {
    expect(quantile(Float64Array.from(known.quantile.values).sort(), q!)).toBeCloseTo(value!, 14);
  });

  it('lies between the extremes', () => {
    const values = fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1 });
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (list, q) => {
        const ascending = Float64Array.from(list).sort();
        const found = quantile(ascending, q);
        expect(found).toBeGreaterThanOrEqual(ascending[0]!);
        expect(found).toBeLessThanOrEqual(ascending.at(-1)!);
      }),
      { seed: 7 },
    );
    expect(quantile(new Float64Array(0), 0.5)).toBeNaN();
  });
});

describe('totalVariation', () => {
  it('is half the sum of the differences of shares', () => {
    // ½ (|0.5 − 0.25| + |0.5 − 0.25| + |0 − 0.5|)
    expect(totalVariation([2, 2, 0], [1, 1, 2])).toBe(0.5);
    expect(totalVariation([3, 0], [0, 9])).toBe(1);
    expect(totalVariation([10, 20, 30], [1, 2, 3])).toBeCloseTo(0, 15);
  });
});
