/** Sums down the columns of a matrix: the gradient of a bias. */
import type { Gpu, View } from '../../gpu';
import { quadsOf } from '../quads';
import { COLUMNS, columnSumKernel } from './webgpu';

export interface ColumnSumCall {
  /** [rows, width] */
  readonly x: View;
  /** [width] */
  readonly sums: View;
  readonly rows: number;
  /** A multiple of 4. */
  readonly width: number;
  /** Adds to `sums` instead of overwriting them. */
  readonly accumulate?: boolean;
}

/** sums[j] (+)= Σ_r x[r, j]. */
export function columnSum(gpu: Gpu, { x, sums, rows, width, accumulate = false }: ColumnSumCall): void {
  const quads = quadsOf(width);
  gpu.run(
    columnSumKernel,
    { x, sums },
    { rows, quads, accumulate: accumulate ? 1 : 0 },
    Math.ceil(quads / COLUMNS),
    { multiplyAdds: rows * width, bytes: 4 * width * (rows + (accumulate ? 2 : 1)) },
  );
}
