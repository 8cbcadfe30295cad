import { describe, expect, it } from 'vitest';
import { estimate, quantile } from '../../../src/studio/store/eta';
import { appendSteps, emptyHistory } from '../../../src/studio/store/history';
import { config, step } from '../records';

const historyOf = (times: readonly number[]) =>
  appendSteps(
    emptyHistory,
    times.map((time, index) => step(index + 1, { step_time: time })),
  );

describe('estimate', () => {
  it('says nothing for the first three steps', () => {
    expect(estimate(historyOf([20, 2, 2]), config, 3)).toBeNull();
    expect(estimate(historyOf([20, 2, 2, 2]), config, 4)).not.toBeNull();
  });

  it('takes the median of the recent steps, without the first, which compiles', () => {
    // Without 60: 2 2 3 3 10 → median 3, quartiles 2 and 3: 3 ∓ 0.5. Four of ten steps remain.
    expect(estimate(historyOf([60, 2, 3, 10, 2, 3]), config, 6)).toEqual({ lowSeconds: 10, highSeconds: 14 });
  });

  it('averages over a rollout batch, because only its first update samples', () => {
    // Batches of two updates: 9 + 1 → 5 s per step; five of ten remain after step 5.
    const twice = { ...config, update: { ...config.update, miniBatches: 2 } };
    expect(estimate(historyOf([60, 9, 1, 9, 1]), twice, 5)).toEqual({ lowSeconds: 25, highSeconds: 25 });
  });

  it('looks back no further than 20 steps', () => {
    const times = [60, ...new Array(30).fill(50), ...new Array(20).fill(1)];
    expect(estimate(historyOf(times), { ...config, steps: 61 }, 51)).toEqual({
      lowSeconds: 10,
      highSeconds: 10,
    });
  });

  it('is zero at the end, never negative', () => {
    expect(estimate(historyOf([2, 2, 2, 2]), { ...config, steps: 4 }, 4)).toEqual({
      lowSeconds: 0,
      highSeconds: 0,
    });
  });
});

describe('quantile', () => {
  it('interpolates between neighbours', () => {
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
    expect(quantile([1, 2, 3, 4], 0.25)).toBe(1.75);
    expect(quantile([7], 0.9)).toBe(7);
  });
});
