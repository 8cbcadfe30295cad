/**
 * Mini-batch → the gradient of the CRPO loss, micro-batch by micro-batch. Gradients and losses add
 * up to those of one forward over the whole mini-batch, because the row weights come from all of it.
 */
import type { RunConfig } from '../../protocol';
import type { Policy } from '../policy';
import { tf } from '../tensor';
import { padRight, type Rollout, tokenBatch } from './batch';
import { breathe, type StepEnvironment } from './environment';
import { countedLength, crpoLoss, type LossInputs, lossMetrics, rowWeights } from './loss';
import { flatten } from './optimizer';

export interface PolicyGradient {
  /** Of all trainable tensors, in their order; the caller disposes it. */
  readonly gradient: tf.Tensor1D;
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** A rollout with its place in the loss. */
interface LossRollout extends Rollout {
  /** w_i. */
  readonly weight: number;
  /** Tokens in the loss. */
  readonly counted: number;
}

/** Temperature is the one at which the rollouts were sampled. Nothing is left behind when it throws. */
export async function policyGradient(
  environment: StepEnvironment,
  rollouts: readonly Rollout[],
  temperature: number,
): Promise<PolicyGradient> {
  const { config, policy, tokenizer } = environment;
  const rows = inLoss(rollouts, config);
  const { microBatchSize } = config.update;
  const totals: number[] = [];
  let gradient: tf.Tensor1D | null = null;
  try {
    for (let start = 0; start < rows.length; start += microBatchSize) {
      const part = rows.slice(start, start + microBatchSize);
      const added = microBatchGradient(
        policy,
        part,
        temperature,
        config.loss,
        tokenizer.padTokenId,
        gradient,
      );
      gradient?.dispose();
      gradient = added.gradient;
      for (const [index, value] of (await readOnce(added.values)).entries())
        totals[index] = (totals[index] ?? 0) + value;
      environment.onPhase('update', start + part.length, rows.length);
      await breathe(environment);
    }
  } catch (error) {
    gradient?.dispose();
    throw error;
  }
  const [loss, ...sums] = totals;
  const tokens = rows.reduce((sum, row) => sum + row.counted, 0);
  const withKl = rollouts[0]!.referenceLogprobs !== null;
  return { gradient: gradient!, loss: loss!, metrics: lossMetrics(sums, tokens, withKl) };
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

/** `values` (5): the loss, then its sums. `accumulated`, if any, is added to the gradient. */
function microBatchGradient(
  policy: Policy,
  rollouts: readonly LossRollout[],
  temperature: number,
  settings: RunConfig['loss'],
  padToken: number,
  accumulated: tf.Tensor1D | null,
): { gradient: tf.Tensor1D; values: tf.Tensor1D } {
  return tf.tidy(() => {
    const batch = tokenBatch(rollouts, padToken);
    const constants = lossConstants(rollouts, batch.completionLength);
    let sums: tf.Tensor1D | null = null;
    const objective = (...parameters: tf.Tensor[]): tf.Scalar => {
      const { logprobs, entropy } = policy.tokenLogprobs(batch, { temperature, parameters, entropy: true });
      const result = crpoLoss({ ...constants, logprobs, entropy: entropy! }, settings);
      sums = tf.keep(result.sums);
      return result.loss;
    };
    const { value, grads } = tf.valueAndGrads(objective)([...policy.trainable()]);
    const values = tf.concat([tf.reshape(value, [1]), sums!]) as tf.Tensor1D;
    tf.dispose(sums!);
    const flat = flatten(grads);
    return { gradient: accumulated === null ? flat : tf.add(accumulated, flat), values };
  });
}

/** All that the loss needs beside the forward pass; (N, T) from the left, 0 after a completion's end. */
function lossConstants(
  rollouts: readonly LossRollout[],
  width: number,
): Omit<LossInputs, 'logprobs' | 'entropy'> {
  const rows = rollouts.length;
  const perToken = (values: readonly ArrayLike<number>[]): tf.Tensor2D =>
    tf.tensor2d(padRight(values, width), [rows, width]);
  const perRow = (values: readonly number[]): tf.Tensor2D =>
    tf.tensor2d(Float32Array.from(values), [rows, 1]);
  const references = rollouts.map(({ referenceLogprobs }) => referenceLogprobs);
  return {
    oldLogprobs: perToken(rollouts.map(({ oldLogprobs }) => oldLogprobs)),
    referenceLogprobs: references.every((reference) => reference !== null) ? perToken(references) : null,
    mask: perToken(rollouts.map(({ counted }) => new Float32Array(counted).fill(1))),
    advantages: perRow(rollouts.map(({ advantage }) => advantage)),
    weights: perRow(rollouts.map(({ weight }) => weight)),
  };
}

/** The tensor's values; it is disposed. */
async function readOnce(tensor: tf.Tensor): Promise<number[]> {
  try {
    return Array.from(await tensor.data());
  } finally {
    tensor.dispose();
  }
}
