/**
 * Rewards → group-relative advantages, in plain numbers.
 *
 * sum-then-normalize is GRPO (Shao et al., arXiv 2402.03300, section 4.1.2), which CRPO keeps:
 *   Â_i = (r_i − mean(r)) / (std(r) + ε) over the G rollouts of one prompt, r_i the weighted sum.
 * `scale` replaces the divisor: `none` is Dr. GRPO (arXiv 2503.20783), `leave-one-out` is RLOO
 * (arXiv 2402.14740), whose r_i − mean of the others equals (r_i − mean) · n / (n − 1).
 *
 * normalize-then-sum is GDPO: each objective is normalised within the group, the weighted sum of
 * these is normalised over the whole batch. As in TRL it always divides by the deviation.
 *
 * An unscored rollout (reward null) stays outside every baseline and has advantage 0. A group
 * without differences gives exactly 0; dividing a rounding error by ε would push the policy.
 */
import type { ObjectiveValues, RunConfig } from '../../protocol';
import { isDead, mean, standardDeviation } from './statistics';

/** What a rollout earned. */
export interface Earned {
  readonly rewards: ObjectiveValues;
  /** Objective → its part of the reward. */
  readonly contributions: Readonly<Record<string, number>>;
  /** Σ contributions; null: unscored. */
  readonly reward: number | null;
}

/**
 * One advantage per rollout. Rollouts come group by group: `groupSize` consecutive rollouts share
 * their prompt. Groups are told apart by position, so the same prompt drawn twice is two groups.
 */
export function groupAdvantages(
  rollouts: readonly Earned[],
  groupSize: number,
  settings: RunConfig['advantage'],
  weights: RunConfig['rewards']['weights'],
): number[] {
  return settings.combine === 'sum-then-normalize'
    ? inGroups(rollouts, groupSize).flatMap((group) => normalized(rewardsOf(group), settings))
    : normalizeThenSum(rollouts, groupSize, settings, weights);
}

/** Consecutive slices of `groupSize`. */
export function inGroups<T>(rollouts: readonly T[], groupSize: number): T[][] {
  const groups: T[][] = [];
  for (let start = 0; start < rollouts.length; start += groupSize)
    groups.push(rollouts.slice(start, start + groupSize));
  return groups;
}

/** The values that are there. */
export function present(values: readonly (number | null | undefined)[]): number[] {
  return values.filter((value): value is number => value !== null && value !== undefined);
}

function rewardsOf(group: readonly Earned[]): (number | null)[] {
  return group.map((rollout) => rollout.reward);
}

/** Centred and scaled over the values that are there; 0 for null and where no two values differ. */
function normalized(
  values: readonly (number | null)[],
  { scale, epsilon }: Pick<RunConfig['advantage'], 'scale' | 'epsilon'>,
): number[] {
  const scored = present(values);
  if (isDead(scored)) return values.map(() => 0);
  const center = mean(scored);
  const divisor = {
    std: () => standardDeviation(scored) + epsilon,
    none: () => 1,
    'leave-one-out': () => (scored.length - 1) / scored.length,
  }[scale]();
  return values.map((value) => (value === null ? 0 : (value - center) / divisor));
}

/**
 * GDPO over the objectives' values as they count, contribution / weight: where the integrity gate
 * closes, that is 0. An objective that is null for a rollout adds 0 to it. A group in which every objective is dead
 * counts in the batch's mean and deviation with sums of 0, as in TRL, and then keeps exactly 0.
 */
function normalizeThenSum(
  rollouts: readonly Earned[],
  groupSize: number,
  { epsilon }: RunConfig['advantage'],
  weights: RunConfig['rewards']['weights'],
): number[] {
  const scale = 'std';
  const sums = inGroups(rollouts, groupSize).map((group) => {
    const sum = group.map(({ reward }) => (reward === null ? null : 0));
    let live = false;
    for (const [objective, weight] of Object.entries(weights)) {
      if (weight === 0) continue;
      const values = group.map(({ reward, contributions }) => {
        const contribution = contributions[objective];
        return reward === null || contribution === undefined ? null : contribution / weight;
      });
      if (isDead(present(values))) continue;
      live = true;
      normalized(values, { scale, epsilon }).forEach((value, index) => {
        if (sum[index] !== null) sum[index]! += weight * value;
      });
    }
    return { sum, live };
  });
  const advantages = normalized(
    sums.flatMap(({ sum }) => sum),
    { scale, epsilon },
  );
  return advantages.map((advantage, index) => (sums[Math.floor(index / groupSize)]!.live ? advantage : 0));
}
