/**
 * The update's schedule and its guards, the same for every learner: what rate a step has, how much a
 * long gradient is shortened, and that nothing infinite reaches the weights. AdamW itself is the
 * learner's (`plain/adamw.ts`).
 */
import { type RunConfig, StudioError } from '../../protocol';
import type { Learner } from './learner';

/**
 * Learning rate of a 1-based step. Warm-up rises in equal parts and reaches the full rate at step
 * `warmupSteps`; then constant, or a line or half a cosine that would reach 0 one step after the last.
 * Without warm-up these are transformers' schedules; with it, no step has rate 0.
 */
export function learningRateAt(step: number, settings: RunConfig['optimizer'], totalSteps: number): number {
  const { learningRate, warmupSteps, schedule } = settings;
  if (step <= warmupSteps) return (learningRate * step) / warmupSteps;
  if (schedule === 'constant') return learningRate;
  const progress = Math.min(1, (step - warmupSteps - 1) / Math.max(1, totalSteps - warmupSteps));
  return learningRate * (schedule === 'linear' ? 1 - progress : (1 + Math.cos(Math.PI * progress)) / 2);
}

/** What torch's `clip_grad_norm_` multiplies the gradient by: max / (norm + 1e-6), at most 1. */
export function clipScale(gradNorm: number, maxGradNorm: number): number {
  return maxGradNorm === 0 ? 1 : Math.min(1, maxGradNorm / (gradNorm + 1e-6));
}

export interface Update {
  /** L2 norm of the gradient before clipping. */
  readonly gradNorm: number;
  readonly learningRate: number;
}

/**
 * Update number `step`, 1-based, by the learner's gradient, whose loss is `loss`. Throws `non-finite`
 * while nothing has changed yet, for a bad loss too; the gradient is dropped in any case.
 */
export async function updatePolicy(
  learner: Pick<Learner, 'applyGradient' | 'dropGradient'>,
  step: number,
  loss: number,
  { optimizer: settings, steps }: Pick<RunConfig, 'optimizer' | 'steps'>,
): Promise<Update> {
  if (!Number.isFinite(loss)) {
    learner.dropGradient();
    throw nonFinite(step, 'loss', loss);
  }
  const learningRate = learningRateAt(step, settings, steps);
  const { gradNorm } = await learner.applyGradient({ step, learningRate, settings });
  return { gradNorm, learningRate };
}

export function nonFinite(step: number, name: string, value: number): StudioError {
  return new StudioError({
    boundary: 'device',
    code: 'non-finite',
    message: `Step ${step}: the ${name} is ${value}; expected a finite number. The weights were not changed.`,
    action: 'Resume from the last checkpoint with a lower learning rate or stronger gradient clipping.',
  });
}

/** For a learner that is told to update before it has a gradient. */
export function noGradient(): StudioError {
  return new StudioError({
    boundary: 'internal',
    code: 'no-gradient',
    message: 'internal: expected a gradient to update by, received none.',
  });
}
