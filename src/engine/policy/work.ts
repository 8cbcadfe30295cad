/**
 * The work of a forward pass counted from shapes, and batches cut by it: on a backend that computes on
 * the calling thread a pause is answered only between two parts. Nothing here depends on time, so a
 * resumed run computes in the same parts.
 */
import type { PolicyConfig } from './config';

/** Multiply-adds of the matrix products of a forward pass over a padded batch. */
export function forwardWork(
  config: PolicyConfig,
  batch: {
    readonly rows: number;
    /** Positions of a row, padding included. */
    readonly width: number;
    /** Positions of a row that go through the head. */
    readonly headPositions: number;
  },
): number {
  const { layers, hiddenSize, mlpWidth, heads, keyValueHeads, headWidth, vocabularySize } = config;
  const { rows, width, headPositions } = batch;
  const queryAndOutput = 2 * hiddenSize * heads * headWidth;
  const keyAndValue = 2 * hiddenSize * keyValueHeads * headWidth;
  const attention = 2 * width * heads * headWidth; // scores and their sum over the values
  const perToken = layers * (queryAndOutput + keyAndValue + attention + 3 * hiddenSize * mlpWidth);
  return rows * (width * perToken + headPositions * hiddenSize * vocabularySize);
}

/** Cuts rows, in order, into parts as large as `fits` lets them be; a row that never fits is one alone. */
export function cutRows<Row>(rows: readonly Row[], fits: (part: readonly Row[]) => boolean): Row[][] {
  const parts: Row[][] = [];
  let part: Row[] = [];
  for (const row of rows) {
    const larger = [...part, row];
    if (part.length === 0 || fits(larger)) part = larger;
    else {
      parts.push(part);
      part = [row];
    }
  }
  return part.length === 0 ? parts : [...parts, part];
}
