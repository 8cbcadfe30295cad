/**
 * The CRPO loss: GRPO's clipped surrogate (Shao et al., arXiv 2402.03300, equation 3) with
 *   - clip-higher, an upper range of its own (DAPO, arXiv 2503.14476);
 *   - dual clip, −c·A at most for A < 0 (Ye et al., arXiv 1912.09729);
 *   - β times the k3 estimator of KL(π ‖ π_ref) (Schulman, "Approximating KL divergence"), inside the
 *     per-token loss: as it is (TRL), or with verl's clamps, which leave no gradient beyond them;
 *   - log-ratios bounded as in verl, so that no token makes the loss infinite;
 *   - an entropy bonus.
 *
 * Every aggregation is Σ_i w_i Σ_t ℓ_it with row weights that are known before the forward pass, so
 * micro-batches add up to exactly the loss and the gradient of their mini-batch.
 */
import type { RunConfig } from '../../protocol';
import { assertShape, tf } from '../tensor';

/** verl's bound on |log π − log π_old|, and on |log π_ref − log π| where k3 is clamped. */
export const LOG_RATIO_BOUND = 20;
/** Where k3 is not clamped: e^80 is still a float32. */
export const FINITE_BOUND = 80;

/** Stands for no bound at all in a minimum; finite, so that no backend meets an infinity. */
const UNBOUNDED = 1e30;

export interface LossRow {
  /** Completion tokens, the stop token included. */
  readonly length: number;
  readonly truncated: boolean;
}

/**
 * w_i for every row of a mini-batch.
 *   token-mean       1 / tokens of all rows that count            (TRL `dapo`, verl token-mean)
 *   sequence-mean    1 / (rows · tokens of the row)               (TRL `grpo`)
 *   constant-length  1 / (rows · maxCompletionTokens)             (TRL `dr_grpo`)
 * `rows` counts masked rows too, as in TRL. A masked or empty row has weight 0.
 */
export function rowWeights(
  rows: readonly LossRow[],
  settings: Pick<RunConfig['loss'], 'aggregation' | 'maskTruncated'>,
  maxCompletionTokens: number,
): number[] {
  const lengths = rows.map((row) => countedLength(row, settings.maskTruncated));
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  return lengths.map((length) => {
    if (length === 0) return 0;
    if (settings.aggregation === 'token-mean') return 1 / tokens;
    return 1 / (rows.length * (settings.aggregation === 'sequence-mean' ? length : maxCompletionTokens));
  });
}

/** Tokens of the row that are in the loss. */
export function countedLength(row: LossRow, maskTruncated: boolean): number {
  return row.truncated && maskTruncated ? 0 : row.length;
}

export interface LossInputs {
  /** log π_θ of each completion token (N, T), nats at the sampling temperature. */
  readonly logprobs: tf.Tensor2D;
  /** H(π_θ) at each position (N, T). */
  readonly entropy: tf.Tensor2D;
  /** log π_old (N, T). */
  readonly oldLogprobs: tf.Tensor2D;
  /** log π_ref (N, T); null where β is 0. */
  readonly referenceLogprobs: tf.Tensor2D | null;
  /** Â_i (N, 1). */
  readonly advantages: tf.Tensor2D;
  /** w_i (N, 1). */
  readonly weights: tf.Tensor2D;
  /** 1 where the token is in the loss (N, T). */
  readonly mask: tf.Tensor2D;
}

/**
 * Differentiable in `logprobs` and `entropy`. `sums` (4) are sums over the masked tokens for
 * `lossMetrics`: k3 and entropy in nats, then how many tokens lie below the range with A < 0 and how
 * many above it with A > 0. They carry no gradient. The caller disposes both.
 */
