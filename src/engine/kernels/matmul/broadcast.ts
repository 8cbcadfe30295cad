/**
 * The product for a CPU rasteriser whose subgroups are small and of one size. A workgroup is one subgroup
 * and makes a tile of rows × 4 columns per lane, in registers. There a load costs the most, since each
 * lane checks its own bounds, also where all lanes load the same: so of the tile's part of `a` each lane
 * loads a share, which is broadcast to the others. Then eight loads serve 128 products of vec4s.
 */
import { type Gpu, type KernelSource, kernel, unroll } from '../../gpu';
import { featuresOf, type Product, runProduct, sharedSource } from './product';

/** Sums per lane, vec4s: more than registers hold, but a spilled sum costs less than a load. */
const SUMS = 32;
/** Rows stored by one turn of a loop, in which the others move up: all at once would be long to compile. */
const STORED = 4;

/** `lanes`: as `broadcastLanes` tells. */
export function broadcastProduct(gpu: Gpu, product: Product, lanes: number): void {
  const rows = rowsOf(product, lanes);
  const ragged = product.k % 4 !== 0;
  const name = `matmul-broadcast-${rows}x${lanes}-${ragged ? 'ragged-' : ''}${featuresOf(product)}`;
  const columns = 4 * lanes;
  const grid = [Math.ceil(product.m / rows), Math.ceil(product.n / columns)] as const;
  const made = kernel(name, () => source(product, { rows, lanes, ragged }));
  runProduct(gpu, made, product, grid, { rows, columns });
}

/** A power of 2; no more than are there, as far as the lanes' shares allow. */
function rowsOf({ layout, m, gated }: Product, lanes: number): number {
  const least = layout === 'tn' ? 4 * lanes : lanes;
  let rows = SUMS / (gated ? 2 : 1);
  while (rows / 2 >= Math.max(m, least)) rows /= 2;
  return rows;
}

interface Tile {
  readonly rows: number;
  readonly lanes: number;
  /** k is no multiple of 4. */
  readonly ragged: boolean;
}

function source(product: Product, tile: Tile): KernelSource {
  const { layout, norm, gated } = product;
  const { rows, lanes } = tile;
  const shared = sharedSource(product);
  const sums = gated ? (['sum', 'up'] as const) : (['sum'] as const);
  const ofRow = (values: string, row: number) =>
    `subgroupBroadcast(${values}${Math.floor(row / lanes)}, ${row % lanes}u)`;
  const scaled = norm !== undefined && layout === 'nt';
  return {
    ...shared,
    subgroups: true,
    workgroupSize: lanes,
    main: `
      let row = tile.x * ${rows}u;
      let column = tile.y * ${lanes}u + lane;
      let last = (u.k - 1u) / 4u;
      ${sums.map((name) => unroll(rows, (r) => `var ${name}${r} = vec4<f32>();`)).join('\n')}
      ${layout === 'tn' ? startsTN(tile) : startsOfRows(tile)}
      ${norm?.kind === 'computed' ? unroll(rows / lanes, (p) => `var squares${p} = 0.0;`) : ''}
      for (var at = 0u; at <= last; at++) {
        ${layout === 'tn' ? loadsTN(tile) : loadsOfRows(product, tile)}
        ${sums.map((name) => (layout === 'nt' ? columnsNT(name, norm !== undefined) : columnsOfRows(name, product, tile))).join('\n')}
        ${layout === 'tn' ? productsTN(tile) : unroll(rows, (r) => `{ let x = ${ofRow('x', r)}; ${sums.map((name) => unroll(4, (e) => `${name}${r} = fma(vec4<f32>(x[${e}]), ${name}B${e}, ${name}${r});`)).join('\n')} }`)}
      }
      ${scaled ? unroll(rows / lanes, (p) => `let inverse${p} = ${norm.kind === 'given' ? `inverse[min(row + ${p * lanes}u + sublane, u.m - 1u)]` : `inverseSqrt(squares${p} / f32(u.k) + u.epsilon)`};`) : ''}
      ${scaled ? unroll(rows, (r) => `{ let scale = ${ofRow('inverse', r)}; ${sums.map((name) => `${name}${r} *= scale;`).join(' ')} }`) : ''}
      let terms = termsOf(min(column, (u.n - 1u) / 4u));
      for (var done = 0u; done < ${rows}u && row + done < u.m; done += ${STORED}u) {
        if (4u * column < u.n) {
          ${unroll(STORED, (r) => `if (row + done + ${r}u < u.m) { store(row + done + ${r}u, column, ${gated ? `silu(sum${r}) * up${r}` : `sum${r}`}, terms); }`)}
        }
        ${sums.map((name) => unroll(rows - STORED, (r) => `${name}${r} = ${name}${r + STORED};`)).join('\n')}
      }`,
  };
}

