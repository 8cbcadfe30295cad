import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Earned, groupAdvantages } from '../../../src/engine/crpo/advantage';
import type { RunConfig } from '../../../src/protocol';
import { isClose, vectors } from './vectors';

type Settings = RunConfig['advantage'];

const GRPO: Settings = { scale: 'std', combine: 'sum-then-normalize', epsilon: 1e-4 };
const GDPO: Settings = { ...GRPO, combine: 'normalize-then-sum' };

const earned = (rewards: readonly (number | null)[]): Earned[] =>
  rewards.map((reward) => ({ rewards: {}, contributions: {}, reward }));

/** Ragged groups as equal ones: an unscored rollout stays outside the baseline, as if it were not there. */
function advantagesOfGroups(groups: readonly (readonly number[])[], settings: Settings): number[][] {
  const size = Math.max(...groups.map((group) => group.length));
  const padded = groups.map((group) => [...group, ...new Array<null>(size - group.length).fill(null)]);
  const advantages = groupAdvantages(earned(padded.flat()), size, settings, {});
  return groups.map((group, index) => advantages.slice(index * size, index * size + group.length));
}

function expectClose(received: readonly number[], expected: readonly number[], relative = 1e-5): void {
  expect(received).toHaveLength(expected.length);
  for (const [index, value] of expected.entries())
    expect(
      isClose(received[index]!, value, relative),
      `${index}: ${received[index]} instead of ${value}`,
    ).toBe(true);
}

describe('worked by hand', () => {
  // Two prompts, three completions. Rewards 1, 0, 0.5: mean 0.5, deviation √((0.25 + 0.25 + 0)/2) = 0.5.
  // Rewards 2, 2, 2: a dead group.
  it('centres and scales within each group', () => {
    const advantages = groupAdvantages(earned([1, 0, 0.5, 2, 2, 2]), 3, { ...GRPO, epsilon: 0.5 }, {});
    expect(advantages).toEqual([0.5, -0.5, 0, 0, 0, 0]);
  });

  it('leaves an unscored rollout outside the baseline', () => {
    // Without the null: mean 0.5, no scaling. With it counted as 0 the mean would be 1/3.
    expect(groupAdvantages(earned([1, 0, null]), 3, { ...GRPO, scale: 'none' }, {})).toEqual([0.5, -0.5, 0]);
  });

  it('compares each rollout with the mean of the others', () => {
    // 3 − (1 + 2)/2, 1 − (3 + 2)/2, 2 − (3 + 1)/2
    expect(groupAdvantages(earned([3, 1, 2]), 3, { ...GRPO, scale: 'leave-one-out' }, {})).toEqual([
      1.5, -1.5, 0,
    ]);
  });
});

