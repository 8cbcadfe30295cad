/**
 * Mini-batch → the gradient of the CRPO loss, micro-batch by micro-batch. Gradients and losses add
 * up to those of one forward over the whole mini-batch, because the row weights come from all of it.
 */
import type { RunConfig } from '../../protocol';
import type { Rollout } from './batch';
import { breathe, type StepEnvironment } from './environment';
import type { LossRollout } from './learner';
import { countedLength, lossMetrics, rowWeights } from './loss';

export interface PolicyGradient {
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/**
 * Leaves the gradient with the learner, or nothing when it throws. Temperature is the one at which
 * the rollouts were sampled.
 */
export async function policyGradient(
  environment: StepEnvironment,
  rollouts: readonly Rollout[],
  temperature: number,
): Promise<PolicyGradient> {
  const { config, learner } = environment;
  const rows = inLoss(rollouts, config);
  const { microBatchSize, gpuMemory } = config.update;
  const memoryBytes = gpuMemory * 2 ** 20;
  const objective = { kind: 'crpo', settings: config.loss, temperature } as const;
  const totals: number[] = [];
  try {
    for (let start = 0; start < rows.length; start += microBatchSize) {
      const part = rows.slice(start, start + microBatchSize);
      const sums = await learner.addGradient(part, objective, environment, memoryBytes);
      for (const [index, value] of sums.entries()) totals[index] = (totals[index] ?? 0) + value;
      environment.onPhase('update', start + part.length, rows.length);
      await breathe(environment);
    }
  } catch (error) {
    learner.dropGradient();
    throw error;
  }
  const [loss, ...sums] = totals;
  const tokens = rows.reduce((sum, row) => sum + row.counted, 0);
  const withKl = rollouts[0]!.referenceLogprobs !== null;
  return { loss: loss!, metrics: lossMetrics(sums, tokens, withKl) };
}

function inLoss(rollouts: readonly Rollout[], { loss, sampling }: RunConfig): LossRollout[] {
  const rows = rollouts.map(({ completionTokens, truncated }) => ({
    length: completionTokens.length,
    truncated,
  }));
  const weights = rowWeights(rows, loss, sampling.maxCompletionTokens);
  return rollouts.map((rollout, index) => ({
    ...rollout,
    weight: weights[index]!,
    counted: countedLength(rows[index]!, loss.maskTruncated),
  }));
}
