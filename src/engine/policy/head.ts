/**
 * From hidden states to what training needs of the vocabulary's distribution: the log-probability of
 * one token and the entropy, per position. The logits, [M, V], are made in chunks of rows and made
 * again for the gradient, so their memory is bounded whatever the batch.
 *
 *   z = h·W / temperature     logprob = z[target] − lse(z)     entropy = Σ p·(lse(z) − z)
 *   dz = dlogprob·(onehot − p) + dentropy·p·(lse(z) − z − entropy)
 */
import { constant, customGradient, matmul, sumRows, tf } from '../tensor';

/** Values in one chunk's logits: 16 MB in float32. */
const CHUNK_VALUES = 2 ** 22;

export interface HeadOptions {
  readonly temperature: number;
  /** Compute the entropy as well. */
  readonly entropy: boolean;
  /** The head takes part in the gradient; false spares its product. */
  readonly headTrains: boolean;
}

/**
 * hidden [M, D], head [D, V], targets [M] → log-probabilities [M] in nats and, if asked for, entropies
 * [M]. Differentiable in hidden and, if it trains, head.
 */
export function tokenDistribution(
  hidden: tf.Tensor2D,
  head: tf.Tensor2D,
  targets: Int32Array,
  options: HeadOptions,
): { logprobs: tf.Tensor1D; entropy: tf.Tensor1D | null } {
  const chunks = chunksOf(targets.length, head.shape[1]);
  const statistics = customGradient(options.headTrains ? [hidden, head] : [hidden], () => {
    const parts = chunks.map((chunk) =>
      tf.tidy(() => forwardChunk(rowsOf(hidden, chunk), head, targets.subarray(...chunk), options)),
    );
    return {
      value: parts.length === 1 ? parts[0]! : tf.concat(parts, 1),
      saved: [hidden, head],
      gradient: (dy, saved) => {
        const [h, w] = saved as [tf.Tensor2D, tf.Tensor2D];
        return gradients(h, w, dy, targets, chunks, options);
      },
    };
  });
  const row = (index: number) =>
    tf.reshape<tf.Rank.R1>(tf.slice(statistics, [index, 0], [1, targets.length]), [targets.length]);
  return { logprobs: row(0), entropy: options.entropy ? row(1) : null };
}

type Range = readonly [start: number, end: number];

function chunksOf(rows: number, vocabulary: number): readonly Range[] {
  const size = Math.max(1, Math.floor(CHUNK_VALUES / vocabulary));
  const ranges: Range[] = [];
  for (let start = 0; start < rows; start += size) ranges.push([start, Math.min(start + size, rows)]);
  return ranges;
}

/** A chunk of the batch: [rows, D] · [D, V] → [1 or 2, rows]. */
function forwardChunk(
  hidden: tf.Tensor2D,
  head: tf.Tensor2D,
  targets: Int32Array,
  options: HeadOptions,
): tf.Tensor2D {
  const { logits, probabilities, logSumExp } = distribution(hidden, head, options.temperature);
  const at = new Int32Array(2 * targets.length);
  targets.forEach((target, row) => {
    at[2 * row] = row;
    at[2 * row + 1] = target;
  });
  const chosen = tf.gatherND(logits, tf.tensor2d(at, [targets.length, 2], 'int32'));
  const logprobs = tf.sub(chosen, tf.squeeze(logSumExp, [1]));
  if (!options.entropy) return tf.expandDims(logprobs, 0);
  const entropy = sumRows(tf.mul(probabilities, tf.sub(logSumExp, logits)));
  return tf.stack([logprobs, entropy]) as tf.Tensor2D;
}

/** Gradients of hidden and, if the head trains, of the head. */
function gradients(
  hidden: tf.Tensor2D,
  head: tf.Tensor2D,
  dy: tf.Tensor2D,
  targets: Int32Array,
  chunks: readonly Range[],
  options: HeadOptions,
): tf.Tensor[] {
  const upstream = tf.mul<tf.Tensor2D>(tf.transpose(dy), constant(1 / options.temperature)); // [M, 1 or 2]
  const headTransposed = tf.transpose(head);
  const dHidden: tf.Tensor2D[] = [];
  let dHead: tf.Tensor | undefined;
  for (const chunk of chunks) {
    const rows = rowsOf(hidden, chunk);
    const dLogits = tf.tidy(() =>
      logitGradient(rows, head, rowsOf(upstream, chunk), targets.subarray(...chunk), options),
    );
    dHidden.push(matmul(dLogits, headTransposed));
    if (options.headTrains) {
      const product = matmul(tf.transpose(rows), dLogits);
      const sum: tf.Tensor = dHead === undefined ? product : tf.add(dHead, product);
      if (sum !== product) tf.dispose([product, dHead!]);
      dHead = sum;
    }
    dLogits.dispose();
  }
  const joined = dHidden.length === 1 ? dHidden[0]! : tf.concat(dHidden, 0);
  return dHead === undefined ? [joined] : [joined, dHead];
}

function logitGradient(
  hidden: tf.Tensor2D,
  head: tf.Tensor2D,
  upstream: tf.Tensor2D,
  targets: Int32Array,
  options: HeadOptions,
): tf.Tensor2D {
  const { logits, probabilities, logSumExp } = distribution(hidden, head, options.temperature);
  // As int32 and cast: with a float type, tfjs-wasm writes an integer's bits.
  const oneHot = tf.cast(tf.oneHot(tf.tensor1d(targets, 'int32'), head.shape[1]), 'float32');
  const [dLogprob, dEntropy] = tf.split(upstream, upstream.shape[1], 1) as [tf.Tensor2D, tf.Tensor2D?];
  const viaLogprob = tf.mul<tf.Tensor2D>(dLogprob, tf.sub(oneHot, probabilities));
  if (dEntropy === undefined) return viaLogprob;
  const surprise = tf.sub(logSumExp, logits);
  const entropy = tf.expandDims(sumRows(tf.mul(probabilities, surprise)), 1);
  const viaEntropy = tf.mul(dEntropy, tf.mul(probabilities, tf.sub(surprise, entropy)));
  return tf.add(viaLogprob, viaEntropy);
}

/**
 * lse(z) = max(z) − log(max(softmax(z))): the softmax kernel is fast on wasm where `exp` is not, and
 * max(softmax) ≥ 1/V, so the logarithm is well conditioned.
 */
function distribution(hidden: tf.Tensor2D, head: tf.Tensor2D, temperature: number) {
  const logits = tf.mul<tf.Tensor2D>(matmul(hidden, head), constant(1 / temperature));
  const probabilities = tf.softmax(logits);
  const logSumExp = tf.sub(tf.max(logits, -1, true), tf.log(tf.max(probabilities, -1, true)));
  return { logits, probabilities, logSumExp };
}

/** Rows [start, end); all of them cost no copy. */
function rowsOf(matrix: tf.Tensor2D, [start, end]: Range): tf.Tensor2D {
  if (start === 0 && end === matrix.shape[0]) return tf.clone(matrix);
  return tf.slice(matrix, [start, 0], [end - start, matrix.shape[1]]);
}
