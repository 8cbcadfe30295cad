/**
 * RMSNorm's kernels. Those that sum along a row give it 16 lanes and one barrier, four rows to a
 * workgroup; those that sum down the columns are column reductions.
 */
import { type Kernel, kernel } from '../../gpu';
import { columnReduction } from '../column-sum/webgpu';

const LANES = 16;
/** Rows of a workgroup. */
export const ROWS = 4;

/** What `main` of a row's kernel begins with, and the sum over a row's lanes, to be called once. */
const ROW = `
let row = group * ${ROWS}u + lane / ${LANES}u;
let first = lane % ${LANES}u;
let end = select(0u, u.quads, row < u.rows); // none in the rows after the last
let base = row * u.quads;`;
const SUM_OF_ROW = `
var<workgroup> partial: array<f32, ${ROWS * LANES}>;

fn sumOfRow(lane: u32, value: f32) -> f32 {
  partial[lane] = value;
  workgroupBarrier();
  let start = lane - lane % ${LANES}u;
  var sum = 0.0;
  for (var i = 0u; i < ${LANES}u; i++) { sum += partial[start + i]; }
  return sum;
}`;
const EACH = `for (var i = first; i < end; i += ${LANES}u)`;

const inverseOf = (sum: string) => `inverseSqrt(${sum} / f32(4u * u.quads) + u.epsilon)`;

export const inverseKernel = kernel('rms-inverse', () => ({
  bindings: { x: 'vec4<f32>', inverse: 'mut f32' },
  uniforms: { rows: 'u32', quads: 'u32', epsilon: 'f32' },
  workgroupSize: ROWS * LANES,
  declarations: SUM_OF_ROW,
  main: `${ROW}
var squares = 0.0;
${EACH} { let v = x[base + i]; squares += dot(v, v); }
let sum = sumOfRow(lane, squares);
if (row < u.rows && first == 0u) { inverse[row] = ${inverseOf('sum')}; }`,
}));

/** dx = residual + r·(w∘dy) − x·r³/width·Σ(w∘dy∘x), r the row's inverse. */
export function backwardKernel(hasResidual: boolean): Kernel {
  return kernel(`rms-norm-backward${hasResidual ? '-residual' : ''}`, () => ({
    bindings: {
      dy: 'vec4<f32>',
      x: 'vec4<f32>',
      weight: 'vec4<f32>',
      inverse: 'f32',
      ...(hasResidual && { residual: 'vec4<f32>' as const }),
      dx: 'mut vec4<f32>',
    },
    uniforms: { rows: 'u32', quads: 'u32' },
    workgroupSize: ROWS * LANES,
    declarations: SUM_OF_ROW,
    main: `${ROW}
var products = 0.0;
${EACH} { products += dot(dy[base + i] * weight[i], x[base + i]); }
let r = inverse[min(row, u.rows - 1u)];
let along = sumOfRow(lane, products) * r * r * r / f32(4u * u.quads);
${EACH} {
  let own = dy[base + i] * weight[i] * r - x[base + i] * along;
  dx[base + i] = ${hasResidual ? 'residual[base + i] + own' : 'own'};
}`,
  }));
}

export const weightGradientKernel = kernel('rms-norm-weight-gradient', () =>
  columnReduction(
    { dy: 'vec4<f32>', x: 'vec4<f32>', inverse: 'f32' },
    'dy[row * u.quads + column] * x[row * u.quads + column] * inverse[row]',
  ),
);

/** `rows` of the result, each from the row of x that `chosen` names. */
export const rowsKernel = kernel('rms-norm-rows', () => ({
  bindings: {
    x: 'vec4<f32>',
    chosen: 'i32',
    weight: 'vec4<f32>',
    y: 'mut vec4<f32>',
    inverse: 'mut f32',
  },
  uniforms: { rows: 'u32', quads: 'u32', epsilon: 'f32' },
  workgroupSize: ROWS * LANES,
  declarations: SUM_OF_ROW,
  main: `${ROW}
let source = u32(chosen[min(row, u.rows - 1u)]) * u.quads;
var squares = 0.0;
${EACH} { let v = x[source + i]; squares += dot(v, v); }
let r = ${inverseOf('sumOfRow(lane, squares)')};
${EACH} { y[base + i] = x[source + i] * r * weight[i]; }
if (row < u.rows && first == 0u) { inverse[row] = r; }`,
}));

/** The members of a row share its inverse, so that their dy are added first. */
export const rowsBackwardKernel = kernel('rms-norm-rows-backward', () => ({
  bindings: {
    dy: 'vec4<f32>',
    x: 'vec4<f32>',
    weight: 'vec4<f32>',
    inverse: 'f32',
    starts: 'u32',
    members: 'u32',
    dx: 'mut vec4<f32>',
  },
  uniforms: { rows: 'u32', quads: 'u32' },
  workgroupSize: ROWS * LANES,
  declarations: `${SUM_OF_ROW}

fn sumOfMembers(start: u32, end: u32, column: u32) -> vec4<f32> {
  var sum = vec4<f32>(0.0);
  for (var m = start; m < end; m++) { sum += dy[members[m] * u.quads + column]; }
  return sum;
}`,
  main: `${ROW}
let firstMember = starts[min(row, u.rows - 1u)];
let endMember = starts[min(row, u.rows - 1u) + 1u];
var r = 0.0;
if (firstMember < endMember) { r = inverse[members[firstMember]]; }
var products = 0.0;
${EACH} { products += dot(sumOfMembers(firstMember, endMember, i) * weight[i], x[base + i]); }
let along = sumOfRow(lane, products) * r * r * r / f32(4u * u.quads);
${EACH} {
  var gradient = vec4<f32>(0.0);
  if (firstMember < endMember) {
    gradient = sumOfMembers(firstMember, endMember, i) * weight[i] * r - x[base + i] * along;
  }
  dx[base + i] = gradient;
}`,
}));

export const rowsWeightGradientKernel = kernel('rms-norm-rows-weight-gradient', () =>
  columnReduction(
    { dy: 'vec4<f32>', x: 'vec4<f32>', chosen: 'i32', inverse: 'f32' },
    'dy[row * u.quads + column] * x[u32(chosen[row]) * u.quads + column] * inverse[row]',
  ),
);
