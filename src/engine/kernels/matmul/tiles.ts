/**
 * The product by tiles in workgroup memory, for a GPU: a workgroup of side × side invocations makes a
 * square of out, 4 × 4 values each, from slices of both operands along k that it loads together.
 */
import { type Gpu, type KernelSource, kernel, unroll } from '../../gpu';
import { featuresOf, type Product, runProduct, sharedSource } from './product';

/** Length of a slice along k. */
const SLICE = 16;

/** `side`: 8 or 16 invocations, a tile of 32 or 64 values. */
export function tileProduct(gpu: Gpu, product: Product, side: number): void {
  const length = 4 * side;
  const made = kernel(`matmul-tiles-${length}-${featuresOf(product)}`, () => source(product, side));
  const grid = [Math.ceil(product.n / length), Math.ceil(product.m / length)] as const;
  runProduct(gpu, made, product, grid, { rows: length, columns: length });
}

function source(product: Product, side: number): KernelSource {
  const { layout, norm, gated } = product;
  const shared = sharedSource(product);
  const length = 4 * side;
  const computed = norm?.kind === 'computed';
  const scale = computed
    ? `let r = 4u * (4u * local.y + i);
       scale = inverseSqrt((squares[r] + squares[r + 1u] + squares[r + 2u] + squares[r + 3u]) / f32(u.k) + u.epsilon);`
    : norm !== undefined && layout === 'nt'
      ? 'scale = inverse[min(row, u.m - 1u)];'
      : '';
  const array = (name: string) => `var<workgroup> ${name}: array<vec4<f32>, ${SLICE * side}>;`;
  // A slice has SLICE × side vec4s, of which an invocation loads SLICE / side.
  const slots = SLICE / side;
  return {
    ...shared,
    workgroupSize: [side, side],
    declarations: `
      ${shared.declarations}
      ${array('aTile')}
      ${array('bTile')}
      ${gated ? array('gTile') : ''}
      ${computed ? `var<workgroup> squares: array<f32, ${SLICE * side}>;` : ''}`,
    main: `
      let firstRow = tile.y * ${length}u;
      let firstColumn = tile.x * ${length}u;
      var sums: array<vec4<f32>, 4>;
      ${gated ? 'var ups: array<vec4<f32>, 4>;' : ''}
      ${computed ? unroll(slots, (i) => `var squares${i} = 0.0;`) : ''}
      for (var start = 0u; start < u.k; start += ${SLICE}u) {
        ${unroll(slots, (i) => `{ let slot = lane + ${i * side * side}u; ${loadA(product, side, i)} ${loadB(product, side)} }`)}
        workgroupBarrier();
        ${layout === 'tn' ? multiplyTN(side) : multiply(product, side)}
        workgroupBarrier();
      }
      ${computed ? `${unroll(slots, (i) => `squares[lane + ${i * side * side}u] = squares${i};`)} workgroupBarrier();` : ''}
      let column = firstColumn / 4u + local.x;
      for (var i = 0u; i < 4u; i++) {
        let row = firstRow + 4u * local.y + i;
        var scale = 1.0;
        ${scale}
        if (row < u.m && 4u * column < u.n) {
          store(row, column, ${gated ? 'silu(scale * sums[i]) * (scale * ups[i])' : 'scale * sums[i]'}, termsOf(column));
        }
      }`,
  };
}

/** Along k (nt, nn) the tile lies by groups of 4 k, then rows; along m (tn) by k, then groups of 4 rows. */
function loadA({ layout, norm }: Product, side: number, slot: number): string {
  if (layout === 'tn')
    return `{
      let at = start + slot / ${side}u;
      let group = min(firstRow / 4u + slot % ${side}u, (u.m - 1u) / 4u);
      aTile[slot] = select(vec4<f32>(), a[u.aStart + min(at, u.k - 1u) * u.aStride + group], at < u.k);
    }`;
  return `{
    let at = start / 4u + slot % 4u;
    let last = (u.k - 1u) / 4u;
    var x = a[u.aStart + min(firstRow + slot / 4u, u.m - 1u) * u.aStride + min(at, last)];
    x = select(vec4<f32>(), x, 4u * at + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(u.k));
    ${norm?.kind === 'computed' ? `squares${slot} += dot(x, x);` : ''}
    ${norm ? 'x *= weight[min(at, last)];' : ''}
    aTile[slot % 4u * ${4 * side}u + slot / 4u] = x;
  }`;
}

/**
 * Along n (nn, tn) the tile lies by k, then groups of 4 columns. Along k (nt) it lies by groups of 4 k,
 * then columns in the order 0, 4, 8, …, 1, 5, …, so that neighbours read neighbours.
 */
function loadB({ layout, norm, gated }: Product, side: number): string {
  if (layout !== 'nt')
    return `{
      let at = start + slot / ${side}u;
      let group = min(firstColumn / 4u + slot % ${side}u, u.n / 4u - 1u);
      let source = min(at, u.k - 1u);
      let y = b[u.bStart + source * u.bStride + group]${norm ? ' * inverse[source]' : ''};
      bTile[slot] = select(vec4<f32>(), y, at < u.k);
    }`;
  const load = (name: string, row: string) => `
    ${name}[slot % 4u * ${4 * side}u + c % 4u * ${side}u + c / 4u] =
      select(vec4<f32>(), b[u.bStart + ${row} * u.bStride + min(at, last)], at <= last);`;
  return `{
    let at = start / 4u + slot % 4u;
    let last = u.k / 4u - 1u;
    let c = slot / 4u;
    let row = min(firstColumn + c, u.n - 1u);
    ${load('bTile', 'row')}
    ${gated ? load('gTile', '(row + u.n)') : ''}
  }`;
}

function multiply({ layout, gated }: Product, side: number): string {
  const rows = (name: string, sums: string) => `
    ${
      layout === 'nt'
        ? `${unroll(4, (j) => `let y${j} = ${name}[at * ${4 * side}u + ${j * side}u + local.x];`)}
           ${unroll(4, (e) => `let t${e} = vec4<f32>(y0[${e}], y1[${e}], y2[${e}], y3[${e}]);`)}`
        : unroll(4, (e) => `let t${e} = ${name}[(4u * at + ${e}u) * ${side}u + local.x];`)
    }
    ${unroll(4, (i) => unroll(4, (e) => `${sums}[${i}] = fma(vec4<f32>(x${i}[${e}]), t${e}, ${sums}[${i}]);`))}`;
  return `
    for (var at = 0u; at < ${SLICE / 4}u; at++) {
      ${unroll(4, (i) => `let x${i} = aTile[at * ${4 * side}u + 4u * local.y + ${i}u];`)}
      { ${rows('bTile', 'sums')} }
      ${gated ? `{ ${rows('gTile', 'ups')} }` : ''}
    }`;
}

function multiplyTN(side: number): string {
  return `
    for (var at = 0u; at < ${SLICE}u; at++) {
      let x = aTile[at * ${side}u + local.y];
      let y = bTile[at * ${side}u + local.x];
      ${unroll(4, (i) => `sums[${i}] = fma(vec4<f32>(x[${i}]), y, sums[${i}]);`)}
    }`;
}
