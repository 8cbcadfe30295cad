import { describe, expect, it } from 'vitest';
import type { Earned } from '../../../src/engine/crpo/advantage';
import { completionMetrics, rewardMetrics, rolloutRecords } from '../../../src/engine/crpo/metrics';
import type { ScoredRollout } from '../../../src/engine/crpo/score';

const earned = (reward: number | null, rewards: Earned['rewards'] = {}): Earned => ({
  reward,
  rewards,
  contributions: {},
});

describe('rewardMetrics', () => {
  it('worked by hand: two groups of three', () => {
    // Rewards 1, 2, 3 (deviation 1) and 5, 5, 5 (dead): mean 21/6 = 3.5, mean deviation 0.5, half of the groups dead.
    // accuracy 0, 1, 0 | 1, 1, 1: mean 4/6, deviation √((2 · (4/6)² + 4 · (2/6)²) / 5) = √(12/45).
    const rollouts = [
      earned(1, { accuracy: 0 }),
      earned(2, { accuracy: 1 }),
      earned(3, { accuracy: 0 }),
      ...new Array(3).fill(earned(5, { accuracy: 1 })),
    ];
    const metrics = rewardMetrics(rollouts, 3);
    expect(metrics).toEqual({
      reward: 3.5,
      reward_std: 0.5,
      frac_reward_zero_std: 0.5,
      unscored: 0,
      'rewards/accuracy/mean': expect.closeTo(4 / 6, 12),
      'rewards/accuracy/std': expect.closeTo(Math.sqrt(12 / 45), 12),
      'dead_groups/accuracy': 0.5,
    });
  });

  it('leaves out what is null or unscored, and what nothing defines', () => {
    // citation applies to no rollout of the second group: it is dead there neither way.
    const rollouts = [
      earned(1, { citation: 0.2 }),
      earned(null),
      earned(3, { citation: null }),
      earned(4, { citation: null }),
    ];
    expect(rewardMetrics(rollouts, 2)).toEqual({
      reward: expect.closeTo(8 / 3, 12),
      reward_std: expect.closeTo(Math.SQRT1_2, 12),
      // The first group has one reward: nothing to compare.
      frac_reward_zero_std: 0.5,
      unscored: 1,
      'rewards/citation/mean': 0.2,
      'dead_groups/citation': 1,
    });
    expect(rewardMetrics([earned(null), earned(null)], 2)).toEqual({ frac_reward_zero_std: 1, unscored: 2 });
  });
});

const rollout = (tokens: number, truncated: boolean): ScoredRollout => ({
  prompt: {
    case: { id: 'case-7', line: 7, question: '', options: {}, answer: 'B' },
    text: 'Q',
    tokens: [1, 2],
  },
  promptTokens: [1, 2],
  completionTokens: new Array(tokens).fill(3),
  truncated,
  oldLogprobs: new Float32Array(tokens).fill(-0.5),
  text: 'A',
  rewards: { accuracy: 1 },
  contributions: { accuracy: 10 },
  reward: 10,
});

describe('completionMetrics', () => {
  it('has lengths, the share cut off and the rate', () => {
    expect(completionMetrics([rollout(2, false), rollout(4, true)], 500)).toEqual({
      'completions/mean_length': 3,
      'completions/min_length': 2,
      'completions/max_length': 4,
      'completions/clipped_ratio': 0.5,
      tokens_per_second: 12,
    });
  });
});

describe('rolloutRecords', () => {
  it('numbers groups and places, and says why there is no reward', () => {
    const { reward: _, ...unscored } = { ...rollout(2, false), unscored: 'internal: boom' };
    const records = rolloutRecords(
      4,
      [rollout(3, true), rollout(2, false), { ...unscored, reward: null }, rollout(2, false)],
      [1, -1, 0, 0],
      2,
    );
    expect(records.map(({ id }) => id)).toEqual(['4/0/0', '4/0/1', '4/1/0', '4/1/1']);
    expect(records[0]).toEqual({
      id: '4/0/0',
      step: 4,
      group: 0,
      index: 0,
      caseId: 'case-7',
      case: { question: '', options: {}, answer: 'B' },
      prompt: 'Q',
      completion: 'A',
      gold: 'B',
      promptTokens: 2,
      completionTokens: 3,
      truncated: true,
      rewards: { accuracy: 1 },
      contributions: { accuracy: 10 },
      reward: 10,
      advantage: 1,
      meanLogprob: -0.5,
    });
    expect(records[2]).toMatchObject({ reward: null, unscored: 'internal: boom', advantage: 0 });
  });
});
