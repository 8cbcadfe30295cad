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
import { broadcastLanes } from '../subgroups';
import { forwardKernel } from './webgpu';
import { keyValueGradientKernel, queryGradientKernel } from './webgpu-backward';
import { capacityOf, type Tile, tileOf } from './wgsl';

export { packSegments, type SegmentGroup } from './segments';

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
  const capacity = capacityOf(call.headWidth);
  const tile = tileOf(capacity, broadcastLanes(gpu));
  gpu.run(
    forwardKernel(capacity, tile),
    { out, lse, qkv, segments },
    uniformsOf(call),
    queryTiles(call, tile),
    costOf(call, tile, { products: 2, own: 1, others: 2 }),
  );
}

/** The gradient of Σ out·dOut. Two dispatches. */
export function attentionBackward(gpu: Gpu, call: AttentionBackwardCall): void {
  const { qkv, out, lse, segments, readers, dOut, table, delta, dQkv } = call;
  checkShape(call);
  const capacity = capacityOf(call.headWidth);
  const sharing = broadcastLanes(gpu);
  const queries = tileOf(capacity, sharing);
  gpu.run(
    queryGradientKernel(capacity, queries),
    { dQkv, delta, qkv, out, dOut, lse, table, segments },
    uniformsOf(call),
    queryTiles(call, queries),
    costOf(call, queries, { products: 3, own: 2, others: 3 }),
  );
  // Of each key the gradients of key and value are summed up.
  const keys = tileOf(2 * capacity, sharing);
  gpu.run(
    keyValueGradientKernel(capacity, keys),
    { dQkv, qkv, dOut, lse, delta, table, segments, readers },
    uniformsOf(call),
    [Math.ceil(call.rows / (keys.items * keys.lanes)), call.keyValueHeads],
    costOf(call, keys, { products: 4, own: 2, others: 4 }),
  );
}

function uniformsOf({ rows, heads, keyValueHeads, headWidth }: AttentionShape) {
  return { rows, heads, keyValueHeads, quads: headWidth / 4, scale: 1 / Math.sqrt(headWidth) };
}

/** Workgroups: over the queries of all heads that share a key head, and over key heads. */
function queryTiles(
  { rows, heads, keyValueHeads }: AttentionShape,
  { items, lanes }: Tile,
): [x: number, y: number] {
  return [Math.ceil((rows * heads) / keyValueHeads / (items * lanes)), keyValueHeads];
}

interface Work {
  /** Multiply-adds per pair and value of a head. */
  readonly products: number;
  /** Operands of a head's width: of a lane's item for each block, and of the block's items. */
  readonly own: number;
  readonly others: number;
}

function costOf(
  { rows, heads, headWidth, pairs = (rows * (rows + 1)) / 2 }: AttentionShape,
  { items, lanes, block }: Tile,
  { products, own, others }: Work,
) {
  const width = heads * headWidth;
  // The lanes of a workgroup load the block's items together.
  const loads = pairs * width * (own / block + others / (items * lanes));
  return { multiplyAdds: products * pairs * width, bytes: 4 * (loads + rows * width) };
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
