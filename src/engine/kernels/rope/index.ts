/**
 * Rotary position embeddings (RoFormer, arXiv 2104.09864) in the half-split order of Llama and Qwen2:
 * dimension i of a head is paired with i + C/2. The attention's backward turns its gradients back.
 */
import type { Gpu, View } from '../../gpu';
import { quadsOf } from '../quads';
import { LANES, ropeKernel } from './webgpu';

export interface RopeCall {
  /** [rows, stride]; its first heads · headWidth columns are rotated in place */
  readonly qkv: View;
  /** [positions, headWidth/2] of (cos, sin) */
  readonly table: View;
  /** int32 [rows, 4]; the first is the row's position in the table */
  readonly segments: View;
  readonly rows: number;
  /** Query and key heads, from column 0 on. */
  readonly heads: number;
  /** C, a multiple of 4. */
  readonly headWidth: number;
  /** Values from one row to the next, a multiple of 4. */
  readonly stride: number;
}

/** Of each pair (a, b) of a head: (a·cos − b·sin, b·cos + a·sin). */
export function rope(gpu: Gpu, call: RopeCall): void {
  const { qkv, table, segments, rows, heads, headWidth, stride } = call;
  const count = rows * heads * quadsOf(headWidth);
  gpu.run(
    ropeKernel(heads, headWidth),
    { qkv, table, segments },
    { count, halfStride: 2 * quadsOf(stride) },
    Math.ceil(count / LANES),
    { multiplyAdds: 8 * count, bytes: (32 + 16 + 16) * count },
  );
}
