/**
 * Embedding's kernels, one vec4 of a row per invocation. The backward goes by token, not by row, so
 * that no two invocations add to one place. They are compiled for their width.
 */
import { type Kernel, kernel } from '../../gpu';

export const LANES = 64;

export function forwardKernel(quads: number): Kernel {
  return kernel(`embed-${quads}`, () => ({
    bindings: { table: 'vec4<f32>', ids: 'i32', y: 'mut vec4<f32>' },
    uniforms: { count: 'u32' },
    workgroupSize: LANES,
    main: `
if (index >= u.count) { return; }
let row = index / ${quads}u;
y[index] = table[u32(ids[row]) * ${quads}u + index - row * ${quads}u];`,
  }));
}

export function backwardKernel(quads: number): Kernel {
  return kernel(`embed-backward-${quads}`, () => ({
    bindings: {
      dy: 'vec4<f32>',
      tokens: 'i32',
      starts: 'u32',
      members: 'u32',
      dTable: 'mut vec4<f32>',
    },
    uniforms: { count: 'u32' },
    workgroupSize: LANES,
    main: `
if (index >= u.count) { return; }
let distinct = index / ${quads}u;
let column = index - distinct * ${quads}u;
let at = u32(tokens[distinct]) * ${quads}u + column;
let end = starts[distinct + 1u];
var sum = dTable[at];
for (var m = starts[distinct]; m < end; m++) { sum += dy[members[m] * ${quads}u + column]; }
dTable[at] = sum;`,
  }));
}
