/**
 * The KV cache of a batch of rows that decode in step. Per layer, a large `past` of fixed capacity
 * and a short `recent` that grows by one position per token and is added into the past when it is
 * full. So one token copies little, and there are few distinct tensor sizes: webgpu's buffer pool is
 * keyed by exact size and never shrinks.
 */
import { constant, matmul, takeRows, tf } from '../tensor';
import { type KeysAndValues, MASKED } from './attention';
import type { PolicyConfig } from './config';

/** Positions that `recent` holds before they move into the past; lengths are multiples of it. */
export const BLOCK = 16;

export interface KvCache {
  /**
   * One layer's attention for the next position: rotated queries [B, H, C], rotated keys and values
   * [B, K, C] → [B, H·C]. Remembers keys and values.
   */
  attend(layer: number, queries: tf.Tensor3D, keys: tf.Tensor3D, values: tf.Tensor3D): tf.Tensor2D;
  /** Call once every layer has attended. */
  advance(): void;
  /** Keeps these rows, in this order; a row may come several times. */
  keepRows(rows: readonly number[]): void;
  dispose(): void;
}

interface LayerCache {
  /** keys [B·K, capacity, C], values [B·K, C, capacity]; 0 where nothing is yet. */
  past: KeysAndValues;
  /** [B·K, ≤ BLOCK, C] each */
  recent: { readonly keys: tf.Tensor3D; readonly values: tf.Tensor3D } | null;
}

/**
 * Takes ownership of the layers' keys and values of `used` positions, a multiple of BLOCK. `padding`:
 * for each row, how many of its first positions hold no token.
 */
