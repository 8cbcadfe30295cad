import { expect, it } from 'vitest';
import type { Gpu } from '../../../src/engine/gpu';
import { type Layout, MATMUL_VARIANTS, type MatmulVariant, matmul } from '../../../src/engine/kernels/matmul';
import { type ReferenceProduct, matmul as reference } from '../../../src/engine/kernels/matmul/reference';
import { describeOnGpu } from '../gpu/dawn';
import { centralDifferences, expectClose, upload, values } from './compare';

/** A busy machine without a GPU takes its time to compile a kernel. */
const COMPILE_TIMEOUT_MS = 120_000;

interface Case {
  readonly layout: Layout;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly scale?: number;
  readonly bias?: boolean;
  readonly residual?: boolean;
  readonly accumulate?: boolean;
  readonly norm?: boolean;
  /** Rows of all operands lie this many values further apart, and begin 8 values into their view. */
  readonly gap?: number;
  /** Magnitude of the values of a. */
  readonly magnitude?: number;
}

const all = { scale: 0.5, bias: true, residual: true, accumulate: true, gap: 9 };
const cases: readonly Case[] = [
  { layout: 'nt', m: 1, n: 1, k: 4, gap: 4 },
  { layout: 'nt', m: 1, n: 300, k: 36, gap: 0 },
  { layout: 'nt', m: 5, n: 7, k: 12, ...all },
  { layout: 'nt', m: 67, n: 130, k: 100, ...all, norm: true },
  { layout: 'nt', m: 9, n: 40, k: 64, magnitude: 1e18 },
  { layout: 'nn', m: 1, n: 4, k: 1, gap: 4 },
  { layout: 'nn', m: 5, n: 12, k: 7, ...all },
  { layout: 'nn', m: 131, n: 68, k: 97, ...all },
  { layout: 'nn', m: 64, n: 132, k: 64 },
  { layout: 'tn', m: 1, n: 4, k: 1, gap: 4 },
  { layout: 'tn', m: 7, n: 12, k: 5, ...all },
  { layout: 'tn', m: 131, n: 68, k: 97, ...all, norm: true },
  { layout: 'tn', m: 64, n: 132, k: 200 },
  { layout: 'tn', m: 8, n: 40, k: 33, magnitude: 1e-18 },
];

function nameOf({ layout, m, n, k, ...options }: Case): string {
  return `${layout} ${m} × ${n} × ${k} ${Object.keys(options).join(' ')}`;
}

/** [rows, columns] of a, b and out. */
function shapesOf({ layout, m, n, k }: Pick<Case, 'layout' | 'm' | 'n' | 'k'>) {
  return {
    a: layout === 'tn' ? ([k, m] as const) : ([m, k] as const),
    b: layout === 'nt' ? ([n, k] as const) : ([k, n] as const),
    out: [m, n] as const,
  };
}

function inputsOf(each: Case): ReferenceProduct {
  const { layout, m, n, k, magnitude = 1, scale, bias, residual, accumulate, norm } = each;
  const onA = layout === 'nt';
  const folded = norm && { weight: values(onA ? k : n, 6, 2), inverse: values(onA ? m : k, 7, 2) };
  return {
    layout,
    m,
    n,
    k,
    a: values(m * k, 1, magnitude),
    b: values(n * k, 2),
    ...(scale !== undefined && { scale }),
    ...(bias && { bias: values(n, 3) }),
    ...(residual && { residual: values(m * n, 4) }),
    ...(accumulate && { before: values(m * n, 5) }),
    ...(folded && (onA ? { normA: folded } : { normB: folded })),
  };
}

const START = 8;

/** Rows apart by `stride`, with NaN in the gaps: nothing of them may be used. */
function spread(
  data: ArrayLike<number>,
  [rows, columns]: readonly [number, number],
  stride: number,
  start: number,
) {
  const laid = new Float32Array(start + rows * stride).fill(Number.NaN);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      laid[start + row * stride + column] = data[row * columns + column]!;
  return laid;
}

