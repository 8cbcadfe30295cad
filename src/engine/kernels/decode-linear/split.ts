/**
 * The product of few rows for a GPU: a workgroup makes a few outputs, its lanes share k between them
 * (neighbours load neighbours, and each weight once per block of rows) and add up in workgroup memory.
 */
import { type Gpu, type KernelSource, kernel, unroll } from '../../gpu';
import { featuresOf, type Product, runProduct, sharedSource } from '../matmul/product';

const LANES = 64;

/** A workgroup's rows, and its outputs in vec4s: at most 16 sums a lane, so that they stay in registers. */
interface Block {
  readonly rows: number;
  readonly columns: number;
}

/** nt only. */
export function splitProduct(gpu: Gpu, product: Product): void {
  const { m, n, gated } = product;
  const rows = m === 1 ? 1 : m === 2 || gated ? 2 : 4;
  const block = { rows, columns: rows === 1 && !gated ? 2 : 1 };
  const name = `decode-split-${rows}x${block.columns}-${featuresOf(product)}`;
  const made = kernel(name, () => source(product, block));
  const columns = 4 * block.columns;
  const grid = [Math.ceil(n / columns), Math.ceil(m / rows)] as const;
  runProduct(gpu, made, product, grid, { rows, columns });
}

function source(product: Product, { rows, columns }: Block): KernelSource {
  const { norm, gated } = product;
  const shared = sharedSource(product);
  const computed = norm?.kind === 'computed';
  const scale = computed
    ? `inverseSqrt(square / f32(u.k) + u.epsilon)`
    : norm !== undefined
      ? 'inverse[min(firstRow + row, u.m - 1u)]'
      : '1.0';
  // A sum per matrix, row and vec4 of columns; the up rows of a gated weight follow its gate rows.
  const sums = (gated ? 2 : 1) * rows * columns;
  const sumOf = (matrix: number, row: number, column: number) => (matrix * rows + row) * columns + column;
  const multiply = (matrix: number, column: number) => {
    const id = `${matrix}_${column}`;
    return `
      ${unroll(4, (j) => `let y${id}_${j} = ${norm ? 'w * ' : ''}b[b${id}_${j} + at];`)}
      ${unroll(rows, (i) => `sum${sumOf(matrix, i, column)} += vec4<f32>(${[0, 1, 2, 3].map((j) => `dot(x${i}, y${id}_${j})`).join(', ')});`)}`;
  };
  const each = (line: (matrix: number, column: number) => string) =>
    unroll(gated ? 2 : 1, (matrix) => unroll(columns, (column) => line(matrix, column)));
  return {
    ...shared,
    workgroupSize: LANES,
    declarations: `
      ${shared.declarations}
      var<workgroup> partial: array<vec4<f32>, ${sums * LANES}>;
      ${computed ? `var<workgroup> squares: array<f32, ${rows * LANES}>;` : ''}`,
    main: `
      let firstRow = tile.y * ${rows}u;
      let first = tile.x * ${columns}u;
      ${unroll(rows, (i) => `let a${i} = u.aStart + min(firstRow + ${i}u, u.m - 1u) * u.aStride;`)}
      ${each((matrix, column) =>
        unroll(4, (j) => {
          const row = `min(4u * (first + ${column}u) + ${j}u, u.n - 1u)${matrix === 1 ? ' + u.n' : ''}`;
          return `let b${matrix}_${column}_${j} = u.bStart + (${row}) * u.bStride;`;
        }),
      )}
      ${unroll(sums, (i) => `var sum${i} = vec4<f32>();`)}
      ${computed ? unroll(rows, (i) => `var squares${i} = 0.0;`) : ''}
      for (var at = lane; at < u.k / 4u; at += ${LANES}u) {
        ${norm ? 'let w = weight[at];' : ''}
        ${unroll(rows, (i) => `let x${i} = a[a${i} + at]; ${computed ? `squares${i} += dot(x${i}, x${i});` : ''}`)}
        ${each(multiply)}
      }
      ${unroll(sums, (i) => `partial[lane * ${sums}u + ${i}u] = sum${i};`)}
      ${computed ? unroll(rows, (i) => `squares[lane * ${rows}u + ${i}u] = squares${i};`) : ''}
      workgroupBarrier();
      let row = lane / ${columns}u;
      let column = lane % ${columns}u;
      if (row < ${rows}u && firstRow + row < u.m && 4u * (first + column) < u.n) {
        var sum = vec4<f32>();
        ${gated ? 'var up = vec4<f32>();' : ''}
        ${computed ? 'var square = 0.0;' : ''}
        for (var i = 0u; i < ${LANES}u; i++) {
          sum += partial[i * ${sums}u + lane];
          ${gated ? `up += partial[i * ${sums}u + ${rows * columns}u + lane];` : ''}
          ${computed ? `square += squares[i * ${rows}u + row];` : ''}
        }
        let scale = ${scale};
        let terms = termsOf(first + column);
        store(firstRow + row, first + column, ${gated ? 'silu(scale * sum) * (scale * up)' : 'scale * sum'}, terms);
      }`,
  };
}
