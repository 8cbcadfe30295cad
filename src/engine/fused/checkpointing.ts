/**
 * Gradient checkpointing from a memory budget: the last layers keep what their gradient needs, the first
 * ones keep only their input and are computed again. All are kept where there is room.
 */
import { classOf } from '../gpu';
import type { Dimensions } from './weights';

/** Bytes of what one layer keeps beside its input, for `rows` tokens. */
export function activationBytes(d: Dimensions, rows: number): number {
  const buffers = [1, d.qkvWidth, d.queryWidth, d.heads, d.width, 1, 2 * d.mlpWidth];
  return buffers.reduce((sum, values) => sum + classOf(4 * rows * values), 0);
}

/** How many layers, from the last, may keep theirs within `available` bytes; at least the last one does. */
export function keptLayers(d: Dimensions, rows: number, available: number): number {
  const kept = Math.floor(available / activationBytes(d, rows));
  return Math.max(1, Math.min(d.layers, kept));
}
