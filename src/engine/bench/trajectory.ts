/**
 * Whole runs compared: the same CRPO steps on two learners from the same weights and seed. Single
 * products may agree and training still diverge, so this is what says that a fast path may replace the
 * reference.
 *
 * Both sample for themselves. Where a draw falls within rounding of a boundary between two tokens, they
 * may sample different completions, and from there on the runs are different runs; the comparison
 * says at which step, and judges the losses up to it.
 */
import type { Learner } from '../crpo/learner';
import { createReference } from '../crpo/reference';
import { initialState } from '../crpo/state';
import { crpoStep } from '../crpo/step';
import type { BenchHost } from './measure';
import { type ToyOptions, toyConfig, toyEnvironment } from './toy';

export interface TrajectoryStep {
  readonly loss: number;
  readonly gradNorm: number;
  /** Mean of the rollout batch; null where the step only updates. */
  readonly reward: number | null;
  /** Of all sampled tokens; null where the step only updates. */
  readonly completions: readonly string[] | null;
}

export interface TrajectoryComparison {
  readonly steps: number;
  /** 1-based; null: they sampled the same tokens to the end. */
  readonly firstDifferentSample: number | null;
  /** Of the steps before that. |loss − loss'| / max(|loss|, 0.01): losses cross zero. */
  readonly worstLossDifference: number;
  readonly worstGradNormDifference: number;
  readonly rewards: { readonly first: number; readonly last: number };
}

/** Takes `steps` CRPO steps; the learner is the caller's. */
export async function runTrajectory(
  learner: Learner,
  options: ToyOptions,
  host: Pick<BenchHost, 'breathe'>,
): Promise<TrajectoryStep[]> {
  const reference = createReference(learner, toyConfig(options));
  const environment = toyEnvironment(learner, reference, options, host);
  const state = initialState();
  const steps: TrajectoryStep[] = [];
  try {
    for (let step = 0; step < options.steps; step++) {
      const { metrics, rollouts } = await crpoStep(environment, state);
      const fresh = rollouts.length > 0;
      steps.push({
        loss: metrics.loss!,
        gradNorm: metrics.grad_norm!,
        reward: fresh ? metrics.reward! : null,
        completions: fresh ? rollouts.map(({ completion }) => completion) : null,
      });
    }
  } finally {
    reference?.dispose();
  }
  return steps;
}

export function compareTrajectories(
  a: readonly TrajectoryStep[],
  b: readonly TrajectoryStep[],
): TrajectoryComparison {
  const differs = a.findIndex(({ completions }, index) => `${completions}` !== `${b[index]!.completions}`);
  const compared = differs === -1 ? a.length : differs;
  const worst = (of: (step: TrajectoryStep) => number) =>
    Math.max(
      0,
      ...a.slice(0, compared).map((step, index) => {
        return Math.abs(of(step) - of(b[index]!)) / Math.max(Math.abs(of(step)), 0.01);
      }),
    );
  const rewards = a.flatMap(({ reward }) => (reward === null ? [] : [reward]));
  return {
    steps: a.length,
    firstDifferentSample: differs === -1 ? null : differs + 1,
    worstLossDifference: worst(({ loss }) => loss),
    worstGradNormDifference: worst(({ gradNorm }) => gradNorm),
    rewards: { first: rewards[0]!, last: rewards.at(-1)! },
  };
}