export function crpoLoss(
  inputs: LossInputs,
  settings: RunConfig['loss'],
): { loss: tf.Scalar; sums: tf.Tensor1D } {
  const { logprobs, entropy, oldLogprobs, referenceLogprobs, advantages, weights, mask } = inputs;
  const [rows, width] = logprobs.shape;
  for (const [name, tensor] of Object.entries({ oldLogprobs, mask, entropy, referenceLogprobs }))
    if (tensor !== null) assertShape(tensor, [rows, width], name);
  assertShape(advantages, [rows, 1], 'advantages');
  assertShape(weights, [rows, 1], 'weights');

  const ratio = tf.exp(tf.clipByValue(tf.sub(logprobs, oldLogprobs), -LOG_RATIO_BOUND, LOG_RATIO_BOUND));
  let perToken = surrogate(ratio, advantages, settings);
  const kl = referenceLogprobs === null ? null : k3(logprobs, referenceLogprobs, settings.klClamp);
  if (kl !== null) perToken = tf.add(perToken, tf.mul(kl, settings.klCoefficient));
  if (settings.entropyCoefficient !== 0)
    perToken = tf.sub(perToken, tf.mul(entropy, settings.entropyCoefficient));

  const loss = tf.sum(tf.mul(tf.mul(perToken, mask), weights)) as tf.Scalar; // (N, T) → ()
  const low = tf.logicalAnd(tf.less(ratio, 1 - settings.clipRangeLow), tf.less(advantages, 0));
  const high = tf.logicalAnd(tf.greater(ratio, 1 + settings.clipRangeHigh), tf.greater(advantages, 0));
  const sums = [kl, entropy, tf.cast(low, 'float32'), tf.cast(high, 'float32')].map((values) =>
    values === null ? tf.scalar(0) : tf.sum(tf.mul(values, mask)),
  );
  return { loss, sums: tf.stack(sums) as tf.Tensor1D };
}

/** −Σ_i w_i Σ_t log π_it: `weights` (N, T) are w_i where the token is in the loss, else 0. → () */
export function imitationLoss(logprobs: tf.Tensor2D, weights: tf.Tensor2D): tf.Scalar {
  assertShape(weights, logprobs.shape, 'weights');
  return tf.neg(tf.sum(tf.mul(logprobs, weights))) as tf.Scalar;
}

/** Means per token in the loss, by TRL's keys, from the added-up `sums` of a mini-batch. */
export function lossMetrics(
  [kl = 0, entropy = 0, low = 0, high = 0]: readonly number[],
  tokens: number,
  withKl: boolean,
): Record<string, number> {
  if (tokens === 0) return {};
  return {
    ...(withKl ? { kl: kl / tokens } : {}),
    entropy: entropy / tokens,
    'clip_ratio/low_mean': low / tokens,
    'clip_ratio/high_mean': high / tokens,
    'clip_ratio/region_mean': (low + high) / tokens,
  };
}

/** −min(ratio · A, clip(ratio) · A), and at most −c·A where A < 0. (N, T) and (N, 1) → (N, T) */
function surrogate(ratio: tf.Tensor, advantages: tf.Tensor2D, settings: RunConfig['loss']): tf.Tensor {
  const clipped = tf.clipByValue(ratio, 1 - settings.clipRangeLow, 1 + settings.clipRangeHigh);
  const loss = tf.neg(tf.minimum(tf.mul(ratio, advantages), tf.mul(clipped, advantages)));
  if (settings.dualClip === null) return loss;
  const bound = tf.where(
    tf.less(advantages, 0),
    tf.mul(advantages, -settings.dualClip),
    tf.scalar(UNBOUNDED),
  );
  return tf.minimum(loss, bound);
}

/** e^d − d − 1 with d = log π_ref − log π, within ±`clamp` unless it is null. (N, T) → (N, T) */
function k3(logprobs: tf.Tensor2D, referenceLogprobs: tf.Tensor2D, clamp: number | null): tf.Tensor {
  const bound = clamp === null ? FINITE_BOUND : LOG_RATIO_BOUND;
  const difference = tf.clipByValue(tf.sub(referenceLogprobs, logprobs), -bound, bound);
  const estimate = tf.sub(tf.sub(tf.exp(difference), difference), 1);
  return clamp === null ? estimate : tf.clipByValue(estimate, -clamp, clamp);
}
