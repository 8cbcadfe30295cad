/**
 * From hidden states to the loss of each completion token and back, in chunks of rows: the logits,
 * [count, V], never exist as a whole.
 */
import type { LossObjective } from '../crpo/learner';
import { partOf, type View } from '../gpu';
import { STATISTICS, TOKEN_VALUES, tokenLoss, tokenStatistics } from '../kernels/head-loss';
import { rmsNormRows, rmsNormRowsBackward, rmsNormRowsWeightGradient } from '../kernels/rms-norm';
import type { Context } from './model';
import type { ModelWeights } from './weights';

/** Logits made at a time: 2 MiB. */
const CHUNK_VALUES = 2 ** 19;
/** Fewer rows would read the head's weights too often; parts of the row buffers begin at multiples of 64. */
const LEAST_ROWS = 64;

/** What is predicted, on the device. */
export interface Targets {
  readonly count: number;
  readonly index: View;
  readonly targets: View;
}

export interface LossTargets extends Targets {
  readonly starts: View;
  readonly members: View;
  /** [count, TOKEN_VALUES] */
  readonly tokens: View;
}

/** [rows, D] → [count, STATISTICS], a new buffer: log-probability and entropy of each target. */
export function scoreTargets(
  context: Context,
  weights: ModelWeights,
  hidden: View,
  { count, index, targets }: Targets,
  temperature: number,
): View {
  const { gpu, workspace, dimensions: d } = context;
  const { normed, inverse } = normedRows(context, weights, hidden, count, index);
  const statistics = workspace.take(count * STATISTICS);
  for (const chunk of chunksOf(count, d.vocabulary)) {
    const logits = chunkLogits(context, weights, normed, chunk);
    tokenStatistics(gpu, {
      ...{ logits, targets: chunk.of(targets, 1), statistics: chunk.of(statistics, STATISTICS) },
      ...{ rows: chunk.rows, vocabulary: d.vocabulary, stride: d.logitStride, temperature },
    });
    workspace.give(logits);
  }
  workspace.give(normed, inverse);
  return statistics;
}

/**
 * [rows, D] → the gradient of it and [count, STATISTICS], new buffers. `gradients` null: the head and
 * the final norm do not train. Adds to the head's and the norm's gradients if `accumulate`.
 */
export function lossAndGradient(
  context: Context,
  weights: ModelWeights,
  gradients: ModelWeights | null,
  hidden: View,
  rows: number,
  { count, index, targets, starts, members, tokens }: LossTargets,
  objective: LossObjective,
  accumulate: boolean,
): { dHidden: View; statistics: View } {
  const { gpu, workspace, dimensions: d, product } = context;
  const { normed, inverse } = normedRows(context, weights, hidden, count, index);
  const statistics = workspace.take(count * STATISTICS);
  for (const chunk of chunksOf(count, d.vocabulary)) {
    const logits = chunkLogits(context, weights, normed, chunk);
    tokenLoss(gpu, {
      ...{ logits, targets: chunk.of(targets, 1), tokens: chunk.of(tokens, TOKEN_VALUES) },
      ...{ statistics: chunk.of(statistics, STATISTICS), rows: chunk.rows, vocabulary: d.vocabulary },
      ...{ stride: d.logitStride, objective },
    });
    const strided = { a: logits, aStride: d.logitStride };
    if (gradients !== null) {
      product({
        ...{ layout: 'tn', m: d.vocabulary, n: d.width, k: chunk.rows, ...strided },
        ...{ b: normed, bOffset: chunk.first * d.width, out: gradients.head },
        accumulate: accumulate || chunk.first > 0,
      });
    }
    // The normalised rows of this chunk have been used: their gradient takes their place.
    product({
      ...{ layout: 'nn', m: chunk.rows, n: d.width, k: d.vocabulary, ...strided },
      ...{ b: weights.head, out: normed, outOffset: chunk.first * d.width },
    });
    workspace.give(logits);
  }
  const dHidden = workspace.take(rows * d.width);
  rmsNormRowsBackward(gpu, {
    ...{ dy: normed, x: hidden, weight: weights.finalNorm, inverse, starts, members },
    ...{ dx: dHidden, rows, width: d.width },
  });
  if (gradients !== null) {
    rmsNormRowsWeightGradient(gpu, {
      ...{ dy: normed, x: hidden, index, inverse, dWeight: gradients.finalNorm },
      ...{ count, width: d.width, accumulate },
    });
  }
  workspace.give(normed, inverse);
  return { dHidden, statistics };
}

function normedRows(
  { gpu, workspace, dimensions: d }: Context,
  weights: ModelWeights,
  hidden: View,
  count: number,
  index: View,
): { normed: View; inverse: View } {
  const normed = workspace.take(count * d.width);
  const inverse = workspace.take(count);
  rmsNormRows(gpu, {
    ...{ x: hidden, index, weight: weights.finalNorm, y: normed, inverse },
    ...{ count, width: d.width, epsilon: d.normEpsilon },
  });
  return { normed, inverse };
}

interface Chunk {
  readonly first: number;
  readonly rows: number;
  /** The chunk's part of a buffer with `perRow` values per row. */
  of(view: View, perRow: number): View;
}

function chunksOf(count: number, vocabulary: number): Chunk[] {
  const size = Math.max(1, Math.floor(CHUNK_VALUES / vocabulary / LEAST_ROWS)) * LEAST_ROWS;
  return Array.from({ length: Math.ceil(count / size) }, (_, index) => {
    const first = index * size;
    const rows = Math.min(size, count - first);
    return { first, rows, of: (view, perRow) => partOf(view, first * perRow, rows * perRow) };
  });
}

/** [rows of the chunk, stride] */
function chunkLogits(
  { workspace, dimensions: d, product }: Context,
  weights: ModelWeights,
  normed: View,
  { first, rows }: Chunk,
): View {
  const logits = workspace.take(rows * d.logitStride);
  product({
    ...{ layout: 'nt', m: rows, n: d.vocabulary, k: d.width },
    ...{ a: normed, aOffset: first * d.width, b: weights.head, out: logits, outStride: d.logitStride },
  });
  return logits;
}
