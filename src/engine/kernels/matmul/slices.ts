/**
 * The product on a CPU rasteriser for many rows (nt, nn). A lane keeps a slice of `b`, 8 k × 4 columns,
 * and takes the rows of a block past it one by one, adding to out after each slice. There a load costs
 * the most, since each lane checks its bounds, also where all lanes load the same; and a loop that
 * outgrows the instruction cache is slow. What is kept costs no load, and the loop is short: about 1.6
 * times as fast on lavapipe as registers.ts.
 */
import { type Gpu, type KernelSource, kernel, unroll } from '../../gpu';
import { featuresOf, type Product, runProduct, sharedSource } from './product';

const LANES = 8;
const BLOCK_ROWS = 64;
/** Of k, in vec4s. */
const SLICE = 2;

/** For the layouts nt and nn; a norm to be computed and the gate are for nt. */
export function sliceProduct(gpu: Gpu, product: Product): void {
  const ragged = product.layout === 'nn' && product.k % 4 !== 0;
  const name = `matmul-slices-${ragged ? 'ragged-' : ''}${featuresOf(product)}`;
  const made = kernel(name, () => source(product, ragged));
  const columns = 4 * LANES;
  const grid = [Math.ceil(product.m / BLOCK_ROWS), Math.ceil(product.n / columns)] as const;
  runProduct(gpu, made, product, grid, {
    rows: BLOCK_ROWS,
    columns,
    passes: Math.ceil(product.k / (4 * SLICE)),
  });
}

function source(product: Product, ragged: boolean): KernelSource {
  const { layout, norm, gated } = product;
  const shared = sharedSource(product);
  const computed = norm?.kind === 'computed';
  const matrices = gated ? (['sum', 'up'] as const) : (['sum'] as const);
  const keep = (name: 'sum' | 'up') =>
    layout === 'nt' ? keepNT(`${name}Kept`, norm !== undefined, name === 'up' ? ' + u.n' : '') : KEEP_NN;
  return {
    ...shared,
    declarations: `${shared.declarations}
      ${computed ? `var<workgroup> inverses: array<f32, ${BLOCK_ROWS}>;` : ''}
      ${gated ? `var<workgroup> ups: array<vec4<f32>, ${BLOCK_ROWS * LANES}>;` : ''}`,
    workgroupSize: LANES,
    main: `
      let column = tile.y * ${LANES}u + lane;
      let isColumn = 4u * column < u.n;
      let begin = tile.x * ${BLOCK_ROWS}u;
      let end = min(u.m, begin + ${BLOCK_ROWS}u);
      let last = (u.k - 1u) / 4u;
      ${computed ? COMPUTE_INVERSES : ''}
      ${matrices.map((name) => `var ${name}Kept: array<vec4<f32>, ${4 * SLICE}>;`).join('\n')}
      for (var start = 0u; start <= last; start += ${SLICE}u) {
        for (var i = 0u; i < ${4 * SLICE}u; i++) { ${matrices.map(keep).join('\n')} }
        for (var row = begin; row < end; row++) {
          let first = u.aStart + row * u.aStride;
          ${unroll(SLICE, (q) => loadA(ragged, q))}
          ${matrices.map((name) => `var ${name} = vec4<f32>(${layout === 'nt' ? dotsOf(name) : ''});`).join('\n')}
          ${layout === 'nn' ? unroll(SLICE, (q) => unroll(4, (e) => `sum += x${q}[${e}] * sumKept[${4 * q + e}];`)) : ''}
          ${norm ? scaled(matrices, computed) : ''}
          if (isColumn) { ${gated ? TAKE_GATED : TAKE} }
        }
      }`,
  };
}

/** RMSNorm's inverse of each row of the block, by turns. */
const COMPUTE_INVERSES = `
  for (var row = begin + lane; row < end; row += ${LANES}u) {
    var squares = 0.0;
    for (var at = 0u; at <= last; at++) {
      let x = a[u.aStart + row * u.aStride + at];
      squares += dot(x, x);
    }
    inverses[row - begin] = inverseSqrt(squares / f32(u.k) + u.epsilon);
  }
  workgroupBarrier();`;

function scaled(matrices: readonly string[], computed: boolean): string {
  const inverse = computed ? 'inverses[row - begin]' : 'inverse[row]';
  return matrices.map((name) => `${name} *= ${inverse};`).join(' ');
}

/** The first slice stores, with bias and residual; the others add. */
const TAKE = `
  if (start == 0u) {
    store(row, column, sum);
  } else {
    out[u.outStart + row * u.outStride + column] += u.scale * sum;
  }`;

/** The gate's sum grows in out, the other one beside it, in a place of the lane's own; the last slice joins them. */
const TAKE_GATED = `
  let place = (row - begin) * ${LANES}u + lane;
  let at = u.outStart + row * u.outStride + column;
  if (start > 0u) {
    sum += out[at];
    up += ups[place];
  }
  if (start + ${SLICE}u > last) {
    store(row, column, silu(sum) * up);
  } else {
    out[at] = sum;
    ups[place] = up;
  }`;

/** Zeros past the end of k, so that what a row holds there does not count. */
function keepNT(kept: string, norm: boolean, matrix: string): string {
  return `{
    let at = start + i % ${SLICE}u;
    let y = b[u.bStart + (min(4u * column + i / ${SLICE}u, u.n - 1u)${matrix}) * u.bStride + min(at, last)];
    ${kept}[i] = select(vec4<f32>(), y${norm ? ' * weight[min(at, last)]' : ''}, at <= last);
  }`;
}

const KEEP_NN = `
  let at = 4u * start + i;
  let y = b[u.bStart + min(at, u.k - 1u) * u.bStride + min(column, u.n / 4u - 1u)];
  sumKept[i] = select(vec4<f32>(), y, at < u.k);`;

/** Ragged: the last vec4 of a row may hold something else past its end. */
function loadA(ragged: boolean, q: number): string {
  const load = `a[first + min(start + ${q}u, last)]`;
  if (!ragged) return `let x${q} = ${load};`;
  return `let x${q} = select(vec4<f32>(), ${load}, 4u * (start + ${q}u) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(u.k));`;
}

/** Of a row with 4 columns of a kept matrix. */
function dotsOf(name: string): string {
  const column = (j: number) =>
    Array.from({ length: SLICE }, (_, q) => `dot(x${q}, ${name}Kept[${j * SLICE + q}])`).join(' + ');
  return [0, 1, 2, 3].map(column).join(', ');
}