async function onGpu(gpu: Gpu, each: Case, variant: MatmulVariant): Promise<Float32Array> {
  const inputs = inputsOf(each);
  const { layout, m, n, k } = each;
  const shapes = shapesOf(each);
  const start = each.gap === undefined ? 0 : START;
  const strideOf = ([, columns]: readonly [number, number]) =>
    each.gap === undefined ? columns : Math.ceil((columns + each.gap) / 4) * 4;
  const place = (data: ArrayLike<number>, shape: readonly [number, number]) =>
    upload(gpu, spread(data, shape, strideOf(shape), start));
  const norm = inputs.normA ?? inputs.normB;
  const views = {
    a: place(inputs.a, shapes.a),
    b: place(inputs.b, shapes.b),
    out: place(inputs.before ?? values(m * n, 8), shapes.out),
    ...(inputs.bias && { bias: upload(gpu, Float32Array.from(inputs.bias)) }),
    ...(inputs.residual && { residual: place(inputs.residual, shapes.out) }),
  };
  const folded = norm && {
    weight: upload(gpu, Float32Array.from(norm.weight)),
    inverse: upload(gpu, Float32Array.from(norm.inverse)),
  };
  matmul(gpu, {
    layout,
    m,
    n,
    k,
    ...views,
    aStride: strideOf(shapes.a),
    bStride: strideOf(shapes.b),
    outStride: strideOf(shapes.out),
    aOffset: start,
    bOffset: start,
    outOffset: start,
    ...(each.scale !== undefined && { scale: each.scale }),
    ...(each.accumulate && { accumulate: true }),
    ...(folded && (layout === 'nt' ? { normA: folded } : { normB: folded })),
    variant,
  });
  const laid = await gpu.readFloats(views.out);
  gpu.free(...Object.values(views), ...Object.values(folded ?? {}));
  const stride = strideOf(shapes.out);
  if (start > 0) expect([...laid.subarray(0, start)]).toEqual(Array(start).fill(Number.NaN));
  return Float32Array.from({ length: m * n }, (_, i) => laid[start + Math.floor(i / n) * stride + (i % n)]!);
}

describeOnGpu('matmul', (gpu) => {
  for (const variant of MATMUL_VARIANTS) {
    for (const each of cases) {
      it(
        `${variant}: ${nameOf(each)}`,
        async () => {
          const expected = reference(inputsOf(each));
          const actual = await onGpu(gpu(), each, variant);
          const unit = each.magnitude ?? 1;
          expectClose(
            actual.map((value) => value / unit),
            expected.map((value) => value / unit),
            2e-6,
          );
          expect(await onGpu(gpu(), each, variant), 'the same bits again').toEqual(actual);
        },
        COMPILE_TIMEOUT_MS,
      );
    }
  }

  it('carries a NaN to its row alone', async () => {
    const [m, n, k] = [6, 8, 12];
    const a = values(m * k, 1);
    a[2 * k + 5] = Number.NaN;
    const views = { a: upload(gpu(), a), b: upload(gpu(), values(n * k, 2)), out: gpu().allocate(m * n) };
    matmul(gpu(), { layout: 'nt', m, n, k, ...views });
    const out = await gpu().readFloats(views.out);
    expect([...out].map((value, i) => Number.isNaN(value) === (Math.floor(i / n) === 2))).not.toContain(
      false,
    );
    gpu().free(...Object.values(views));
  });

  it('refuses what it cannot read in vec4s', () => {
    const view = gpu().allocate(64);
    const call = { a: view, b: view, out: view };
    expect(() => matmul(gpu(), { layout: 'nt', m: 4, n: 4, k: 3, ...call })).toThrow('nt of 4 × 4 × 3');
    expect(() => matmul(gpu(), { layout: 'nn', m: 4, n: 3, k: 4, ...call })).toThrow('nn of 4 × 3 × 4');
    expect(() => matmul(gpu(), { layout: 'nn', m: 4, n: 4, k: 3, ...call })).toThrow(
      'a of 4 × 3 with stride 3',
    );
    expect(() => matmul(gpu(), { layout: 'nt', m: 4, n: 4, k: 32, ...call })).toThrow('a of 4 × 32');
    gpu().free(view);
  });
});

it('the gradients of a linear layer are its nn and tn products', () => {
  const [rows, outputs, inputs] = [3, 5, 4];
  const [x, weight, dy] = [values(rows * inputs, 1), values(outputs * inputs, 2), values(rows * outputs, 3)];
  const norm = { weight: values(inputs, 4), inverse: values(rows, 5) };
  const shape = { layout: 'nt', m: rows, n: outputs, k: inputs } as const;
  const dx = reference({ layout: 'nn', m: rows, n: inputs, k: outputs, a: dy, b: weight });
  expectClose(
    dx,
    centralDifferences((at) => reference({ ...shape, a: at, b: weight }), x, dy),
    1e-8,
  );
  const dWeight = reference({ layout: 'tn', m: outputs, n: inputs, k: rows, a: dy, b: x, normB: norm });
  expectClose(
    dWeight,
    centralDifferences((at) => reference({ ...shape, a: x, b: at, normA: norm }), weight, dy),
    1e-8,
  );
});
