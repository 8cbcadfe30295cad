/** The newest rollouts of a run: kept in whole steps within two bounds, grouped, filtered, sorted. */
import type { RolloutRecord } from '../../protocol';
import { meanAndDeviation } from './advantage';

/** Whole steps are dropped, oldest first, beyond either bound; the newest step always stays. */
export const ROLLOUT_LIMIT = 2_000;
export const ROLLOUT_CHARACTER_LIMIT = 24_000_000;

const size = (rollout: RolloutRecord) => rollout.prompt.length + rollout.completion.length;

/** Adds a step's rollouts; what is kept of a step is always all of it. */
export function keepRollouts(
  kept: readonly RolloutRecord[],
  fresh: readonly RolloutRecord[],
): readonly RolloutRecord[] {
  if (fresh.length === 0) return kept;
  const firstStep = fresh[0]!.step;
  // A resumed run repeats steps: what it sampled before is no longer its past.
  const all = [...kept.filter((rollout) => rollout.step < firstStep), ...fresh];
  const newestStep = all.at(-1)!.step;
  let count = 0;
  let characters = 0;
  let start = all.length;
  for (let index = all.length - 1; index >= 0; index--) {
    count++;
    characters += size(all[index]!);
    const over = count > ROLLOUT_LIMIT || characters > ROLLOUT_CHARACTER_LIMIT;
    if (over && all[index]!.step !== newestStep) break;
    const startsStep = index === 0 || all[index - 1]!.step !== all[index]!.step;
    if (startsStep) start = index;
  }
  return all.slice(start);
}

export type RolloutSort = 'newest' | 'reward' | 'advantage' | 'length';

export interface RolloutFilter {
  /** null: every step that is kept. */
  readonly step: number | null;
  /** Part of the case id, the prompt or the completion; letter case does not matter. */
  readonly text: string;
  readonly sort: RolloutSort;
}

/** What the list shows, in order: a heading before each group when sorted by newest, else rollouts alone. */
export type RolloutRow =
  | { readonly kind: 'group'; readonly key: string; readonly members: readonly RolloutRecord[] }
  | { readonly kind: 'rollout'; readonly rollout: RolloutRecord };

const sortKey: Record<Exclude<RolloutSort, 'newest'>, (rollout: RolloutRecord) => number> = {
  reward: (rollout) => rollout.reward ?? Number.NEGATIVE_INFINITY,
  advantage: (rollout) => rollout.advantage,
  length: (rollout) => rollout.completionTokens,
};

/** Largest first; newest step first and groups in batch order when sorted by newest. */
export function rolloutRows(rollouts: readonly RolloutRecord[], filter: RolloutFilter): RolloutRow[] {
  const needle = filter.text.trim().toLowerCase();
  const found = rollouts.filter(
    (rollout) =>
      (filter.step === null || rollout.step === filter.step) &&
      (needle === '' ||
        rollout.caseId.toLowerCase().includes(needle) ||
        rollout.completion.toLowerCase().includes(needle) ||
        rollout.prompt.toLowerCase().includes(needle)),
  );
  if (filter.sort !== 'newest') {
    const key = sortKey[filter.sort];
    return found.sort((a, b) => key(b) - key(a)).map((rollout) => ({ kind: 'rollout', rollout }));
  }
  found.sort((a, b) => b.step - a.step || a.group - b.group || a.index - b.index);
  const rows: RolloutRow[] = [];
  for (let start = 0; start < found.length; ) {
    const { step, group } = found[start]!;
    let end = start;
    while (end < found.length && found[end]!.step === step && found[end]!.group === group) end++;
    const members = found.slice(start, end);
    rows.push({ kind: 'group', key: `${step}/${group}`, members });
    for (const rollout of members) rows.push({ kind: 'rollout', rollout });
    start = end;
  }
  return rows;
}

/** All completions of one prompt in one step, in order. */
export function siblings(rollouts: readonly RolloutRecord[], of: RolloutRecord): readonly RolloutRecord[] {
  return rollouts
    .filter((rollout) => rollout.step === of.step && rollout.group === of.group)
    .sort((a, b) => a.index - b.index);
}

export interface GroupStatistics {
  /** Rollouts with a reward. */
  readonly scored: number;
  readonly mean: number;
  /** Unbiased (n − 1); 0 for fewer than two. */
  readonly std: number;
}

/** Mean and sample standard deviation of the group's rewards; unscored rollouts are outside. */
export function groupStatistics(members: readonly RolloutRecord[]): GroupStatistics {
  const rewards = members.flatMap((member) => (member.reward === null ? [] : [member.reward]));
  return { scored: rewards.length, ...meanAndDeviation(rewards) };
}

/** ✓ or ✗ by the accuracy objective as scored; null where it does not apply. */
export function isCorrect(rollout: RolloutRecord): boolean | null {
  const accuracy = rollout.rewards.accuracy;
  return accuracy === null || accuracy === undefined ? null : accuracy >= 1;
}
