/**
 * How the rows of a micro-batch are cut, so that a pause is answered soon: on a backend that computes on
 * the calling thread the host breathes only between two parts. Smaller parts do not cost more than the
 * padding that they spare: for the starter on wasm, parts a third as large made an update no slower and
 * a forward pass a fifth faster.
 */
import type { PolicyConfig } from '../../policy';
import { cutRows, forwardWork } from '../../policy/work';
import { tf } from '../../tensor';
import type { TokenSequence } from '../batch';
import { paddedWidth } from './token-batch';

/**
 * Multiply-adds of a part: at most 0.2 s of tfjs-wasm on one core of 2024. The starter's longest rows on
 * its own cases, 224 tokens, are one alone. The gradient of a longer row is taken in pieces.
 */
export const PART_MULTIPLY_ADDS = 0.75e9;

/** Multiply-adds of the matrix products over the rows as one padded batch. */
export type Work = (rows: readonly TokenSequence[], config: PolicyConfig) => number;

export const logprobWork: Work = (rows, config) => {
  const completion = paddedWidth(rows.map(({ completionTokens }) => completionTokens.length));
  const width = paddedWidth(rows.map(({ promptTokens }) => promptTokens.length)) + completion;
  return forwardWork(config, { rows: rows.length, width, headPositions: completion });
};

/** The backward takes two products for each of the forward's. */
export const gradientWork: Work = (rows, config) => 3 * logprobWork(rows, config);

/**
 * The rows, in order, in parts of at most `limit` multiply-adds, or of one row. WebGPU only takes orders
 * on this thread, and a part fills it better the larger it is: there all rows are one.
 */
export function partsOf<Row extends TokenSequence>(
  rows: readonly Row[],
  work: Work,
  config: PolicyConfig,
  limit: number,
): (readonly Row[])[] {
  return cutRows(rows, (part) => !exceeds(part, work, config, limit));
}

/** Whether the rows take too long in one go: of the parts, only one row alone may. */
export function exceeds(
  rows: readonly TokenSequence[],
  work: Work,
  config: PolicyConfig,
  limit: number,
): boolean {
  return tf.getBackend() !== 'webgpu' && work(rows, config) > limit;
}
