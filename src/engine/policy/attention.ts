/**
 * Causal grouped-query attention over whole sequences, for training, scoring and prefill
 * (arXiv 2305.13245). Padding may lie anywhere: it is never attended to, and positions count real
 * tokens only, as transformers counts them from the attention mask.
 */
import { constant, tf } from '../tensor';
import type { PolicyConfig } from './config';
import type { Attention } from './layers';
import { inverseFrequencies, type Rotation, rotate, rotationAt } from './rope';
import { type AttentionMask, softmaxAttention } from './softmax-attention';

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
  readonly mask: AttentionMask;
}

/** Tensors belong to the scope it is made in. */
export function attentionContext(config: PolicyConfig, sequences: SequenceMask): AttentionContext {
  const { rows, length } = sequences;
  const rotation = rotationAt(positionIds(sequences), inverseFrequencies(config));
  return { rows, length, rotation, mask: attentionMask(sequences) };
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
  const positions = rows * length;
  const pairs = rows * keyValueHeads;
  /** [N·S, heads·C] → [N·S, heads, C] */
  const split = (x: tf.Tensor2D, heads: number) => tf.reshape<tf.Rank.R3>(x, [positions, heads, headWidth]);
  /** [N·S, heads, C] → [N·K, heads/K·S, C]: heads that share a key lie together. */
  const byPair = (x: tf.Tensor3D, heads: number) => {
    const byHead = tf.transpose(tf.reshape(x, [rows, length, heads, headWidth]), [0, 2, 1, 3]);
    return tf.reshape<tf.Rank.R3>(byHead, [pairs, (heads / keyValueHeads) * length, headWidth]);
  };
  return (queries, keys, values) => {
    const scale = constant(1 / Math.sqrt(headWidth));
    const q = byPair(tf.mul(rotate(split(queries, queryHeads), rotation), scale), queryHeads);
    const k = byPair(rotate(split(keys, keyValueHeads), rotation), keyValueHeads);
    const v = byPair(split(values, keyValueHeads), keyValueHeads);
    const mixed = softmaxAttention(q, tf.transpose<tf.Tensor3D>(k, [0, 2, 1]), v, mask);
    capture?.({ keys: tf.keep(tf.clone(k)), values: tf.keep(tf.transpose<tf.Tensor3D>(v, [0, 2, 1])) });
    const byHead = tf.reshape(mixed, [rows, queryHeads, length, headWidth]);
    return tf.reshape<tf.Rank.R2>(tf.transpose(byHead, [0, 2, 1, 3]), [positions, queryHeads * headWidth]);
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

function attentionMask({ rows, length, attentionMask: real }: SequenceMask): AttentionMask {
  const future = new Float32Array(length * length);
  for (let query = 0; query < length; query++) {
    future.fill(MASKED, query * length + query + 1, (query + 1) * length);
  }
  const padding = Float32Array.from(real, (bit) => (bit === 1 ? 0 : MASKED));
  return {
    future: tf.tensor4d(future, [1, 1, length, length]),
    padding: tf.tensor4d(padding, [rows, 1, 1, length]),
  };
}
