/**
 * The product for a CPU rasteriser whose subgroups are small and of one size. A workgroup is one subgroup
 * and makes a tile of rows × 4 columns per lane, in registers. There a load costs the most, since each
 * lane checks its own bounds, also where all lanes load the same: so of the tile's part of `a` each lane
 * loads a share, which is broadcast to the others. Then eight loads serve 128 products of vec4s.
 */
import { type Gpu, type KernelSource, kernel, unroll } from '../../gpu';
import { type FoldedNorm, featuresOf, type Product, runProduct, sharedSource } from './product';

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
  const sums: readonly Sums[] = gated ? ['sum', 'up'] : ['sum'];
  const each = (text: (name: Sums) => string) => sums.map(text).join('\n');
  return {
    ...shared,
    subgroups: true,
    workgroupSize: lanes,
    main: `
      let row = tile.x * ${rows}u;
      let column = tile.y * ${lanes}u + lane;
      let last = (u.k - 1u) / 4u;
      ${each((name) => unroll(rows, (r) => `var ${name}${r} = vec4<f32>();`))}
      ${layout === 'tn' ? startsTN(tile) : startsOfRows(product, tile)}
      for (var at = 0u; at <= last; at++) {
        ${layout === 'tn' ? loadsTN(tile) : loadsOfRows(product, tile)}
        ${each((name) => (layout === 'nt' ? columnsNT(name, product) : columnsOfRows(name, product, tile)))}
        ${layout === 'tn' ? productsTN(tile) : productsOfRows(sums, tile)}
      }
      ${norm !== undefined && layout === 'nt' ? scaleRows(sums, norm, tile) : ''}
      let terms = termsOf(min(column, (u.n - 1u) / 4u));
      for (var done = 0u; done < ${rows}u && row + done < u.m; done += ${STORED}u) {
        if (4u * column < u.n) { ${unroll(STORED, (r) => storeRow(r, gated))} }
        ${each((name) => unroll(rows - STORED, (r) => `${name}${r} = ${name}${r + STORED};`))}
      }`,
  };
}

/** Per row: the product, or the gate's; and beside that the other one of a gated layer. */
type Sums = 'sum' | 'up';

/** What the lane of that number holds as `name` of its share. */
function shareOf(name: string, item: number, { lanes }: Tile): string {
  return `subgroupBroadcast(${name}${Math.floor(item / lanes)}, ${item % lanes}u)`;
}

/** nt, nn: of each `lanes` rows, a lane loads one. */
function startsOfRows({ norm }: Product, { rows, lanes }: Tile): string {
  return unroll(
    rows / lanes,
    (p) => `let share${p} = min(row + ${p * lanes}u + sublane, u.m - 1u);
      let a${p} = u.aStart + share${p} * u.aStride;
      ${norm?.kind === 'computed' ? `var squares${p} = 0.0;` : ''}`,
  );
}

function loadsOfRows({ norm }: Product, { rows, lanes, ragged }: Tile): string {
  // The last vec4 of a row may hold something else past its end.
  const isValue = '4u * at + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(u.k)';
  const load = (p: number) => `a[a${p} + at]`;
  return unroll(
    rows / lanes,
    (p) => `let x${p} = ${ragged ? `select(vec4<f32>(), ${load(p)}, ${isValue})` : load(p)};
      ${norm?.kind === 'computed' ? `squares${p} += dot(x${p}, x${p});` : ''}`,
  );
}

/** 4 rows of b along k, turned so that a vec4 is one k of 4 columns. */
function columnsNT(name: Sums, { norm }: Product): string {
  const matrix = name === 'up' ? ' + u.n' : '';
  const rowOfB = (j: number) => `u.bStart + (min(4u * column + ${j}u, u.n - 1u)${matrix}) * u.bStride`;
  const turned = (e: number) => [0, 1, 2, 3].map((j) => `${name}Row${j}[${e}]`).join(', ');
  return `
    ${unroll(4, (j) => `let ${name}Row${j} = ${norm ? 'weight[at] * ' : ''}b[${rowOfB(j)} + at];`)}
    ${unroll(4, (e) => `let ${name}B${e} = vec4<f32>(${turned(e)});`)}`;
}

/** nn, tn: b along n. Zeros past the end of k. */
function columnsOfRows(name: Sums, { norm }: Product, { ragged }: Tile): string {
  return unroll(4, (e) => {
    const at = ragged ? `min(4u * at + ${e}u, u.k - 1u)` : `(4u * at + ${e}u)`;
    const load = `b[u.bStart + ${at} * u.bStride + min(column, u.n / 4u - 1u)]`;
    const value = norm ? `inverse[${at}] * ${load}` : load;
    return `let ${name}B${e} = ${ragged ? `select(vec4<f32>(), ${value}, 4u * at + ${e}u < u.k)` : value};`;
  });
}

function productsOfRows(sums: readonly Sums[], tile: Tile): string {
  const add = (name: Sums, r: number) =>
    unroll(4, (e) => `${name}${r} = fma(vec4<f32>(x[${e}]), ${name}B${e}, ${name}${r});`);
  return unroll(
    tile.rows,
    (r) => `{
      let x = ${shareOf('x', r, tile)};
      ${sums.map((name) => add(name, r)).join('\n')}
    }`,
  );
}

/** tn: of the 4 rows of a at k, a lane loads a vec4 of each, which belongs to 4 rows of the tile. */
function startsTN({ rows, lanes }: Tile): string {
  return unroll(
    rows / 4 / lanes,
    (p) => `let a${p} = u.aStart + min(row / 4u + ${p * lanes}u + sublane, (u.m - 1u) / 4u);`,
  );
}

function loadsTN({ rows, lanes }: Tile): string {
  const load = (e: number, p: number) =>
    `let x${e}_${p} = a[a${p} + min(4u * at + ${e}u, u.k - 1u) * u.aStride];`;
  return unroll(4, (e) => unroll(rows / 4 / lanes, (p) => load(e, p)));
}

function productsTN(tile: Tile): string {
  const add = (sum: string, r: number) =>
    unroll(4, (e) => `${sum} = fma(vec4<f32>(x${e}[${r}]), sumB${e}, ${sum});`);
  return unroll(
    tile.rows / 4,
    (q) => `{
      ${unroll(4, (e) => `let x${e} = ${shareOf(`x${e}_`, q, tile)};`)}
      ${unroll(4, (r) => add(`sum${4 * q + r}`, r))}
    }`,
  );
}

/** By RMSNorm's inverse. */
function scaleRows(sums: readonly Sums[], norm: FoldedNorm, tile: Tile): string {
  const inverse = (p: number) =>
    norm.kind === 'given' ? `inverse[share${p}]` : `inverseSqrt(squares${p} / f32(u.k) + u.epsilon)`;
  return `
    ${unroll(tile.rows / tile.lanes, (p) => `let inverse${p} = ${inverse(p)};`)}
    ${unroll(
      tile.rows,
      (r) => `{
        let scale = ${shareOf('inverse', r, tile)};
        ${sums.map((name) => `${name}${r} *= scale;`).join(' ')}
      }`,
    )}`;
}

function storeRow(r: number, gated: boolean): string {
  const value = gated ? `silu(sum${r}) * up${r}` : `sum${r}`;
  return `if (row + done + ${r}u < u.m) { store(row + done + ${r}u, column, ${value}, terms); }`;
}
