/**
 * AdamW (Loshchilov and Hutter, arXiv 1711.05101, algorithm 2) with torch's semantics: decay is
 * decoupled, on every trainable tensor, and scaled by the learning rate; ε is added after the bias
 * correction; the gradient is first clipped by its global L2 norm.
 *
 * The moments are two flat vectors over all trainable tensors, in their order: an update is a few
 * large operations and a checkpoint is three values. Bias correction comes from the integer step,
 * never from a running product, so a resumed optimizer is the same optimizer.
 */
import type { RunConfig } from '../../../protocol';
import type { Policy } from '../../policy';
import { sumRows, tf } from '../../tensor';
import type { AdamWUpdate } from '../learner';
import { clipScale, nonFinite } from '../optimizer';

/** First and second moments (parameters). */
export interface MomentTensors {
  readonly m: tf.Tensor1D;
  readonly v: tf.Tensor1D;
}

/** The tensors one after the other, as one vector. */
export function flatten(tensors: readonly tf.Tensor[]): tf.Tensor1D {
  return tf.tidy(() => tf.concat(tensors.map((tensor) => tf.reshape(tensor, [tensor.size]))) as tf.Tensor1D);
}

/**
 * One update of the policy's trainable tensors by their flat `gradient`, which stays the caller's.
 * `moments` null: the first update. Throws `non-finite` while nothing has changed yet; otherwise the
 * old moments and weights are disposed of.
 */
export async function adamwUpdate(
  policy: Pick<Policy, 'trainable' | 'assignTrainable'>,
  moments: MomentTensors | null,
  gradient: tf.Tensor1D,
  { step, learningRate, settings }: AdamWUpdate,
): Promise<{ moments: MomentTensors; gradNorm: number }> {
  const gradNorm = await norm(gradient);
  if (!Number.isFinite(gradNorm)) throw nonFinite(step, 'gradient norm', gradNorm);
  const gradientScale = clipScale(gradNorm, settings.maxGradNorm);
  const [m, v, ...values] = tf.tidy(() => {
    const before = moments ?? { m: tf.zeros([gradient.size]), v: tf.zeros([gradient.size]) };
    const constants = { ...settings, step, learningRate, gradientScale };
    const moved = adamw(flatten(policy.trainable()), gradient, before, constants);
    return [moved.m, moved.v, ...unflatten(moved.parameters, policy.trainable())];
  }) as [tf.Tensor1D, tf.Tensor1D, ...tf.Tensor[]];
  policy.assignTrainable(values);
  tf.dispose(moments === null ? [] : [moments.m, moments.v]);
  return { moments: { m, v }, gradNorm };
}

interface AdamWConstants
  extends Pick<RunConfig['optimizer'], 'learningRate' | 'beta1' | 'beta2' | 'epsilon' | 'weightDecay'> {
  readonly step: number;
  readonly gradientScale: number;
}

/** Parameters and moments after update number `step`; all vectors have one length. */
function adamw(
  parameters: tf.Tensor1D,
  gradient: tf.Tensor1D,
  before: MomentTensors,
  { step, learningRate, beta1, beta2, epsilon, weightDecay, gradientScale }: AdamWConstants,
): MomentTensors & { parameters: tf.Tensor1D } {
  const correction1 = 1 - beta1 ** step;
  const correction2 = 1 - beta2 ** step;
  return tf.tidy(() => {
    const m = tf.add(tf.mul(before.m, beta1), tf.mul(gradient, (1 - beta1) * gradientScale));
    const v = tf.add(tf.mul(before.v, beta2), tf.mul(tf.square(gradient), (1 - beta2) * gradientScale ** 2));
    const deviation = tf.add(tf.div(tf.sqrt(v), Math.sqrt(correction2)), epsilon);
    const decayed = tf.mul(parameters, 1 - learningRate * weightDecay);
    const moved = tf.sub(decayed, tf.mul(tf.div(m, deviation), learningRate / correction1));
    return { parameters: moved as tf.Tensor1D, m: m as tf.Tensor1D, v: v as tf.Tensor1D };
  });
}

async function norm(gradient: tf.Tensor1D): Promise<number> {
  const value = tf.tidy(() => tf.sqrt(sumRows(tf.reshape(tf.square(gradient), [1, gradient.size]))));
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
