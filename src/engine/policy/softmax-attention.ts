/**
 * softmax(q·k + mask)·v with a gradient that makes the attention weights again instead of keeping
 * them: they are the only part of a layer that grows with the square of the length. Rows go through in
 * chunks, so their memory is bounded whatever the batch.
 *
 *   W = softmax(q·k + mask)    dV = Wᵀ·dy    dS = W ∘ (dy·vᵀ − Σ (dy·vᵀ ∘ W))    dq = dS·kᵀ    dk = qᵀ·dS
 */
import { customGradient, matmul, tf } from '../tensor';

/** Scores made at a time: 32 MB in float32. */
const CHUNK_VALUES = 2 ** 23;

/** What is added to the scores: 0, or so much below it that the weight is 0. */
export interface AttentionMask {
  /** [1, 1, S, S]: keys after the query. */
  readonly future: tf.Tensor4D;
  /** [N, 1, 1, S]: keys that are padding. */
  readonly padding: tf.Tensor4D;
}

/**
 * Scaled queries [N·K, H/K·S, C], keys [N·K, C, S], values [N·K, S, C] → [N·K, H/K·S, C].
 * Differentiable in the three.
 */
export function softmaxAttention(
  queries: tf.Tensor3D,
  keys: tf.Tensor3D,
  values: tf.Tensor3D,
  mask: AttentionMask,
): tf.Tensor3D {
  const { future, padding } = mask;
  return customGradient([queries, keys, values], () => {
    const inputs = [queries, keys, values, padding];
    const mix = (chunk: Chunk) => tf.tidy(() => matmul(weightsOf(chunk, future), chunk.v));
    return {
      value: concatRows(chunksOf(inputs).map(mix)),
      saved: [...inputs, future],
      gradient: (dy, saved) => {
        const kept = saved[4] as tf.Tensor4D;
        const chunks = chunksOf([...saved.slice(0, 4), dy]);
        const parts = chunks.map((chunk) => tf.tidy(() => gradients(chunk, kept)));
        return [0, 1, 2].map((input) => concatRows(parts.map((part) => part[input]!)));
      },
    };
  });
}

/** Some rows of the inputs, and of dy in the gradient. */
interface Chunk {
  readonly q: tf.Tensor3D;
  readonly k: tf.Tensor3D;
  readonly v: tf.Tensor3D;
  readonly padding: tf.Tensor4D;
  readonly dy: tf.Tensor3D;
}

/** (n·K, H/K·S, S) */
function weightsOf({ q, k, padding }: Chunk, future: tf.Tensor4D): tf.Tensor3D {
  const scores = matmul(q, k);
  const rows = padding.shape[0];
  const length = padding.shape[3];
  const perRow = tf.reshape(scores, [rows, scores.size / (rows * length * length), length, length]);
  const masked = tf.add(perRow, tf.add(future, padding));
  return tf.reshape<tf.Rank.R3>(tf.softmax(masked), scores.shape);
}

function gradients(chunk: Chunk, future: tf.Tensor4D): tf.Tensor3D[] {
  const { q, k, v, dy } = chunk;
  const weights = weightsOf(chunk, future);
  const dWeights = matmul(dy, turned(v));
  const along = tf.sum(tf.mul(dWeights, weights), -1, true);
  const dScores = tf.mul<tf.Tensor3D>(weights, tf.sub(dWeights, along));
  return [matmul(dScores, turned(k)), matmul(turned(q), dScores), turned(matmul(turned(dy), weights))];
}

/** q, k, v, padding and, if given, dy, cut into the same rows; the first axis runs over rows, or rows and heads. */
function chunksOf(tensors: readonly tf.Tensor[]): Chunk[] {
  const [q, k, , padding] = tensors as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D, tf.Tensor4D];
  const rows = padding.shape[0];
  const scoresPerRow = (q.shape[0] / rows) * q.shape[1] * k.shape[2];
  const size = Math.max(1, Math.floor(CHUNK_VALUES / scoresPerRow));
  const chunks: Chunk[] = [];
  for (let start = 0; start < rows; start += size) {
    const count = Math.min(size, rows - start);
    const [cq, ck, cv, cp, cdy] = tensors.map((tensor) => {
      if (count === rows) return tensor;
      const perRow = tensor.shape[0]! / rows;
      return tf.slice(tensor, [start * perRow], [count * perRow]);
    });
    chunks.push({ q: cq, k: ck, v: cv, padding: cp, dy: cdy } as Chunk);
  }
  return chunks;
}

function concatRows(parts: readonly tf.Tensor3D[]): tf.Tensor3D {
  return parts.length === 1 ? parts[0]! : tf.concat([...parts], 0);
}

function turned(x: tf.Tensor3D): tf.Tensor3D {
  return tf.transpose(x, [0, 2, 1]);
}
