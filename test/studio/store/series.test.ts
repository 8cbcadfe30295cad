import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendSteps, emptyHistory } from '../../../src/studio/store/history';
import { decimate, niceTicks, smooth, spreadLabels, xColumn } from '../../../src/studio/store/series';
import { step } from '../records';

describe('smooth', () => {
  it('is the debiased moving average, worked by hand for w = 0.5', () => {
    // s1 = .5·1 = .5           shown .5  / (1 − .5)  = 1
    // s2 = .5·.5 + .5·3 = 1.75 shown 1.75 / (1 − .25) = 2.3333…
    // s3 = .5·1.75 + .5·2 = 1.875 shown 1.875 / (1 − .125) = 2.142857…
    expect(smooth([1, 3, 2], 0.5)).toEqual([1, 1.75 / 0.75, 1.875 / 0.875]);
  });

  it('leaves the values alone at weight 0 and a constant alone at any weight', () => {
    expect(smooth([4, 1, 7], 0)).toEqual([4, 1, 7]);
    for (const value of smooth([2, 2, 2, 2], 0.99)) expect(value).toBeCloseTo(2, 12);
  });

  it('passes over what was not reported', () => {
    // The null neither moves the average nor ages it: the third value is as if it were the second.
    expect(smooth([1, null, 3], 0.5)).toEqual([1, null, 1.75 / 0.75]);
  });
});

describe('decimate', () => {
  const x = Array.from({ length: 5000 }, (_, index) => index);

  it('leaves few points as they are', () => {
    expect(decimate([1, 2, 3], [[4, null, 6]])).toEqual({ x: [1, 2, 3], columns: [[4, null, 6]] });
  });

  it('keeps a one-point spike, the newest point and the order of x', () => {
    const column = x.map((at) => (at === 1234 ? 99 : at === 4321 ? -99 : 0));
    const points = decimate(x, [column]);
    expect(points.x.length).toBeLessThanOrEqual(300);
    expect(Math.max(...(points.columns[0] as number[]))).toBe(99);
    expect(Math.min(...(points.columns[0] as number[]))).toBe(-99);
    expect(points.x.at(-1)).toBe(4999);
    expect(points.x.every((at, index) => index === 0 || at > points.x[index - 1]!)).toBe(true);
    // The spike is drawn within one bucket (5000 / 149 ≈ 34 steps) of where it was.
    expect(Math.abs(points.x[points.columns[0]!.indexOf(99)]! - 1234)).toBeLessThan(34);
  });

  it('keeps every column’s extremes, aligned with x, whatever the values', () => {
    const value = fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }), { freq: 4 });
    const columns = fc
      .integer({ min: 301, max: 900 })
      .chain((count) =>
        fc.tuple(
          fc.array(value, { minLength: count, maxLength: count }),
          fc.array(value, { minLength: count, maxLength: count }),
        ),
      );
    fc.assert(
      fc.property(columns, (given) => {
        const points = decimate(
          given[0].map((_, index) => index),
          given,
        );
        given.forEach((column, index) => {
          const before = column.filter((each) => each !== null);
          const after = points.columns[index]!.filter((each) => each !== null);
          expect(points.columns[index]!.length).toBe(points.x.length);
          expect(Math.max(...after)).toBe(Math.max(...before));
          expect(Math.min(...after)).toBe(Math.min(...before));
        });
      }),
      { seed: 7, numRuns: 60 },
    );
  });
});

describe('xColumn', () => {
  const history = appendSteps(emptyHistory, [
    step(1, { step_time: 5, num_tokens: 100 }),
    step(2, { step_time: 2, num_tokens: 240 }),
  ]);
  it('is the step, the tokens so far, or the training time so far', () => {
    expect(xColumn(history, 'step')).toEqual([1, 2]);
    expect(xColumn(history, 'tokens')).toEqual([100, 240]);
    expect(xColumn(history, 'time')).toEqual([5, 7]);
  });
});

describe('spreadLabels', () => {
  it('moves labels apart and leaves the free one alone', () => {
    expect(spreadLabels([100, 102, 40], 15, 0, 200)).toEqual([100, 115, 40]);
  });

  it('pushes up from the bottom edge', () => {
    expect(spreadLabels([198, 199], 15, 0, 200)).toEqual([185, 200]);
  });

  it('keeps order and distance whenever the labels fit', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 12 }), (wanted) => {
        const placed = spreadLabels(wanted, 15, 0, 300);
        const order = wanted.map((_, index) => index).sort((a, b) => placed[a]! - placed[b]!);
        for (let at = 1; at < order.length; at++) {
          expect(placed[order[at]!]! - placed[order[at - 1]!]!).toBeGreaterThanOrEqual(15);
          expect(wanted[order[at]!]!).toBeGreaterThanOrEqual(wanted[order[at - 1]!]!);
        }
      }),
      { seed: 7 },
    );
  });
});

describe('niceTicks', () => {
  it.each([
    [0, 1.55, 5, [0, 0.5, 1, 1.5]],
    [1, 164, 7, [25, 50, 75, 100, 125, 150]],
    [0.0198, 0.0302, 3, [0.02, 0.025, 0.03]],
    [-20, 12, 5, [-20, -10, 0, 10]],
    [3, 3, 5, [3]],
  ])('from %d to %d', (low, high, count, ticks) => {
    expect(niceTicks(low, high, count)).toEqual(ticks);
  });
});
