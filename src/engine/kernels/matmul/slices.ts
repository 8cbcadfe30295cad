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

/** For the layouts nt and nn, neither gated nor with a norm to be computed on the way. */
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
  const { layout, norm } = product;
  const shared = sharedSource(product);
  return {
    ...shared,
    workgroupSize: LANES,
    main: `
      let column = tile.y * ${LANES}u + lane;
      let isColumn = 4u * column < u.n;
      let end = min(u.m, (tile.x + 1u) * ${BLOCK_ROWS}u);
      let last = (u.k - 1u) / 4u;
      var kept: array<vec4<f32>, ${4 * SLICE}>;
      for (var start = 0u; start <= last; start += ${SLICE}u) {
        for (var i = 0u; i < ${4 * SLICE}u; i++) { ${layout === 'nt' ? keepNT(norm !== undefined) : KEEP_NN} }
        for (var row = tile.x * ${BLOCK_ROWS}u; row < end; row++) {
          let first = u.aStart + row * u.aStride;
          ${unroll(SLICE, (q) => loadA(ragged, q))}
          var sum = vec4<f32>(${layout === 'nt' ? [0, 1, 2, 3].map(dots).join(', ') : ''});
          ${layout === 'nn' ? unroll(SLICE, (q) => unroll(4, (e) => `sum += x${q}[${e}] * kept[${4 * q + e}];`)) : ''}
          ${norm ? 'sum *= inverse[row];' : ''}
          if (isColumn) {
            if (start == 0u) {
              store(row, column, sum);
            } else {
              out[u.outStart + row * u.outStride + column] += u.scale * sum;
            }
          }
        }
      }`,
  };
}

/** Zeros past the end of k, so that what a row holds there does not count. */
function keepNT(norm: boolean): string {
  return `
    let at = start + i % ${SLICE}u;
    let y = b[u.bStart + min(4u * column + i / ${SLICE}u, u.n - 1u) * u.bStride + min(at, last)];
    kept[i] = select(vec4<f32>(), y${norm ? ' * weight[min(at, last)]' : ''}, at <= last);`;
}

const KEEP_NN = `
  let at = 4u * start + i;
  let y = b[u.bStart + min(at, u.k - 1u) * u.bStride + min(column, u.n / 4u - 1u)];
  kept[i] = select(vec4<f32>(), y, at < u.k);`;

/** Ragged: the last vec4 of a row may hold something else past its end. */
function loadA(ragged: boolean, q: number): string {
  const load = `a[first + min(start + ${q}u, last)]`;
  if (!ragged) return `let x${q} = ${load};`;
  return `let x${q} = select(vec4<f32>(), ${load}, 4u * (start + ${q}u) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(u.k));`;
}

function dots(j: number): string {
  return Array.from({ length: SLICE }, (_, q) => `dot(x${q}, kept[${j * SLICE + q}])`).join(' + ');
}
