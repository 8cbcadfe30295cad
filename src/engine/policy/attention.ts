/**
 * Causal grouped-query attention over whole sequences, for training, scoring and prefill
 * (arXiv 2305.13245). Padding may lie anywhere: it is never attended to, and positions count real
 * tokens only, as transformers counts them from the attention mask.
 */
import { constant, tf } from '../tensor';
import type { PolicyConfig } from './config';
import type { Attention } from './layers';
import { inverseFrequencies, type Rotation, rotate, rotationAt } from './rope';
import { softmaxAttention } from './softmax-attention';

/**
 * Added to masked scores: its exponential is 0, yet a row with nothing to attend to stays finite
 * (a uniform mixture, which nothing reads).
 */
export const MASKED = -1e9;

/** Sequences of equal length, right after each other in the rows of x: row = n·S + s. */
export interface SequenceMask {
  /** N */
  readonly rows: number;
  /** S */
  readonly length: number;
  /** [N, S], 1 = real token */
  readonly attentionMask: Uint8Array;
}

/** What all layers share for one batch of sequences. */
export interface AttentionContext {
  readonly rows: number;
  readonly length: number;
  readonly rotation: Rotation;
  /** [N, 1, S, S], 0 or ≤ MASKED */
  readonly mask: tf.Tensor4D;
}

/** Tensors belong to the scope it is made in. */
export function attentionContext(config: PolicyConfig, sequences: SequenceMask): AttentionContext {
  const { rows, length } = sequences;
  const rotation = rotationAt(positionIds(sequences), inverseFrequencies(config));
  return { rows, length, rotation, mask: causalMask(sequences) };
}

/** Keys and values of a layer, as the KV cache keeps them. */
export interface KeysAndValues {
  /** [N·K, S, C] */
  readonly keys: tf.Tensor3D;
  /** [N·K, C, S] */
  readonly values: tf.Tensor3D;
}

/** The attention of one layer; `capture` receives its keys and values, which are kept for it. */
export function causalAttention(
  config: PolicyConfig,
  context: AttentionContext,
  capture?: (layer: KeysAndValues) => void,
): Attention {
  const { heads: queryHeads, keyValueHeads, headWidth } = config;
  const { rows, length, rotation, mask } = context;
  const perKey = queryHeads / keyValueHeads;
  const pairs = rows * keyValueHeads;
  /** [N·S, heads·C] → [N·S, heads, C] */
  const split = (x: tf.Tensor2D, heads: number) =>
    tf.reshape<tf.Rank.R3>(x, [rows * length, heads, headWidth]);
  /** [N·S, heads, C] → [N, heads, S, C], or [N, heads, C, S] */
  const byHead = (x: tf.Tensor3D, heads: number, order: number[]) =>
    tf.transpose(tf.reshape<tf.Rank.R4>(x, [rows, length, heads, headWidth]), order);
  return (queries, keys, values) => {
    const scaled = tf.mul<tf.Tensor3D>(
      rotate(split(queries, queryHeads), rotation),
      constant(1 / Math.sqrt(headWidth)),
    );
    const rotatedKeys = rotate(split(keys, keyValueHeads), rotation);
    const splitValues = split(values, keyValueHeads);
    // Heads that share a key lie together: (N, H, S, C) → (N·K, H/K·S, C)
    const q = tf.reshape<tf.Rank.R3>(byHead(scaled, queryHeads, [0, 2, 1, 3]), [
      pairs,
      perKey * length,
      headWidth,
    ]);
    const k = tf.reshape<tf.Rank.R3>(byHead(rotatedKeys, keyValueHeads, [0, 2, 3, 1]), [
      pairs,
      headWidth,
      length,
    ]);
    const v = tf.reshape<tf.Rank.R3>(byHead(splitValues, keyValueHeads, [0, 2, 1, 3]), [
      pairs,
      length,
      headWidth,
    ]);
    const mixed = softmaxAttention(q, k, v, mask);
    if (capture !== undefined) {
      const [kept, keptValues] = [tf.transpose(k, [0, 2, 1]), tf.transpose(v, [0, 2, 1])];
      capture({ keys: tf.keep(kept), values: tf.keep(keptValues) });
    }
    // (N·K, H/K·S, C) → (N, H, S, C) → (N·S, H·C)
    const perHead = tf.reshape<tf.Rank.R4>(mixed, [rows, queryHeads, length, headWidth]);
    return tf.reshape<tf.Rank.R2>(tf.transpose(perHead, [0, 2, 1, 3]), [
      rows * length,
      queryHeads * headWidth,
    ]);
  };
}

/** Real tokens before each token of its row, from the mask's cumulative sum; padding gets any position. */
export function positionIds({ rows, length, attentionMask }: SequenceMask): Int32Array {
  const positions = new Int32Array(rows * length);
  for (let row = 0; row < rows; row++) {
    let seen = 0;
    for (let s = 0; s < length; s++) {
      seen += attentionMask[row * length + s]!;
      positions[row * length + s] = Math.max(0, seen - 1);
    }
  }
  return positions;
}

function causalMask({ rows, length, attentionMask }: SequenceMask): tf.Tensor4D {
  return tf.tidy(() => {
    const future = new Float32Array(length * length);
    for (let query = 0; query < length; query++)
      future.fill(MASKED, query * length + query + 1, (query + 1) * length);
    const padding = Float32Array.from(attentionMask, (real) => (real === 1 ? 0 : MASKED));
    return tf.add<tf.Tensor4D>(
      tf.tensor4d(future, [1, 1, length, length]),
      tf.tensor4d(padding, [rows, 1, 1, length]),
    );
  });
}