describe('vectors: advantages', () => {
  const modes: [string, Settings][] = [
    ['trl_group', GRPO],
    ['trl_none_drgrpo', { ...GRPO, scale: 'none' }],
    ['trl_rloo', { ...GRPO, scale: 'leave-one-out' }],
    ['verl_grpo', { ...GRPO, epsilon: 1e-6 }],
    ['verl_drgrpo', { ...GRPO, scale: 'none' }],
    ['verl_rloo_vectorized', { ...GRPO, scale: 'leave-one-out' }],
  ];
  it.each(vectors.advantages)('$id', ({ id, groups, expected, zero_variance_group }) => {
    const relative = ['big_offset', 'tiny_spread'].includes(id) ? 2e-3 : 1e-5;
    let compared = 0;
    for (const [mode, settings] of modes) {
      const received = advantagesOfGroups(groups, settings);
      for (const [index, values] of (expected[mode] ?? []).entries()) {
        // verl gives a single rollout its raw reward (mean 0, deviation 1); here it is a dead group.
        if (groups[index]!.length === 1) expect(received[index]).toEqual([0]);
        else expectClose(received[index]!, values, relative);
        if (zero_variance_group[index]) expect(received[index]!.every((value) => value === 0)).toBe(true);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(0);
  });
});

describe('vectors: multi_objective', () => {
  it.each(vectors.multi_objective)('$id', ({ rewards_per_func, num_generations, weights, expected }) => {
    const names = weights.map((_, index) => `objective${index}`);
    const byName = Object.fromEntries(names.map((name, index) => [name, weights[index]!]));
    const rollouts = rewards_per_func.map((values): Earned => {
      const scored = values.some((value) => value !== null);
      const sum = values.reduce<number>((total, value, index) => total + (value ?? 0) * weights[index]!, 0);
      return {
        rewards: Object.fromEntries(names.map((name, index) => [name, values[index]!])),
        contributions: Object.fromEntries(
          names.flatMap((name, index) =>
            values[index] === null ? [] : [[name, values[index]! * weights[index]!]],
          ),
        ),
        reward: scored ? sum : null,
      };
    });
    const run = (settings: Settings) => groupAdvantages(rollouts, num_generations, settings, byName);
    expectClose(run(GRPO), expected.trl_sum_then_normalize_group!);
    expectClose(run({ ...GRPO, scale: 'none' }), expected.trl_sum_then_normalize_none!);
    expectClose(run(GDPO), expected.trl_normalize_then_sum!);
  });
});

describe('dead groups', () => {
  it.each(vectors.float32_dead_group.cases)(
    '$G times $value gives exactly 0',
    ({ G, value, require_advantage }) => {
      for (const settings of [
        GRPO,
        { ...GRPO, epsilon: 1e-6 },
        { ...GRPO, scale: 'leave-one-out' } as Settings,
        GDPO,
      ]) {
        const rollouts = Array.from(
          { length: G },
          (): Earned => ({ rewards: { only: value }, contributions: { only: value }, reward: value }),
        );
        const advantages = groupAdvantages(rollouts, G, settings, { only: 1 });
        expect(advantages).toEqual(new Array(G).fill(require_advantage));
      }
    },
  );

  // group_filter: which groups carry no signal, for constants whose deviation rounding makes non-zero.
  it.each(vectors.group_filter)(
    '$group: no signal is $should_drop_zero_variance',
    ({ group, should_drop_zero_variance }) => {
      const advantages = groupAdvantages(earned(group), group.length, { ...GRPO, epsilon: 1e-9 }, {});
      expect(advantages.every((advantage) => advantage === 0)).toBe(should_drop_zero_variance);
    },
  );

  it('stays at 0 under normalize-then-sum while another group is alive', () => {
    const rollouts = [1, 1, 1, 0].map(
      (value): Earned => ({ rewards: { only: value }, contributions: { only: value }, reward: value }),
    );
    const [first, second, third, fourth] = groupAdvantages(rollouts, 2, GDPO, { only: 1 });
    expect([first, second]).toEqual([0, 0]);
    expect(third).toBeGreaterThan(0);
    expect(fourth).toBe(-third!);
  });
});

describe('normalize-then-sum with a gate', () => {
  it('compares what counts, not what was measured', () => {
    // Both have citation 0.8 at weight 0.5; the gate closed on the second: 0.4 and 0 of reward.
    const rewards = { citation: 0.8 };
    const rollouts: Earned[] = [
      { rewards, contributions: { citation: 0.4 }, reward: 0.4 },
      { rewards, contributions: { citation: 0 }, reward: 0 },
    ];
    const [open, closed] = groupAdvantages(rollouts, 2, GDPO, { citation: 0.5 });
    expect(open).toBeGreaterThan(0.5);
    expect(closed).toBe(-open!);
  });
});

describe('properties', () => {
  const reward = fc.option(fc.double({ min: -10, max: 12, noNaN: true }), { nil: null });
  const settings: fc.Arbitrary<Settings> = fc.record({
    scale: fc.constantFrom('std', 'none', 'leave-one-out'),
    combine: fc.constant('sum-then-normalize'),
    epsilon: fc.constantFrom(1e-6, 1e-4),
  });

  it('follow a permutation within groups and of groups', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(reward, { minLength: 4, maxLength: 4 }), { minLength: 1, maxLength: 5 }),
        settings,
        fc.nat(3),
        (groups, setting, shift) => {
          const before = groupAdvantages(earned(groups.flat()), 4, setting, {});
          const rotate = <T>(items: readonly T[]): T[] => [...items.slice(shift), ...items.slice(0, shift)];
          const moved = groups.map(rotate).reverse();
          const after = groupAdvantages(earned(moved.flat()), 4, setting, {});
          const expected = groups
            .map((_, index) => rotate(before.slice(index * 4, index * 4 + 4)))
            .reverse()
            .flat();
          for (const [index, value] of after.entries()) expect(value).toBeCloseTo(expected[index]!, 9);
        },
      ),
      { seed: 20251200, numRuns: 200 },
    );
  });

  it('sum to 0 over the scored rollouts of a group, and are 0 for the others', () => {
    fc.assert(
      fc.property(fc.array(reward, { minLength: 6, maxLength: 6 }), settings, (rewards, setting) => {
        const advantages = groupAdvantages(earned(rewards), 6, setting, {});
        expect(advantages.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 9);
        for (const [index, value] of rewards.entries()) if (value === null) expect(advantages[index]).toBe(0);
      }),
      { seed: 20251200, numRuns: 200 },
    );
  });
});
