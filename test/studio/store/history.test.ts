import { describe, expect, it } from 'vitest';
import { appendSteps, emptyHistory, HISTORY_LIMIT, latest } from '../../../src/studio/store/history';
import { step } from '../records';

const bare = (number: number, metrics: Record<string, number>) => ({ ...step(number), metrics });

describe('appendSteps', () => {
  it('keeps columns aligned when a metric comes late, is missing, or is no number', () => {
    const history = appendSteps(emptyHistory, [
      bare(1, { reward: 1 }),
      bare(2, { reward: 2, kl: 0.5 }),
      bare(3, { kl: Number.NaN }),
    ]);
    expect(history.steps).toEqual([1, 2, 3]);
    expect({ ...history.columns }).toEqual({ reward: [1, 2, null], kl: [null, 0.5, null] });
    expect(latest(history, 'reward')).toBe(2);
    expect(latest(history, 'entropy')).toBeNull();
  });

  it('does not change the history it was given', () => {
    const before = appendSteps(emptyHistory, [bare(1, { reward: 1 })]);
    appendSteps(before, [bare(2, { reward: 2 })]);
    expect(before.columns.reward).toEqual([1]);
  });

  it('rewinds when a resumed run repeats steps', () => {
    const before = appendSteps(
      emptyHistory,
      [1, 2, 3, 4].map((at) => bare(at, { reward: at })),
    );
    const after = appendSteps(before, [bare(3, { reward: 30 })]);
    expect(after.steps).toEqual([1, 2, 3]);
    expect(after.columns.reward).toEqual([1, 2, 30]);
  });

  it('takes a metric named like an object’s own property', () => {
    const history = appendSteps(emptyHistory, [bare(1, { constructor: 5, toString: 6 })]);
    expect(history.columns.constructor).toEqual([5]);
    expect(latest(history, 'toString')).toBe(6);
  });

  it('thins its older half beyond the limit and keeps the newest', () => {
    const records = Array.from({ length: HISTORY_LIMIT + 1 }, (_, at) => bare(at + 1, { reward: at }));
    const history = appendSteps(emptyHistory, records);
    // 20,001 records: of the older 10,000 every second leaves.
    expect(history.steps.length).toBe(15_001);
    expect(history.columns.reward!.length).toBe(history.steps.length);
    expect(history.steps.slice(0, 3)).toEqual([1, 3, 5]);
    expect(history.steps.slice(-2)).toEqual([HISTORY_LIMIT, HISTORY_LIMIT + 1]);
  });
});
