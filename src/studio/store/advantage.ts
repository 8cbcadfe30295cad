/**
 * What a reward would be worth in its group: rank and group-relative advantage, for a text that was
 * edited. Formulas as GRPO (arXiv 2402.03300, section 4.1.2), Dr. GRPO (2503.20783) and RLOO
 * (2402.14740) have them; a test holds them against the advantages of the engine.
 */
import type { RunConfig } from '../../protocol';

/**
 * One advantage per reward of a group; null rewards are unscored: outside the mean, advantage 0. A
 * group whose rewards are all the same gives zeros. null where the run normalises each objective and
 * then sums: that takes the whole batch, not one group.
 */
export function groupAdvantages(
  rewards: readonly (number | null)[],
  { scale, combine, epsilon }: RunConfig['advantage'],
): readonly number[] | null {
  if (combine === 'normalize-then-sum') return null;
  const scored = rewards.filter((reward) => reward !== null);
  if (scored.every((reward) => reward === scored[0])) return rewards.map(() => 0);
  const { mean, std } = meanAndDeviation(scored);
  const divisor = { std: std + epsilon, none: 1, 'leave-one-out': 1 - 1 / scored.length }[scale];
  return rewards.map((reward) => (reward === null ? 0 : (reward - mean) / divisor));
}

/** Sample standard deviation (n − 1), 0 for fewer than two values; mean 0 for none. */
export function meanAndDeviation(values: readonly number[]): { readonly mean: number; readonly std: number } {
  const count = values.length;
  if (count === 0) return { mean: 0, std: 0 };
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count === 1) return { mean, std: 0 };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / (count - 1)) };
}

/** 1 is the highest reward; equal rewards share the better rank; null for an unscored rollout. */
export function rankOf(rewards: readonly (number | null)[], index: number): number | null {
  const own = rewards[index] ?? null;
  if (own === null) return null;
  return 1 + rewards.filter((reward) => reward !== null && reward > own).length;
}
