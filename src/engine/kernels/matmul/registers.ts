/**
 * The product without workgroup memory or barriers. An invocation makes a tile of a few rows × 4
 * columns in registers; the lanes of a workgroup share the rows and lie side by side over the columns,
 * so that what they load of `a` is the same for all. It needs nothing of the device. Few rows: on lavapipe
 * a loop longer than the instruction cache lost more than a larger tile gained.
 */
import { type Gpu, type KernelSource, kernel, unroll } from '../../gpu';
import { featuresOf, type Product, runProduct, sharedSource } from './product';

/** `rows` is a multiple of 4 for tn. */
export interface RegisterTile {
  readonly rows: number;
  /** Invocations of a workgroup, each with 4 columns. */
  readonly lanes: number;
}

export function registerProduct(gpu: Gpu, product: Product, tile: RegisterTile): void {
  const { rows, lanes } = tile;
  const name = `matmul-registers-${rows}x${lanes}-${featuresOf(product)}`;
  const columns = 4 * lanes;
  const grid = [Math.ceil(product.m / rows), Math.ceil(product.n / columns)] as const;
  runProduct(
    gpu,
    kernel(name, () => source(product, tile)),
    product,
    grid,
    { rows, columns },
  );
}

function source(product: Product, { rows, lanes }: RegisterTile): KernelSource {
  const { layout, norm, gated } = product;
  const shared = sharedSource(product);
  const rowScale =
    norm?.kind === 'computed'
      ? (i: number) => `inverseSqrt(squares${i} / f32(u.k) + u.epsilon) * `
      : norm !== undefined && layout === 'nt'
        ? (i: number) => `inverse[min(row + ${i}u, u.m - 1u)] * `
        : () => '';
  const result = (i: number) => {
    const scaled = `${rowScale(i)}sum${i}`;
    return gated ? `silu(${scaled}) * (${rowScale(i)}up${i})` : scaled;
  };
  return {
    ...shared,
    workgroupSize: lanes,
    main: `
      let row = tile.x * ${rows}u;
      let column = tile.y * ${lanes}u + lane;
      if (4u * column >= u.n) { return; }
      ${unroll(rows, (i) => `var sum${i} = vec4<f32>();`)}
      ${gated ? unroll(rows, (i) => `var up${i} = vec4<f32>();`) : ''}
      ${norm?.kind === 'computed' ? unroll(rows, (i) => `var squares${i} = 0.0;`) : ''}
      ${{ nt: sumsNT, nn: sumsNN, tn: sumsTN }[layout](rows, product)}
      let terms = termsOf(column);
      ${unroll(rows, (i) => `if (row + ${i}u < u.m) { store(row + ${i}u, column, ${result(i)}, terms); }`)}`,
  };
}

/** Both operands along k: 4 rows of b at a time, turned so that a vec4 is one k of 4 columns. */
function sumsNT(rows: number, { norm, gated }: Product): string {
  const matrices = gated ? (['sum', 'up'] as const) : (['sum'] as const);
  const names = { sum: 'b', up: 'g' };
  const starts = matrices.map((sums) =>
    unroll(4, (j) => {
      const row = `min(4u * column + ${j}u, u.n - 1u)${sums === 'up' ? ' + u.n' : ''}`;
      return `let ${names[sums]}${j} = u.bStart + (${row}) * u.bStride;`;
    }),
  );
  const loads = matrices.map((sums) => {
    const name = names[sums];
    return `
      ${unroll(4, (j) => `let ${name}x${j} = ${norm ? 'w * ' : ''}b[${name}${j} + at];`)}
      ${unroll(4, (e) => `let ${name}t${e} = vec4<f32>(${[0, 1, 2, 3].map((j) => `${name}x${j}[${e}]`).join(', ')});`)}`;
  });
  const products = (i: number) =>
    matrices.map((sums) =>
      unroll(4, (e) => `${sums}${i} = fma(vec4<f32>(x[${e}]), ${names[sums]}t${e}, ${sums}${i});`),
    );
  return `
    ${unroll(rows, (i) => `let a${i} = u.aStart + min(row + ${i}u, u.m - 1u) * u.aStride;`)}
    ${starts.join('\n')}
    for (var at = 0u; at < u.k / 4u; at++) {
      ${norm ? 'let w = weight[at];' : ''}
      ${loads.join('\n')}
      ${unroll(
        rows,
        (i) => `{
          let x = a[a${i} + at];
          ${norm?.kind === 'computed' ? `squares${i} += dot(x, x);` : ''}
          ${products(i).join('\n')}
        }`,
      )}
    }`;
}

/** a along k, b along n; k need not be a multiple of 4. */
function sumsNN(rows: number): string {
  return `
    ${unroll(rows, (i) => `let a${i} = u.aStart + min(row + ${i}u, u.m - 1u) * u.aStride;`)}
    var next = u.bStart + column;
    for (var at = 0u; at < u.k / 4u; at++) {
      ${unroll(4, (e) => `let b${e} = b[next + ${e}u * u.bStride];`)}
      next += 4u * u.bStride;
      ${unroll(
        rows,
        (i) => `{
          let x = a[a${i} + at];
          ${unroll(4, (e) => `sum${i} = fma(vec4<f32>(x[${e}]), b${e}, sum${i});`)}
        }`,
      )}
    }
    for (var e = 0u; e < u.k % 4u; e++) {
      let value = b[next];
      next += u.bStride;
      ${unroll(rows, (i) => `sum${i} = fma(vec4<f32>(a[a${i} + u.k / 4u][e]), value, sum${i});`)}
    }`;
}

/** a along m, b along n. */
function sumsTN(rows: number, { norm }: Product): string {
  return `
    ${unroll(rows / 4, (q) => `var a${q} = u.aStart + min(row / 4u + ${q}u, (u.m - 1u) / 4u);`)}
    var next = u.bStart + column;
    for (var at = 0u; at < u.k; at++) {
      let value = ${norm ? 'inverse[at] * ' : ''}b[next];
      next += u.bStride;
      ${unroll(
        rows / 4,
        (q) => `{
          let x = a[a${q}];
          a${q} += u.aStride;
          ${unroll(4, (e) => `sum${4 * q + e} = fma(vec4<f32>(x[${e}]), value, sum${4 * q + e});`)}
        }`,
      )}
    }`;
}
