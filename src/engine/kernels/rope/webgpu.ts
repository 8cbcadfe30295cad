/**
 * RoPE's kernel: one invocation turns two neighbouring pairs of a head, so that it reads vec2 of both
 * halves (half a head is a multiple of 2, not of 4). It is compiled for its heads and their width.
 */
import { type Kernel, kernel } from '../../gpu';

export const LANES = 64;

export function ropeKernel(heads: number, headWidth: number): Kernel {
  const quarter = headWidth / 4;
  return kernel(`rope-${heads}-${headWidth}`, () => ({
    bindings: { qkv: 'mut vec2<f32>', table: 'vec4<f32>', segments: 'vec4<i32>' },
    uniforms: { count: 'u32', halfStride: 'u32' },
    workgroupSize: LANES,
    main: `
if (index >= u.count) { return; }
let row = index / ${heads * quarter}u;
let turned = index - row * ${heads * quarter}u;
let head = turned / ${quarter}u;
let pair = turned - head * ${quarter}u;
let angles = table[u32(segments[row].x) * ${quarter}u + pair]; // cos, sin, cos, sin
let at = row * u.halfStride + head * ${2 * quarter}u + pair;
let a = qkv[at];
let b = qkv[at + ${quarter}u];
qkv[at] = a * angles.xz - b * angles.yw;
qkv[at + ${quarter}u] = b * angles.xz + a * angles.yw;`,
  }));
}
