/**
 * Causal attention with grouped queries over packed sequences that may share a prefix, as training,
 * scoring and prefill need it. Work and memory grow with the pairs of rows that attend to one another
 * and with the rows: a prompt's completions cost one another nothing.
 *
 * A row of qkv holds H query heads, K key heads and K value heads of C values each; queries and keys
 * are rotated by their positions already (`rope`). H/K query heads in a row share a key-value head.
 */
import { StudioError } from '../../../protocol/errors';
import type { Gpu, View } from '../../gpu';
import { forwardKernel } from './webgpu';
import { keyValueGradientKernel, queryGradientKernel } from './webgpu-backward';
import { WIDTH } from './wgsl';

export { type PackedSegments, packSegments, type SegmentGroup } from './segments';

export interface AttentionShape {
  readonly rows: number;
  /** H */
  readonly heads: number;
  /** K; divides H. */
  readonly keyValueHeads: number;
  /** C; a multiple of 4. */
  readonly headWidth: number;
  /** (row, row attended to), for the count of work alone; unless told, as of one sequence. */
  readonly pairs?: number;
}

export interface AttentionCall extends AttentionShape {
  /** [rows, (H + 2K)·C] */
  readonly qkv: View;
  /** i32 [rows, 4], as `packSegments` makes it: a prefix lies before what has it. */
  readonly segments: View;
  /** [rows, H·C]: Σ softmax(q·k/√C)·v */
  readonly out: View;
  /** [rows, H]: log Σ exp(q·k/√C), for the backward. */
  readonly lse: View;
}

export interface AttentionBackwardCall extends AttentionShape {
  /** As the forward had it. */
  readonly qkv: View;
  readonly out: View;
  readonly lse: View;
  readonly segments: View;
  /** i32 [rows, 4], as `packSegments` makes it. */
  readonly readers: View;
  /** [rows, H·C] */
  readonly dOut: View;
  /** [positions, C/2] of (cosine, sine), as `rope` has it. */
  readonly table: View;
  /** [rows, H], scratch. */
  readonly delta: View;
  /** [rows, (H + 2K)·C]: the gradient of qkv before its rotation; not the buffer of qkv. */
  readonly dQkv: View;
}

/** out and lse of every row. One dispatch. */
export function attention(gpu: Gpu, call: AttentionCall): void {
  const { qkv, segments, out, lse } = call;
  checkShape(call);
  const { rows, heads, keyValueHeads } = call;
  gpu.run(
    forwardKernel(call.headWidth),
    { out, lse, qkv, segments },
    { rows, heads, keyValueHeads },
    [Math.ceil(rows / WIDTH), heads],
    costOf(call, heads, 2, 2),
  );
}

/** The gradient of Σ out·dOut. Two dispatches. */
export function attentionBackward(gpu: Gpu, call: AttentionBackwardCall): void {
  const { qkv, out, lse, segments, readers, dOut, table, delta, dQkv } = call;
  checkShape(call);
  const { rows, heads, keyValueHeads } = call;
  const tiles = Math.ceil(rows / WIDTH);
  gpu.run(
    queryGradientKernel(call.headWidth),
    { dQkv, delta, qkv, out, dOut, lse, table, segments },
    { rows, heads, keyValueHeads },
    [tiles, heads],
    costOf(call, heads, 3, 4),
  );
  gpu.run(
    keyValueGradientKernel(call.headWidth),
    { dQkv, qkv, dOut, lse, delta, table, segments, readers },
    { rows, heads, keyValueHeads },
    [tiles, keyValueHeads],
    costOf(call, keyValueHeads, 4, 4),
  );
}

/**
 * @param groups heads whose rows a lane takes
 * @param products multiply-adds per pair, head and value
 * @param operands of a lane's own row, read or written, each a head wide
 */
function costOf(
  { rows, heads, headWidth, pairs = (rows * (rows + 1)) / 2 }: AttentionShape,
  groups: number,
  products: number,
  operands: number,
) {
  // The lanes of a workgroup load the two operands of the other side together.
  const shared = (2 * pairs * heads * headWidth) / WIDTH;
  return {
    multiplyAdds: products * pairs * heads * headWidth,
    bytes: 4 * (shared + operands * rows * groups * headWidth),
  };
}

function checkShape({ rows, heads, keyValueHeads, headWidth }: AttentionShape): void {
  if (rows >= 1 && heads % keyValueHeads === 0 && headWidth % 4 === 0) return;
  throw new StudioError({
    boundary: 'internal',
    code: 'gpu-call',
    message:
      'internal: expected rows, key-value heads that divide the heads and a head width of a multiple of 4, ' +
      `received ${rows} rows, ${heads} and ${keyValueHeads} heads of width ${headWidth}.`,
  });
}
