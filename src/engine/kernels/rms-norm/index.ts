/**
 * RMSNorm (arXiv 1910.07467): y = x / √(mean x² + ε) ∘ weight, by row. The matmuls apply it to their
 * operand themselves and only need the inverse root mean square of each row; its gradients, and the
 * norm of chosen rows before the head, are here. Every width is a multiple of 4.
 */
import type { Gpu, View } from '../../gpu';
import { COLUMNS } from '../column-sum/webgpu';
import { quadsOf } from '../quads';
import {
  backwardKernel,
  inverseKernel,
  ROWS,
  rowsBackwardKernel,
  rowsKernel,
  rowsWeightGradientKernel,
  weightGradientKernel,
} from './webgpu';

export interface RmsInverseCall {
  /** [rows, width] */
  readonly x: View;
  /** [rows], written */
  readonly inverse: View;
  readonly rows: number;
  readonly width: number;
  readonly epsilon: number;
}

/** inverse[r] = 1 / √(mean over j of x[r, j]² + ε). */
export function rmsInverse(gpu: Gpu, { x, inverse, rows, width, epsilon }: RmsInverseCall): void {
  gpu.run(inverseKernel, { x, inverse }, { rows, quads: quadsOf(width), epsilon }, Math.ceil(rows / ROWS), {
    multiplyAdds: rows * width,
    bytes: 4 * rows * (width + 1),
  });
}

export interface RmsNormBackwardCall {
  /** [rows, width] */
  readonly dy: View;
  /** [rows, width] */
  readonly x: View;
  /** [width] */
  readonly weight: View;
  /** [rows], of `rmsInverse` */
  readonly inverse: View;
  /** [rows, width], a gradient that is added */
  readonly residual?: View | undefined;
  /** [rows, width], written; none of the others */
  readonly dx: View;
  readonly rows: number;
  readonly width: number;
}

/** dx = residual + the gradient of RMSNorm's x. */
export function rmsNormBackward(gpu: Gpu, call: RmsNormBackwardCall): void {
  const { dy, x, weight, inverse, residual, dx, rows, width } = call;
  const views = { dy, x, weight, inverse, dx };
  gpu.run(
    backwardKernel(residual !== undefined),
    residual === undefined ? views : { ...views, residual },
    { rows, quads: quadsOf(width) },
    Math.ceil(rows / ROWS),
    { multiplyAdds: 5 * rows * width, bytes: 4 * rows * ((residual === undefined ? 7 : 8) * width + 1) },
  );
}

export interface RmsNormWeightGradientCall {
  /** [rows, width] */
  readonly dy: View;
  /** [rows, width] */
  readonly x: View;
  /** [rows] */
  readonly inverse: View;
  /** [width], written */
  readonly dWeight: View;
  readonly rows: number;
  readonly width: number;
  /** Adds to `dWeight` instead of overwriting it. */
  readonly accumulate?: boolean;
}

/** dWeight[j] (+)= Σ_r dy[r, j] · x[r, j] · inverse[r]. */
export function rmsNormWeightGradient(gpu: Gpu, call: RmsNormWeightGradientCall): void {
  const { dy, x, inverse, dWeight, rows, width, accumulate = false } = call;
  const quads = quadsOf(width);
  gpu.run(
    weightGradientKernel,
    { dy, x, inverse, sums: dWeight },
    { rows, quads, accumulate: accumulate ? 1 : 0 },
    Math.ceil(quads / COLUMNS),
    { multiplyAdds: 2 * rows * width, bytes: 4 * (3 * rows + (accumulate ? 2 : 1)) * width },
  );
}

export interface RmsNormRowsCall {
  /** [·, width] */
  readonly x: View;
  /** int32 [count], rows of x; a row may come several times */
  readonly index: View;
  /** [width] */
  readonly weight: View;
  /** [count, width], written */
  readonly y: View;
  /** [count], written: the inverse root mean square of each chosen row */
  readonly inverse: View;
  readonly count: number;
  readonly width: number;
  readonly epsilon: number;
}

/** y[m] = RMSNorm(x[index[m]]). */
export function rmsNormRows(gpu: Gpu, call: RmsNormRowsCall): void {
  const { x, index, weight, y, inverse, count, width, epsilon } = call;
  gpu.run(
    rowsKernel,
    { x, chosen: index, weight, y, inverse },
    { rows: count, quads: quadsOf(width), epsilon },
    Math.ceil(count / ROWS),
    { multiplyAdds: 3 * count * width, bytes: 4 * count * (4 * width + 2) },
  );
}

export interface RmsNormRowsBackwardCall {
  /** [count, width] */
  readonly dy: View;
  /** [rows, width] */
  readonly x: View;
  /** [width] */
  readonly weight: View;
  /** [count], of `rmsNormRows` */
  readonly inverse: View;
  /** uint32 [rows + 1]: row r was chosen by members[starts[r]] … members[starts[r + 1] − 1] */
  readonly starts: View;
  /** uint32 [count]: each m of `index` once, by its row */
  readonly members: View;
  /** [rows, width], written; 0 in the rows that were not chosen */
  readonly dx: View;
  readonly rows: number;
  readonly width: number;
  /** How many were chosen, for the cost; `rows` unless told. */
  readonly count?: number;
}

/** dx[r] = Σ of the gradients of x[r] over the members of r. */
export function rmsNormRowsBackward(gpu: Gpu, call: RmsNormRowsBackwardCall): void {
  const { dy, x, weight, inverse, starts, members, dx, rows, width, count = rows } = call;
  gpu.run(
    rowsBackwardKernel,
    { dy, x, weight, inverse, starts, members, dx },
    { rows, quads: quadsOf(width) },
    Math.ceil(rows / ROWS),
    {
      multiplyAdds: (2 * count + 5 * rows) * width,
      bytes: 4 * (count * (2 * width + 2) + rows * (5 * width + 2)),
    },
  );
}

export interface RmsNormRowsWeightGradientCall {
  /** [count, width] */
  readonly dy: View;
  /** [·, width] */
  readonly x: View;
  /** int32 [count] */
  readonly index: View;
  /** [count] */
  readonly inverse: View;
  /** [width], written */
  readonly dWeight: View;
  readonly count: number;
  readonly width: number;
  /** Adds to `dWeight` instead of overwriting it. */
  readonly accumulate?: boolean;
}

/** dWeight[j] (+)= Σ_m dy[m, j] · x[index[m], j] · inverse[m]. */
export function rmsNormRowsWeightGradient(gpu: Gpu, call: RmsNormRowsWeightGradientCall): void {
  const { dy, x, index, inverse, dWeight, count, width, accumulate = false } = call;
  const quads = quadsOf(width);
  gpu.run(
    rowsWeightGradientKernel,
    { dy, x, chosen: index, inverse, sums: dWeight },
    { rows: count, quads, accumulate: accumulate ? 1 : 0 },
    Math.ceil(quads / COLUMNS),
    { multiplyAdds: 2 * count * width, bytes: 4 * (4 * count + (accumulate ? 2 : 1)) * width },
  );
}
