/**
 * softmax(q·k + mask)·v with a gradient that makes the attention weights again instead of keeping
 * them: they are the only part of a layer that grows with the square of the length. Rows go through in
 * chunks, so their memory is bounded whatever the batch.
 *
 *   W = softmax(q·k + mask)    dV = Wᵀ·dy    dS = W ∘ (dy·vᵀ − Σ (dy·vᵀ ∘ W))    dq = dS·kᵀ    dk = qᵀ·dS
 */
import { matmul, tf } from '../tensor';

/** Scores made at a time: 32 MB in float32. */
const CHUNK_VALUES = 2 ** 23;

/**
 * Scaled queries [N·K, H/K·S, C], keys [N·K, C, S], values [N·K, S, C], mask [N, 1, S, S], added to the
 * scores → [N·K, H/K·S, C]. Differentiable in the first three.
 */
export function softmaxAttention(
  queries: tf.Tensor3D,
  keys: tf.Tensor3D,
  values: tf.Tensor3D,
  mask: tf.Tensor4D,
): tf.Tensor3D {
  const op = tf.customGrad((q, k, v, save) => {
    const inputs = [q, k, v, mask] as readonly tf.Tensor[];
    (save as tf.GradSaveFunc)([...inputs]);
    return {
      value: concatRows(chunksOf(inputs).map((chunk) => tf.tidy(() => matmul(weightsOf(chunk), chunk.v)))),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
        tf.tidy(() => {
          const parts = chunksOf([...saved, dy]).map((chunk) => tf.tidy(() => gradients(chunk)));
          return [0, 1, 2].map((input) => concatRows(parts.map((part) => part[input]!)));
        }),
    };
  });
  return op(queries, keys, values) as tf.Tensor3D;
}

/** Some rows of the inputs, and of dy in the gradient. */
interface Chunk {
  readonly q: tf.Tensor3D;
  readonly k: tf.Tensor3D;
  readonly v: tf.Tensor3D;
  readonly mask: tf.Tensor4D;
  readonly dy: tf.Tensor3D;
}

/** (n·K, H/K·S, S) */
function weightsOf({ q, k, mask }: Chunk): tf.Tensor3D {
  const scores = matmul(q, k);
  const [rows, , length] = mask.shape;
  const perRow = tf.reshape(scores, [rows, scores.size / (rows * length * length), length, length]);
  return tf.reshape<tf.Rank.R3>(tf.softmax(tf.add(perRow, mask)), scores.shape);
}

function gradients(chunk: Chunk): tf.Tensor3D[] {
  const { q, k, v, dy } = chunk;
  const weights = weightsOf(chunk);
  const dWeights = matmul(dy, turned(v));
  const along = tf.sum(tf.mul(dWeights, weights), -1, true);
  const dScores = tf.mul<tf.Tensor3D>(weights, tf.sub(dWeights, along));
  return [matmul(dScores, turned(k)), matmul(turned(q), dScores), turned(matmul(turned(dy), weights))];
}

/** Cuts tensors whose first axis runs over rows, or over rows and key heads, into the same rows. */
function chunksOf(tensors: readonly tf.Tensor[]): Chunk[] {
  const [q, k, , mask] = tensors as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D, tf.Tensor4D];
  const rows = mask.shape[0];
  const scoresPerRow = (q.shape[0] / rows) * q.shape[1] * k.shape[2];
  const size = Math.max(1, Math.floor(CHUNK_VALUES / scoresPerRow));
  const chunks: Chunk[] = [];
  for (let start = 0; start < rows; start += size) {
    const count = Math.min(size, rows - start);
    const [cq, ck, cv, cm, cdy] = tensors.map((tensor) => {
      if (count === rows) return tensor;
      const perRow = tensor.shape[0]! / rows;
      return tf.slice(tensor, [start * perRow], [count * perRow]);
    });
    chunks.push({ q: cq, k: ck, v: cv, mask: cm, dy: cdy } as Chunk);
  }
  return chunks;
}

function concatRows(parts: readonly tf.Tensor3D[]): tf.Tensor3D {
  return parts.length === 1 ? parts[0]! : tf.concat([...parts], 0);
}

function turned(x: tf.Tensor3D): tf.Tensor3D {
  return tf.transpose(x, [0, 2, 1]);
}
