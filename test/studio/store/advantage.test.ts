import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupAdvantages as engineAdvantages } from '../../../src/engine/crpo/advantage';
import type { RunConfig } from '../../../src/protocol';
import { groupAdvantages, meanAndDeviation, rankOf } from '../../../src/studio/store/advantage';

type Settings = RunConfig['advantage'];
const settings = (scale: Settings['scale']): Settings => ({
  scale,
  combine: 'sum-then-normalize',
  epsilon: 1e-4,
});
const SCALES = ['std', 'none', 'leave-one-out'] as const;

describe('groupAdvantages', () => {
  it('divides by the deviation, only subtracts the mean, or leaves one out', () => {
    // Rewards 12, 2, 4: mean 6, deviations 6, −4, −2, variance (36 + 16 + 4) / 2 = 28.
    const rewards = [12, 2, 4];
    const std = Math.sqrt(28) + 1e-4;
    expect(groupAdvantages(rewards, settings('std'))).toEqual([6 / std, -4 / std, -2 / std]);
    expect(groupAdvantages(rewards, settings('none'))).toEqual([6, -4, -2]);
    // 12 against the mean of the others, (2 + 4) / 2 = 3; 2 against 8; 4 against 7.
    const left = groupAdvantages(rewards, settings('leave-one-out'))!;
    expect(left.map((value) => Number(value.toFixed(12)))).toEqual([9, -6, -3]);
  });

  it('leaves an unscored rollout outside the mean, at 0', () => {
    expect(groupAdvantages([3, null, 1], settings('none'))).toEqual([1, 0, -1]);
  });

  it('gives zeros where all rewards are the same, and for a group of one or none', () => {
    for (const scale of SCALES) {
      expect(groupAdvantages([0.1, 0.1, 0.1], settings(scale))).toEqual([0, 0, 0]);
      expect(groupAdvantages([5], settings(scale))).toEqual([0]);
      expect(groupAdvantages([null, null], settings(scale))).toEqual([0, 0]);
    }
  });

  it('is not computed where each objective is normalised over the batch', () => {
    expect(groupAdvantages([1, 2], { ...settings('std'), combine: 'normalize-then-sum' })).toBeNull();
  });

  it('agrees with the advantages that the engine records', () => {
    const reward = fc.option(fc.double({ min: -20, max: 20, noNaN: true }), { freq: 5 });
    fc.assert(
      fc.property(
        fc.array(reward, { minLength: 1, maxLength: 8 }),
        fc.constantFrom(...SCALES),
        (rewards, scale) => {
          const group = rewards.map((each) => ({ rewards: {}, contributions: {}, reward: each }));
          const recorded = engineAdvantages(group, group.length, settings(scale), {});
          const shown = groupAdvantages(rewards, settings(scale))!;
          recorded.forEach((advantage, index) => {
            expect(Math.abs(shown[index]! - advantage)).toBeLessThan(1e-9 * (1 + Math.abs(advantage)));
          });
        },
      ),
      { seed: 11, numRuns: 300 },
    );
  });
});

describe('meanAndDeviation', () => {
  it('divides by n − 1', () => {
    expect(meanAndDeviation([12, 2])).toEqual({ mean: 7, std: Math.sqrt(50) });
    expect(meanAndDeviation([12])).toEqual({ mean: 12, std: 0 });
    expect(meanAndDeviation([])).toEqual({ mean: 0, std: 0 });
  });
});

describe('rankOf', () => {
  it('counts what is higher; equals share the better rank', () => {
    const rewards = [5, 9, 5, null, 1];
    expect(rewards.map((_, index) => rankOf(rewards, index))).toEqual([2, 1, 2, null, 4]);
  });
});
