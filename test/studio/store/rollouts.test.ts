import { describe, expect, it } from 'vitest';
import type { RolloutRecord } from '../../../src/protocol';
import {
  groupStatistics,
  isCorrect,
  keepRollouts,
  ROLLOUT_CHARACTER_LIMIT,
  ROLLOUT_LIMIT,
  rolloutRows,
  siblings,
} from '../../../src/studio/store/rollouts';
import { rollout } from '../records';

const batch = (step: number, count: number, changes: Partial<RolloutRecord> = {}) =>
  Array.from({ length: count }, (_, index) => rollout(step, 0, index, changes));

describe('keepRollouts', () => {
  it('drops the oldest steps whole once there are too many', () => {
    let kept: readonly RolloutRecord[] = [];
    for (let step = 1; step <= 5; step++) kept = keepRollouts(kept, batch(step, ROLLOUT_LIMIT / 4));
    expect(kept.length).toBe(ROLLOUT_LIMIT);
    expect(new Set(kept.map(({ step }) => step))).toEqual(new Set([2, 3, 4, 5]));
  });

  it('bounds the text too, and always keeps the newest step', () => {
    const long = 'x'.repeat(ROLLOUT_CHARACTER_LIMIT / 2);
    const first = keepRollouts([], batch(1, 1, { completion: long }));
    const second = keepRollouts(first, batch(2, 3, { completion: long }));
    expect(second.map(({ step }) => step)).toEqual([2, 2, 2]);
  });

  it('forgets what a resumed run samples again', () => {
    const before = [...batch(1, 2), ...batch(2, 2), ...batch(3, 2)];
    const after = keepRollouts(before, batch(2, 1, { completion: 'again' }));
    expect(after.map(({ step, completion }) => [step, completion === 'again'])).toEqual([
      [1, false],
      [1, false],
      [2, true],
    ]);
  });

  it('stays the same list when a step brings none', () => {
    const kept = batch(1, 2);
    expect(keepRollouts(kept, [])).toBe(kept);
  });
});

describe('rolloutRows', () => {
  const rollouts = [
    rollout(1, 0, 0, { reward: 2, advantage: -1, completionTokens: 9 }),
    rollout(1, 0, 1, { reward: 12, advantage: 1, completionTokens: 30 }),
    rollout(1, 1, 0, { reward: null, completion: 'Pneumonia it is' }),
    rollout(2, 0, 0, { reward: 5, completionTokens: 50 }),
  ];
  const ids = (rows: ReturnType<typeof rolloutRows>) =>
    rows.map((row) => (row.kind === 'group' ? `# ${row.key} ×${row.members.length}` : row.rollout.id));

  it('puts the newest step first, each group under its heading', () => {
    expect(ids(rolloutRows(rollouts, { step: null, text: '', sort: 'newest' }))).toEqual([
      '# 2/0 ×1',
      '2/0/0',
      '# 1/0 ×2',
      '1/0/0',
      '1/0/1',
      '# 1/1 ×1',
      '1/1/0',
    ]);
  });

  it('sorts without headings, the unscored last by reward', () => {
    const sorted = (sort: 'reward' | 'advantage' | 'length') =>
      ids(rolloutRows(rollouts, { step: null, text: '', sort }));
    expect(sorted('reward')).toEqual(['1/0/1', '2/0/0', '1/0/0', '1/1/0']);
    expect(sorted('advantage')[0]).toBe('1/0/1');
    expect(sorted('length')[0]).toBe('2/0/0');
  });

  it('filters by step and by text in case, prompt or completion', () => {
    const found = (step: number | null, text: string) =>
      ids(rolloutRows(rollouts, { step, text, sort: 'reward' }));
    expect(found(2, '')).toEqual(['2/0/0']);
    expect(found(null, ' PNEUMONIA ')).toEqual(['1/1/0']);
    expect(found(null, 'case-1')).toEqual(['1/1/0']);
    expect(found(null, 'nowhere')).toEqual([]);
  });
});

describe('groups', () => {
  it('finds all completions of one prompt in one step', () => {
    const all = [rollout(1, 0, 1), rollout(1, 0, 0), rollout(1, 1, 0), rollout(2, 0, 0)];
    expect(siblings(all, all[0]!).map(({ id }) => id)).toEqual(['1/0/0', '1/0/1']);
  });

  it('has the mean and sample deviation of its scored rewards', () => {
    // 2, 4, 9: mean 5, squares 9 + 1 + 16 = 26, 26 / 2 = 13.
    const members = [2, 4, 9, null].map((reward, index) => rollout(1, 0, index, { reward }));
    expect(groupStatistics(members)).toEqual({ scored: 3, mean: 5, std: Math.sqrt(13) });
    expect(groupStatistics(members.slice(0, 1))).toEqual({ scored: 1, mean: 2, std: 0 });
    expect(groupStatistics([])).toEqual({ scored: 0, mean: 0, std: 0 });
  });

  it('is right by the accuracy objective alone', () => {
    const correct = (accuracy: number | null) => isCorrect(rollout(1, 0, 0, { rewards: { accuracy } }));
    expect([correct(1), correct(0), correct(-3), correct(null)]).toEqual([true, false, false, null]);
  });
});