/** nt, nn: of each `lanes` rows, a lane loads one. */
function startsOfRows({ rows, lanes }: Tile): string {
  return unroll(
    rows / lanes,
    (p) => `let a${p} = u.aStart + min(row + ${p * lanes}u + sublane, u.m - 1u) * u.aStride;`,
  );
}

function loadsOfRows({ norm }: Product, { rows, lanes, ragged }: Tile): string {
  return unroll(rows / lanes, (p) => {
    const load = `a[a${p} + at]`;
    // The last vec4 of a row may hold something else past its end.
    const whole = ragged
      ? `select(vec4<f32>(), ${load}, 4u * at + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(u.k))`
      : load;
    const square = norm?.kind === 'computed' ? `squares${p} += dot(x${p}, x${p});` : '';
    return `let x${p} = ${whole}; ${square}`;
  });
}

/** tn: of the 4 rows of a at k, a lane loads a vec4 of each, which belongs to 4 rows of the tile. */
function startsTN({ rows, lanes }: Tile): string {
  return unroll(
    rows / 4 / lanes,
    (p) => `let a${p} = u.aStart + min(row / 4u + ${p * lanes}u + sublane, (u.m - 1u) / 4u);`,
  );
}

function loadsTN({ rows, lanes }: Tile): string {
  return unroll(4, (e) =>
    unroll(
      rows / 4 / lanes,
      (p) => `let x${e}_${p} = a[a${p} + min(4u * at + ${e}u, u.k - 1u) * u.aStride];`,
    ),
  );
}

function productsTN({ rows, lanes }: Tile): string {
  return unroll(
    rows / 4,
    (q) => `{
      ${unroll(4, (e) => `let x${e} = subgroupBroadcast(x${e}_${Math.floor(q / lanes)}, ${q % lanes}u);`)}
      ${unroll(4, (r) => unroll(4, (e) => `sum${4 * q + r} = fma(vec4<f32>(x${e}[${r}]), sumB${e}, sum${4 * q + r});`))}
    }`,
  );
}

/** 4 rows of b along k, turned so that a vec4 is one k of 4 columns. */
function columnsNT(name: 'sum' | 'up', norm: boolean): string {
  return `
    ${unroll(4, (j) => `let ${name}Row${j} = ${norm ? 'weight[at] * ' : ''}b[u.bStart + (min(4u * column + ${j}u, u.n - 1u)${name === 'up' ? ' + u.n' : ''}) * u.bStride + at];`)}
    ${unroll(4, (e) => `let ${name}B${e} = vec4<f32>(${[0, 1, 2, 3].map((j) => `${name}Row${j}[${e}]`).join(', ')});`)}`;
}

/** nn, tn: b along n. Zeros past the end of k. */
function columnsOfRows(name: string, { norm }: Product, { ragged }: Tile): string {
  return unroll(4, (e) => {
    const at = ragged ? `min(4u * at + ${e}u, u.k - 1u)` : `4u * at + ${e}u`;
    const value = `${norm ? `inverse[${at}] * ` : ''}b[u.bStart + (${at}) * u.bStride + min(column, u.n / 4u - 1u)]`;
    return `let ${name}B${e} = ${ragged ? `select(vec4<f32>(), ${value}, 4u * at + ${e}u < u.k)` : value};`;
  });
}
