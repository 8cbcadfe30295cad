/** The gradient of the loss over rows of a micro-batch, by TensorFlow.js' automatic differentiation. */
import type { Policy } from '../../policy';
import { tf } from '../../tensor';
import type { LossObjective, LossRollout } from '../learner';
import { crpoLoss, imitationLoss, type LossInputs } from '../loss';
import { flatten } from './adamw';
import { padRight, tokenBatch } from './token-batch';

/**
 * `gradient` is of all trainable tensors, in layout order, with `accumulated`, if any, added to it.
 * `values`: the loss and, for CRPO, its sums (4). The caller disposes of both.
 */
export function lossGradient(
  policy: Policy,
  rows: readonly LossRollout[],
  objective: LossObjective,
  padToken: number,
  accumulated: tf.Tensor1D | null,
): { gradient: tf.Tensor1D; values: tf.Tensor1D } {
  return tf.tidy(() => {
    const lossOf =
      objective.kind === 'crpo'
        ? crpoObjective(policy, rows, objective, padToken)
        : imitationObjective(policy, rows, padToken);
    const sums: tf.Tensor1D[] = [];
    const { value, grads } = tf.valueAndGrads((...parameters: tf.Tensor[]) => {
      const result = lossOf(parameters);
      if (result.sums !== undefined) sums.push(tf.keep(result.sums));
      return result.loss;
    })([...policy.trainable()]);
    const values = tf.concat([tf.reshape(value, [1]), ...sums]) as tf.Tensor1D;
    tf.dispose(sums);
    const flat = flatten(grads);
    return { gradient: accumulated === null ? flat : tf.add(accumulated, flat), values };
  });
}

/** The loss as a function of the trainable tensors. */
type Objective = (parameters: readonly tf.Tensor[]) => { loss: tf.Scalar; sums?: tf.Tensor1D };

function crpoObjective(
  policy: Policy,
  rows: readonly LossRollout[],
  { settings, temperature }: Extract<LossObjective, { kind: 'crpo' }>,
  padToken: number,
): Objective {
  const batch = tokenBatch(rows, padToken);
  const constants = lossConstants(rows, batch.completionLength);
  return (parameters) => {
    const { logprobs, entropy } = policy.tokenLogprobs(batch, { temperature, parameters, entropy: true });
    return crpoLoss({ ...constants, logprobs, entropy: entropy! }, settings);
  };
}

function imitationObjective(policy: Policy, rows: readonly LossRollout[], padToken: number): Objective {
  const batch = tokenBatch(rows, padToken);
  const weights = tf.tensor2d(
    padRight(
      rows.map(({ counted, weight }) => new Float32Array(counted).fill(weight)),
      batch.completionLength,
    ),
    [rows.length, batch.completionLength],
  );
  return (parameters) => {
    const { logprobs } = policy.tokenLogprobs(batch, { temperature: 1, parameters });
    return { loss: imitationLoss(logprobs, weights) };
  };
}

/** All that the CRPO loss needs beside the forward pass; (N, T) from the left, 0 after a completion's end. */
function lossConstants(
  rows: readonly LossRollout[],
  width: number,
): Omit<LossInputs, 'logprobs' | 'entropy'> {
  const perToken = (values: readonly ArrayLike<number>[]): tf.Tensor2D =>
    tf.tensor2d(padRight(values, width), [rows.length, width]);
  const perRow = (values: readonly number[]): tf.Tensor2D =>
    tf.tensor2d(Float32Array.from(values), [rows.length, 1]);
  const references = rows.map(({ referenceLogprobs }) => referenceLogprobs);
  return {
    oldLogprobs: perToken(rows.map(({ oldLogprobs }) => oldLogprobs)),
    referenceLogprobs: references.every((reference) => reference !== null) ? perToken(references) : null,
    mask: perToken(rows.map(({ counted }) => new Float32Array(counted).fill(1))),
    advantages: perRow(rows.map(({ advantage }) => advantage)),
    weights: perRow(rows.map(({ weight }) => weight)),
  };
}
