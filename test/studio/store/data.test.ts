import { describe, expect, it } from 'vitest';
import type { OverlapReport } from '../../../src/protocol';
import {
  advanceComparison,
  type Comparison,
  findOverlap,
  heldOutComparison,
  noData,
  putOverlap,
  withoutDataset,
} from '../../../src/studio/store/data';
import { config } from '../records';

const split = { heldOutFraction: 0.2, splitSeed: 1 };
const between = (train: string, test: string, changes: Partial<Comparison> = {}): Comparison => ({
  train: { datasetId: train, part: 'all' },
  test: { datasetId: test, part: 'all' },
  split,
  ...changes,
});
const report = (exact: number): OverlapReport => ({
  train: { name: 'a', part: 'all', rows: 1 },
  test: { name: 'b', part: 'all', rows: 1 },
  exact,
  sharedAny: 0,
  sharedHalf: 0,
  tooShort: 0,
  examples: [],
});

describe('comparisons', () => {
  it('are found again by what was compared; the split matters only to parts', () => {
    const whole = putOverlap(noData, between('a', 'b'), report(1));
    expect(findOverlap(whole, between('a', 'b', { split: { ...split, splitSeed: 2 } }))?.exact).toBe(1);
    expect(findOverlap(whole, between('b', 'a'))).toBeUndefined();

    const parts = between('a', 'a', { test: { datasetId: 'a', part: 'held-out' } });
    const state = putOverlap(whole, parts, report(2));
    expect(findOverlap(state, parts)?.exact).toBe(2);
    expect(findOverlap(state, { ...parts, split: { ...split, splitSeed: 2 } })).toBeUndefined();
  });

  it('are kept once each, twenty in all, and go with their dataset', () => {
    let state = putOverlap(noData, between('a', 'b'), report(1));
    state = putOverlap(state, between('a', 'b'), report(3));
    expect(state.overlaps).toHaveLength(1);
    expect(findOverlap(state, between('a', 'b'))?.exact).toBe(3);
    for (let i = 0; i < 25; i++) state = putOverlap(state, between('a', `c${i}`), report(i));
    expect(state.overlaps).toHaveLength(20);
    expect(withoutDataset(state, 'c24').overlaps).toHaveLength(19);
    expect(withoutDataset(state, 'a').overlaps).toEqual([]);
  });

  it('go on only while one is under way', () => {
    expect(advanceComparison(noData, 5, 9)).toBe(noData);
    const under = { ...noData, comparing: { of: between('a', 'b'), done: 0, total: 0 } };
    expect(advanceComparison(under, 5, 9).comparing).toMatchObject({ done: 5, total: 9 });
  });

  it('of a run’s own parts need a held-out share', () => {
    const draft = { ...config, data: split };
    expect(heldOutComparison('a', { ...draft, data: { ...split, heldOutFraction: 0 } })).toBeNull();
    expect(heldOutComparison(null, draft)).toBeNull();
    expect(heldOutComparison('a', draft)).toEqual({
      train: { datasetId: 'a', part: 'train' },
      test: { datasetId: 'a', part: 'held-out' },
      split,
    });
  });
});
