/** The loss of rows of a micro-batch, as a function of what the policy says of their tokens. */
import type { CompletionDistribution, TokenBatch } from '../../policy';
import { tf } from '../../tensor';
import type { LossObjective, LossRollout } from '../learner';
import { crpoLoss, imitationLoss, type LossInputs } from '../loss';
import { padRight, tokenBatch } from './token-batch';

export interface RowsLoss {
  /** The rows, and how the policy is to see them. */
  readonly batch: TokenBatch;
  readonly options: { readonly temperature: number; readonly entropy: boolean };
  /** Differentiable; `sums`, (4), are those of `lossMetrics`. What it makes belongs to the caller's scope. */
  lossOf(distribution: CompletionDistribution): { loss: tf.Scalar; sums?: tf.Tensor1D };
}

export function rowsLoss(rows: readonly LossRollout[], objective: LossObjective, padToken: number): RowsLoss {
  const batch = tokenBatch(rows, padToken);
  const width = batch.completionLength;
  if (objective.kind === 'imitation') {
    return {
      batch,
      options: { temperature: 1, entropy: false },
      lossOf: ({ logprobs }) => ({ loss: imitationLoss(logprobs, tokenWeights(rows, width)) }),
    };
  }
  const { temperature, settings } = objective;
  return {
    batch,
    options: { temperature, entropy: true },
    lossOf: ({ logprobs, entropy }) =>
      crpoLoss({ ...lossConstants(rows, width), logprobs, entropy: entropy! }, settings),
  };
}

/** (N, T): the row's weight where a token counts, else 0. */
function tokenWeights(rows: readonly LossRollout[], width: number): tf.Tensor2D {
  const weights = rows.map(({ counted, weight }) => new Float32Array(counted).fill(weight));
  return tf.tensor2d(padRight(weights, width), [rows.length, width]);
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
