/** Token sequences as the rectangles that the plain policy computes on. */
import type { TokenBatch } from '../../policy';
import type { TokenSequence } from '../batch';

/** Widths are rounded up to this, so that the device sees few different shapes and can reuse its buffers. */
const WIDTH_STEP = 16;

/** Sequences as the policy's forward takes them: prompts padded on the left, completions on the right. */
export function tokenBatch(sequences: readonly TokenSequence[], padToken: number): TokenBatch {
  const promptLength = paddedWidth(sequences.map(({ promptTokens }) => promptTokens.length));
  const completionLength = paddedWidth(sequences.map(({ completionTokens }) => completionTokens.length));
  const width = promptLength + completionLength;
  const inputIds = new Int32Array(sequences.length * width).fill(padToken);
  const attentionMask = new Uint8Array(sequences.length * width);
  sequences.forEach(({ promptTokens, completionTokens }, row) => {
    const start = row * width + promptLength - promptTokens.length;
    inputIds.set(promptTokens, start);
    inputIds.set(completionTokens, start + promptTokens.length);
    attentionMask.fill(1, start, start + promptTokens.length + completionTokens.length);
  });
  return { rows: sequences.length, promptLength, completionLength, inputIds, attentionMask };
}

/** (rows, width) row by row: `values[i]` from the left, 0 after its end. */
export function padRight(values: readonly ArrayLike<number>[], width: number): Float32Array {
  const padded = new Float32Array(values.length * width);
  values.forEach((row, index) => {
    padded.set(row, index * width);
  });
  return padded;
}

/** The width of a rectangle that holds such lengths. */
export function paddedWidth(lengths: readonly number[]): number {
  return Math.ceil(Math.max(...lengths) / WIDTH_STEP) * WIDTH_STEP;
}
