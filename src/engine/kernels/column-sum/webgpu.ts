/**
 * Sums down the columns of a matrix in one dispatch. A workgroup has 4 columns of vec4 (64 bytes of a
 * row, read at once) and takes 64 rows at a time; the 64 partial sums of a column are added in two
 * rounds in workgroup memory. The order of the additions depends on the number of rows only.
 */
import { type BindingType, type KernelSource, kernel } from '../../gpu';

/** vec4 columns of a workgroup. */
export const COLUMNS = 4;
const SLICES = 64;
const LANES = COLUMNS * SLICES;
const ROUND = 8;

/**
 * sums[column] (+)= Σ over rows of `term`, a vec4 expression of `row` and `column` (in vec4) over
 * `bindings`, the rows `u.quads` wide. Run it on ⌈quads / COLUMNS⌉ workgroups.
 */
export function columnReduction(bindings: Readonly<Record<string, BindingType>>, term: string): KernelSource {
  return {
    bindings: { ...bindings, sums: 'mut vec4<f32>' },
    uniforms: { rows: 'u32', quads: 'u32', accumulate: 'u32' },
    workgroupSize: LANES,
    declarations: `
var<workgroup> slices: array<vec4<f32>, ${LANES}>;

// slices[lane] = the sum of ${ROUND} slices, which lie \`apart\`.
fn addSlices(lane: u32, apart: u32) {
  workgroupBarrier();
  if (lane < apart) {
    var sum = slices[lane];
    for (var slice = 1u; slice < ${ROUND}u; slice++) { sum += slices[lane + slice * apart]; }
    slices[lane] = sum;
  }
}`,
    main: `
let column = group * ${COLUMNS}u + lane % ${COLUMNS}u;
var sum = vec4<f32>(0.0);
if (column < u.quads) {
  for (var row = lane / ${COLUMNS}u; row < u.rows; row += ${SLICES}u) { sum += ${term}; }
}
slices[lane] = sum;
addSlices(lane, ${LANES / ROUND}u);
addSlices(lane, ${LANES / ROUND / ROUND}u);
if (lane < ${COLUMNS}u && column < u.quads) {
  sum = slices[lane];
  if (u.accumulate != 0u) { sum += sums[column]; }
  sums[column] = sum;
}`,
  };
}

export const columnSumKernel = kernel('column-sum', () =>
  columnReduction({ x: 'vec4<f32>' }, 'x[row * u.quads + column]'),
);
