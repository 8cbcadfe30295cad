/** Rows of the token embedding, and their gradient added to the table's in a fixed order. */
import type { Gpu, View } from '../../gpu';
import { quadsOf } from '../quads';
import { backwardKernel, forwardKernel, LANES } from './webgpu';

export interface EmbedCall {
  /** [V, width] */
  readonly table: View;
  /** int32 [rows], each in 0 … V − 1 */
  readonly ids: View;
  /** [rows, width], written */
  readonly y: View;
  readonly rows: number;
  /** A multiple of 4. */
  readonly width: number;
}

/** y[r] = table[ids[r]]. */
export function embed(gpu: Gpu, { table, ids, y, rows, width }: EmbedCall): void {
  const count = rows * quadsOf(width);
  gpu.run(forwardKernel(quadsOf(width)), { table, ids, y }, { count }, Math.ceil(count / LANES), {
    multiplyAdds: 0,
    bytes: 4 * rows * (2 * width + 1),
  });
}

export interface EmbedBackwardCall {
  /** [rows, width] */
  readonly dy: View;
  /** int32 [distinct]: the tokens that occur, each once */
  readonly tokens: View;
  /** uint32 [distinct + 1]: token u is in the rows members[starts[u]] … members[starts[u + 1] − 1] */
  readonly starts: View;
  /** uint32 [rows] */
  readonly members: View;
  /** [V, width], added to */
  readonly dTable: View;
  readonly distinct: number;
  /** A multiple of 4. */
  readonly width: number;
  /** Of dy, for the cost; `distinct` unless told. */
  readonly rows?: number;
}

/** dTable[tokens[u]] += Σ of dy over the rows of u, in the order of `members`. */
export function embedBackward(gpu: Gpu, call: EmbedBackwardCall): void {
  const { dy, tokens, starts, members, dTable, distinct, width, rows = distinct } = call;
  const count = distinct * quadsOf(width);
  gpu.run(
    backwardKernel(quadsOf(width)),
    { dy, tokens, starts, members, dTable },
    { count },
    Math.ceil(count / LANES),
    { multiplyAdds: rows * width, bytes: 4 * ((rows + 2 * distinct) * width + rows + 3 * distinct) },
  );
}
