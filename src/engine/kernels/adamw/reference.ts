/**
 * torch.optim.AdamW as its documentation writes it, after torch.nn.utils.clip_grad_norm_: plain loops
 * in place. The norm is over `gradients`, of which the updated buffer's is one.
 */
import type { AdamWCall } from './index';

export type AdamWSettings = Pick<
  AdamWCall,
  'learningRate' | 'beta1' | 'beta2' | 'epsilon' | 'weightDecay' | 'maxGradNorm'
>;

export interface AdamWBuffers {
  readonly parameters: Float64Array;
  readonly gradient: Float64Array;
  readonly m: Float64Array;
  readonly v: Float64Array;
}

export function normReference(gradients: readonly Float64Array[]): number {
  let sum = 0;
  for (const gradient of gradients) for (const value of gradient) sum += value * value;
  return Math.sqrt(sum);
}

/** Update number `step`, from 1. */
export function adamwReference(
  { parameters, gradient, m, v }: AdamWBuffers,
  norm: number,
  settings: AdamWSettings,
  step: number,
): void {
  const { learningRate, beta1, beta2, epsilon, weightDecay, maxGradNorm } = settings;
  if (!Number.isFinite(norm)) return;
  const coefficient = maxGradNorm === 0 ? 1 : Math.min(1, maxGradNorm / (norm + 1e-6));
  for (let i = 0; i < parameters.length; i++) {
    const g = gradient[i]! * coefficient;
    parameters[i]! -= learningRate * weightDecay * parameters[i]!;
    m[i] = beta1 * m[i]! + (1 - beta1) * g;
    v[i] = beta2 * v[i]! + (1 - beta2) * g * g;
    const mHat = m[i]! / (1 - beta1 ** step);
    const vHat = v[i]! / (1 - beta2 ** step);
    parameters[i]! -= (learningRate * mHat) / (Math.sqrt(vHat) + epsilon);
  }
}