export function createKvCache(
  config: PolicyConfig,
  prefilled: readonly KeysAndValues[],
  used: number,
  padding: readonly number[],
): KvCache {
  const { heads, keyValueHeads, headWidth } = config;
  const scale = 1 / Math.sqrt(headWidth);
  const layers: LayerCache[] = prefilled.map((past) => ({ past, recent: null }));
  let rowPadding = padding;
  let capacity = used;
  let filled = used;
  let recentLength = 0;
  let mask = pastMask();

  /** [B, 1, capacity]: 0 where a past position holds a token of the row, else MASKED. */
  function pastMask(): tf.Tensor3D {
    const values = new Float32Array(rowPadding.length * capacity).fill(MASKED);
    rowPadding.forEach((pad, row) => {
      values.fill(0, row * capacity + pad, row * capacity + filled);
    });
    return tf.keep(tf.tensor3d(values, [rowPadding.length, 1, capacity]));
  }

  function attend(layer: number, queries: tf.Tensor3D, keys: tf.Tensor3D, values: tf.Tensor3D): tf.Tensor2D {
    const cache = layers[layer]!;
    return tf.tidy(() => {
      const rows = rowPadding.length;
      const pairs = rows * keyValueHeads;
      const perKey = heads / keyValueHeads;
      const recent = remember(cache, keys, values);
      // Positions as rows of the left operand: the product with few queries repacks only those.
      const scaled = tf.mul(tf.reshape(queries, [pairs, perKey, headWidth]), constant(scale));
      const q = tf.transpose<tf.Tensor3D>(scaled as tf.Tensor3D, [0, 2, 1]);
      const ofPast = tf.transpose(matmul(cache.past.keys, q), [0, 2, 1]); // (B·K, H/K, capacity)
      const masked = tf.add(tf.reshape(ofPast, [rows, heads, capacity]), mask);
      const ofRecent = tf.transpose(matmul(recent.keys, q), [0, 2, 1]);
      const scores = tf.concat([tf.reshape(masked, ofPast.shape), ofRecent], 2);
      const weights = tf.softmax(scores); // (B·K, H/K, capacity + recent)
      const [toPast, toRecent] = tf.split(weights, [capacity, recent.keys.shape[1]], 2) as [
        tf.Tensor3D,
        tf.Tensor3D,
      ];
      const fromPast = matmul(cache.past.values, tf.transpose(toPast, [0, 2, 1])); // (B·K, C, H/K)
      const mixed = tf.add(tf.transpose(fromPast, [0, 2, 1]), matmul(toRecent, recent.values));
      return tf.reshape<tf.Rank.R2>(mixed, [rows, heads * headWidth]);
    });
  }

  function remember(cache: LayerCache, keys: tf.Tensor3D, values: tf.Tensor3D) {
    const old = cache.recent;
    const join = (before: tf.Tensor3D | undefined, x: tf.Tensor3D) => {
      const next = tf.reshape<tf.Rank.R3>(x, [rowPadding.length * keyValueHeads, 1, headWidth]);
      return tf.keep(before === undefined ? tf.clone(next) : tf.concat([before, next], 1));
    };
    const recent = { keys: join(old?.keys, keys), values: join(old?.values, values) };
    if (old !== null) tf.dispose([old.keys, old.values]);
    cache.recent = recent;
    return recent;
  }

  function advance(): void {
    recentLength += 1;
    if (recentLength === BLOCK) merge();
  }

  /** Adds the recent positions into the past, whose values are 0 there; grows it by a quarter when it is full. */
  function merge(): void {
    const grown = filled + BLOCK > capacity ? roundUp(1.25 * (filled + BLOCK)) : capacity;
    for (const cache of layers) {
      const { past, recent } = cache;
      cache.past = tf.tidy(() => {
        const tail = grown - capacity;
        const around: [number, number] = [filled, grown - filled - BLOCK];
        const widen = (x: tf.Tensor3D, axis: 1 | 2) => (tail === 0 ? x : padAxis(x, axis, [0, tail]));
        const newKeys = padAxis(recent!.keys, 1, around);
        const newValues = padAxis(tf.transpose(recent!.values, [0, 2, 1]), 2, around);
        return {
          keys: tf.keep(tf.add<tf.Tensor3D>(widen(past.keys, 1), newKeys)),
          values: tf.keep(tf.add<tf.Tensor3D>(widen(past.values, 2), newValues)),
        };
      });
      cache.recent = null;
      tf.dispose([past.keys, past.values, recent!.keys, recent!.values]);
    }
    capacity = grown;
    filled += BLOCK;
    recentLength = 0;
    replaceMask();
  }

  function replaceMask(): void {
    mask.dispose();
    mask = pastMask();
  }

  function keepRows(rows: readonly number[]): void {
    const before = rowPadding.length;
    for (const cache of layers) {
      const select = (x: tf.Tensor3D): tf.Tensor3D => {
        const [, height, width] = x.shape;
        const kept = tf.tidy(() => {
          const matrix = tf.reshape<tf.Rank.R2>(x, [before, x.size / before]);
          const chosen = takeRows(matrix, Int32Array.from(rows));
          return tf.keep(tf.reshape<tf.Rank.R3>(chosen, [rows.length * keyValueHeads, height, width]));
        });
        x.dispose();
        return kept;
      };
      cache.past = { keys: select(cache.past.keys), values: select(cache.past.values) };
      if (cache.recent !== null) {
        cache.recent = { keys: select(cache.recent.keys), values: select(cache.recent.values) };
      }
    }
    rowPadding = rows.map((row) => rowPadding[row]!);
    replaceMask();
  }

  function dispose(): void {
    mask.dispose();
    for (const { past, recent } of layers) {
      tf.dispose([past.keys, past.values]);
      if (recent !== null) tf.dispose([recent.keys, recent.values]);
    }
  }

  return { attend, advance, keepRows, dispose };
}

export function roundUp(positions: number): number {
  return Math.ceil(positions / BLOCK) * BLOCK;
}

function padAxis(x: tf.Tensor3D, axis: 1 | 2, around: [number, number]): tf.Tensor3D {
  return tf.pad(x, axis === 1 ? [[0, 0], around, [0, 0]] : [[0, 0], [0, 0], around]);
}
