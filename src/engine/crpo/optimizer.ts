/**
 * AdamW (Loshchilov and Hutter, arXiv 1711.05101, algorithm 2) with torch's semantics: decay is
 * decoupled, on every trainable tensor, and scaled by the learning rate; ε is added after the bias
 * correction; the gradient is first clipped by its global L2 norm (`clip_grad_norm_`).
 *
 * The moments are two flat vectors over all trainable tensors, in their order: an update is a few
 * large operations and a checkpoint is three values. Bias correction comes from the integer step,
 * never from a running product, so a resumed optimizer is the same optimizer.
 */
import { type RunConfig, StudioError } from '../../protocol';
import type { Policy } from '../policy';
import { tf } from '../tensor';

export interface AdamWState {
  /** Updates done. */
  readonly step: number;
  /** First and second moments (parameters). */
  readonly m: tf.Tensor1D;
  readonly v: tf.Tensor1D;
}

/** A new optimizer for all trainable tensors of a policy. The caller disposes m and v. */
export function createAdamW(policy: Policy): AdamWState {
  const { size } = policy.layout;
  return { step: 0, m: tf.zeros([size]), v: tf.zeros([size]) };
}

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

/** The tensors one after the other, as one vector. */
export function flatten(tensors: readonly tf.Tensor[]): tf.Tensor1D {
  return tf.tidy(() => tf.concat(tensors.map((tensor) => tf.reshape(tensor, [tensor.size]))) as tf.Tensor1D);
}

export interface Update {
  readonly optimizer: AdamWState;
  /** L2 norm of the gradient before clipping. */
  readonly gradNorm: number;
  readonly learningRate: number;
}

/**
 * One update of the policy's trainable tensors by their flat `gradient`, which it disposes in any
 * case. Throws `non-finite` while nothing has changed yet, for a bad `loss` too; otherwise the old
 * moments and weights are disposed.
 */
export async function updatePolicy(
  policy: Policy,
  optimizer: AdamWState,
  descent: { readonly gradient: tf.Tensor1D; readonly loss: number },
  config: Pick<RunConfig, 'optimizer' | 'steps'>,
): Promise<Update> {
  try {
    return await update(policy, optimizer, descent, config);
  } finally {
    descent.gradient.dispose();
  }
}

async function update(
  policy: Policy,
  optimizer: AdamWState,
  { gradient, loss }: { readonly gradient: tf.Tensor1D; readonly loss: number },
  { optimizer: settings, steps }: Pick<RunConfig, 'optimizer' | 'steps'>,
): Promise<Update> {
  const step = optimizer.step + 1;
  const gradNorm = await norm(gradient);
  assertFinite(step, 'loss', loss);
  assertFinite(step, 'gradient norm', gradNorm);
  const learningRate = learningRateAt(step, settings, steps);

  const [m, v, ...values] = tf.tidy(() => {
    const moved = adamw(flatten(policy.trainable()), gradient, optimizer, {
      ...settings,
      learningRate,
      gradientScale: clipScale(gradNorm, settings.maxGradNorm),
    });
    return [moved.m, moved.v, ...unflatten(moved.parameters, policy.trainable())];
  }) as [tf.Tensor1D, tf.Tensor1D, ...tf.Tensor[]];
  policy.assignTrainable(values);
  optimizer.m.dispose();
  optimizer.v.dispose();
  return { optimizer: { step, m, v }, gradNorm, learningRate };
}

interface AdamWSettings
  extends Pick<RunConfig['optimizer'], 'learningRate' | 'beta1' | 'beta2' | 'epsilon' | 'weightDecay'> {
  readonly gradientScale: number;
}

/** Parameters and moments after update number `state.step` + 1; all vectors have one length. */
function adamw(
  parameters: tf.Tensor1D,
  gradient: tf.Tensor1D,
  state: AdamWState,
  { learningRate, beta1, beta2, epsilon, weightDecay, gradientScale }: AdamWSettings,
): { parameters: tf.Tensor1D; m: tf.Tensor1D; v: tf.Tensor1D } {
  const step = state.step + 1;
  const correction1 = 1 - beta1 ** step;
  const correction2 = 1 - beta2 ** step;
  return tf.tidy(() => {
    const m = tf.add(tf.mul(state.m, beta1), tf.mul(gradient, (1 - beta1) * gradientScale));
    const v = tf.add(tf.mul(state.v, beta2), tf.mul(tf.square(gradient), (1 - beta2) * gradientScale ** 2));
    const deviation = tf.add(tf.div(tf.sqrt(v), Math.sqrt(correction2)), epsilon);
    const decayed = tf.mul(parameters, 1 - learningRate * weightDecay);
    const moved = tf.sub(decayed, tf.mul(tf.div(m, deviation), learningRate / correction1));
    return { parameters: moved as tf.Tensor1D, m: m as tf.Tensor1D, v: v as tf.Tensor1D };
  });
}

/** torch's `clip_grad_norm_`: max / (norm + 1e-6), at most 1. */
function clipScale(gradNorm: number, maxGradNorm: number): number {
  return maxGradNorm === 0 ? 1 : Math.min(1, maxGradNorm / (gradNorm + 1e-6));
}

async function norm(gradient: tf.Tensor1D): Promise<number> {
  const value = tf.tidy(() => tf.sqrt(tf.sum(tf.square(gradient))));
  try {
    return (await value.data())[0]!;
  } finally {
    value.dispose();
  }
}

/** The vector cut into tensors shaped like `like`. */
function unflatten(vector: tf.Tensor1D, like: readonly tf.Tensor[]): tf.Tensor[] {
  const parts = tf.split(
    vector,
    like.map((tensor) => tensor.size),
  );
  return parts.map((part, index) => tf.reshape(part, like[index]!.shape));
}

function assertFinite(step: number, name: string, value: number): void {
  if (Number.isFinite(value)) return;
  throw new StudioError({
    boundary: 'device',
    code: 'non-finite',
    message: `Step ${step}: the ${name} is ${value}; expected a finite number. The weights were not changed.`,
    action: 'Resume from the last checkpoint with a lower learning rate or stronger gradient clipping.',
  });
}
