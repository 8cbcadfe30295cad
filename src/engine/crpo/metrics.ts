/** What a rollout batch shows of itself: metrics by TRL's keys, and one record per rollout. */
import type { RolloutRecord } from '../../protocol';
import { type Earned, inGroups, present } from './advantage';
import type { SampledRollout } from './rollout';
import { type ScoredRollout, scoredCase } from './score';
import { isDead, mean, standardDeviation } from './statistics';

type Metrics = Record<string, number>;

/**
 * `reward_std` is the mean of the groups' deviations, `rewards/<objective>/*` are over the whole
 * batch. `frac_reward_zero_std` is the share of groups whose rewards do not differ, and
 * `dead_groups/<objective>` that of groups in which the objective does not. A value that nothing
 * defines, such as the mean of no rewards, is left out.
 */
export function rewardMetrics(rollouts: readonly Earned[], groupSize: number): Metrics {
  const groups = inGroups(rollouts, groupSize);
  const rewards = groups.map((group) => present(group.map(({ reward }) => reward)));
  const metrics: Metrics = {
    reward: mean(rewards.flat()),
    reward_std: mean(rewards.filter((group) => group.length > 1).map(standardDeviation)),
    frac_reward_zero_std: mean(rewards.map((group) => Number(isDead(group)))),
    unscored: rollouts.length - rewards.flat().length,
  };
  for (const objective of new Set(rollouts.flatMap((rollout) => Object.keys(rollout.rewards)))) {
    const values = groups.map((group) => present(group.map((rollout) => rollout.rewards[objective])));
    const applicable = values.filter((group) => group.length > 0);
    metrics[`rewards/${objective}/mean`] = mean(values.flat());
    metrics[`rewards/${objective}/std`] = standardDeviation(values.flat());
    metrics[`dead_groups/${objective}`] = mean(applicable.map((group) => Number(isDead(group))));
  }
  return Object.fromEntries(Object.entries(metrics).filter(([, value]) => Number.isFinite(value)));
}

export function completionMetrics(rollouts: readonly SampledRollout[], sampleMs: number): Metrics {
  const lengths = rollouts.map(({ completionTokens }) => completionTokens.length);
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  return {
    'completions/mean_length': mean(lengths),
    'completions/min_length': Math.min(...lengths),
    'completions/max_length': Math.max(...lengths),
    'completions/clipped_ratio': mean(rollouts.map(({ truncated }) => Number(truncated))),
    ...(sampleMs > 0 ? { tokens_per_second: (tokens * 1000) / sampleMs } : {}),
  };
}

/** Prompts and completions together. */
export function tokenCount(rollouts: readonly SampledRollout[]): number {
  return rollouts.reduce(
    (sum, { promptTokens, completionTokens }) => sum + promptTokens.length + completionTokens.length,
    0,
  );
}

/** `step`: the one that sampled them. */
export function rolloutRecords(
  step: number,
  rollouts: readonly ScoredRollout[],
  advantages: readonly number[],
  groupSize: number,
): RolloutRecord[] {
  // One object for a group: a structured clone keeps it one.
  const cases = new Map(rollouts.map(({ prompt }) => [prompt.case, scoredCase(prompt.case)]));
  return rollouts.map((rollout, row) => {
    const group = Math.floor(row / groupSize);
    const index = row % groupSize;
    return {
      id: `${step}/${group}/${index}`,
      step,
      group,
      index,
      caseId: rollout.prompt.case.id,
      case: cases.get(rollout.prompt.case)!,
      prompt: rollout.prompt.text,
      completion: rollout.text,
      gold: rollout.prompt.case.answer ?? rollout.prompt.case.openAnswer ?? null,
      promptTokens: rollout.promptTokens.length,
      completionTokens: rollout.completionTokens.length,
      truncated: rollout.truncated,
      rewards: rollout.rewards,
      contributions: rollout.contributions,
      reward: rollout.reward,
      ...(rollout.unscored === undefined ? {} : { unscored: rollout.unscored }),
      advantage: advantages[row]!,
      meanLogprob: mean([...rollout.oldLogprobs]),
    };
  });
}
