/**
 * Rows of a matrix by index, with a gradient that is the same on every run and every backend:
 * tfjs' own (UnsortedSegmentSum) adds in any order with float atomics on webgpu and is missing on
 * wasm. Indices are known on the CPU, so the sums are planned there and run as gathers and adds.
 */
import { StudioError } from '../../protocol/errors';
import { customGradient } from './custom-gradient';
import { tf } from './tf';

/** Rows added up in one go; the gradient's sums are trees of this arity. */
const FAN_IN = 4;

/**
 * [R, D] and M indices below R → [M, D]. Differentiable in the matrix. `indices` must not change
 * until the gradient has been taken.
 */
export function takeRows(matrix: tf.Tensor2D, indices: Int32Array): tf.Tensor2D {
  const [rows] = matrix.shape;
  for (const index of indices) {
    if (index >= 0 && index < rows) continue;
    throw new StudioError({
      boundary: 'internal',
      code: 'row-out-of-range',
      message: `internal: expected row indices in [0, ${rows}), received ${index}.`,
    });
  }
  return customGradient([matrix], () => ({
    value: gatherRows(matrix, indices),
    saved: [],
    gradient: (dy) => [sumRowsByIndex(dy, indices, rows)],
  }));
}

/** out[r] = Σ of dy's rows m with indices[m] = r: [M, D] → [rows, D]. */
function sumRowsByIndex(dy: tf.Tensor2D, indices: Int32Array, rows: number): tf.Tensor2D {
  const { rounds, last } = planSums(indices, rows);
  return tf.tidy(() => {
    let sums = dy;
    for (const operands of rounds) {
      const padded = withZeroRow(sums);
      sums = tf.addN(operands.map((operand) => gatherRows(padded, operand)));
    }
    return gatherRows(withZeroRow(sums), last);
  });
}

interface SumPlan {
  /** Each round adds FAN_IN gathers of the rows before it; an index past the last row means zero. */
  readonly rounds: readonly (readonly Int32Array[])[];
  /** [rows]: where each row's sum lies after the last round; past the last row means zero. */
  readonly last: Int32Array;
}

function planSums(indices: Int32Array, rows: number): SumPlan {
  /** For each index that occurs, the rows still to be added up. */
  let pending = new Map<number, number[]>();
  indices.forEach((index, position) => {
    const positions = pending.get(index);
    if (positions === undefined) pending.set(index, [position]);
    else positions.push(position);
  });
  let count = indices.length;
  const rounds: Int32Array[][] = [];
  while ([...pending.values()].some((positions) => positions.length > 1)) {
    const next = new Map<number, number[]>();
    const chunks: number[][] = [];
    for (const [index, positions] of pending) {
      const sums: number[] = [];
      for (let start = 0; start < positions.length; start += FAN_IN) {
        sums.push(chunks.length);
        chunks.push(positions.slice(start, start + FAN_IN));
      }
      next.set(index, sums);
    }
    const zeroRow = count;
    rounds.push(
      Array.from({ length: FAN_IN }, (_, operand) =>
        Int32Array.from(chunks, (chunk) => chunk[operand] ?? zeroRow),
      ),
    );
    pending = next;
    count = chunks.length;
  }
  const last = new Int32Array(rows).fill(count);
  for (const [index, [sum]] of pending) last[index] = sum!;
  return { rounds, last };
}

/** `gather` copies value by value on wasm (100 times slower); `gatherND` copies whole rows. */
function gatherRows(matrix: tf.Tensor2D, indices: Int32Array): tf.Tensor2D {
  return tf.tidy(
    () => tf.gatherND(matrix, tf.tensor2d(indices, [indices.length, 1], 'int32')) as tf.Tensor2D,
  );
}

function withZeroRow(matrix: tf.Tensor2D): tf.Tensor2D {
  return tf.concat([matrix, tf.zeros<tf.Rank.R2>([1, matrix.shape[1]])], 0);
}
