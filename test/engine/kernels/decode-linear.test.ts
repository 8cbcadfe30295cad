import { expect, it } from 'vitest';
import type { Gpu } from '../../../src/engine/gpu';
import {
  DECODE_LINEAR_VARIANTS,
  type DecodeLinearVariant,
  decodeLinear,
} from '../../../src/engine/kernels/decode-linear';
import {
  type ReferenceLinear,
  decodeLinear as reference,
} from '../../../src/engine/kernels/decode-linear/reference';
import { matmul as referenceMatmul } from '../../../src/engine/kernels/matmul/reference';
import { describeOnGpu } from '../gpu/dawn';
import { expectClose, upload, values } from './compare';

/** A busy machine without a GPU takes its time to compile a kernel. */
const COMPILE_TIMEOUT_MS = 120_000;

interface Case {
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly yStride?: number;
  readonly norm?: boolean;
  readonly bias?: boolean;
  readonly residual?: boolean;
  readonly gated?: boolean;
  /** Of x. */
  readonly magnitude?: number;
}

const cases: readonly Case[] = [
  { rows: 1, inputs: 4, outputs: 4, norm: true, bias: true },
  { rows: 1, inputs: 260, outputs: 72, norm: true, bias: true },
  { rows: 1, inputs: 64, outputs: 40, norm: true, gated: true },
  { rows: 2, inputs: 96, outputs: 36, residual: true },
  { rows: 3, inputs: 64, outputs: 37, yStride: 48, norm: true, bias: true },
  { rows: 3, inputs: 64, outputs: 37, yStride: 48, norm: true, bias: true, magnitude: 1e15 },
  { rows: 5, inputs: 128, outputs: 68, norm: true, gated: true },
  { rows: 33, inputs: 68, outputs: 132, norm: true, bias: true },
  { rows: 70, inputs: 32, outputs: 12, norm: true, gated: true },
];

function nameOf({ rows, inputs, outputs, ...options }: Case): string {
  return `${rows} rows, ${inputs} → ${outputs} ${Object.keys(options).join(' ')}`;
}

function inputsOf(each: Case) {
  const { rows, inputs, outputs, norm, bias, residual, gated, magnitude = 1 } = each;
  return {
    rows,
    inputs,
    outputs,
    x: values(rows * inputs, 1, magnitude),
    weight: values((gated ? 2 : 1) * outputs * inputs, 2),
    ...(norm && { norm: { weight: values(inputs, 3, 2), epsilon: 1e-6 } }),
    ...(bias && { bias: values(outputs, 4) }),
    ...(residual && { residual: values(rows * outputs, 5) }),
    ...(gated && { gated }),
  } satisfies ReferenceLinear;
}

async function onGpu(gpu: Gpu, each: Case, variant: DecodeLinearVariant): Promise<Float32Array> {
  const { x, weight, norm, bias, residual, ...shape } = inputsOf(each);
  const stride = each.yStride ?? each.outputs;
  const views = {
    x: upload(gpu, x),
    weight: upload(gpu, weight),
    y: gpu.allocate(each.rows * stride),
    ...(bias && { bias: upload(gpu, bias) }),
    ...(residual && { residual: upload(gpu, residual) }),
  };
  const scale = norm && { weight: upload(gpu, norm.weight), epsilon: norm.epsilon };
  decodeLinear(gpu, {
    ...shape,
    ...views,
    ...(scale && { norm: scale }),
    ...(each.yStride !== undefined && { yStride: stride }),
    variant,
  });
  const y = await gpu.readFloats(views.y);
  gpu.free(...Object.values(views), ...(scale ? [scale.weight] : []));
  return Float32Array.from(
    { length: each.rows * each.outputs },
    (_, i) => y[Math.floor(i / each.outputs) * stride + (i % each.outputs)]!,
  );
}

describeOnGpu('decode-linear', (gpu) => {
  for (const variant of DECODE_LINEAR_VARIANTS) {
    for (const each of cases) {
      it(
        `${variant}: ${nameOf(each)}`,
        async () => {
          const actual = await onGpu(gpu(), each, variant);
          expectClose(actual, reference(inputsOf(each)), 3e-6);
          expect(await onGpu(gpu(), each, variant), 'the same bits again').toEqual(actual);
        },
        COMPILE_TIMEOUT_MS,
      );
    }
  }

  it('reads the weight of a single row about once', () => {
    const [inputs, outputs] = [256, 512];
    const views = {
      x: gpu().allocate(inputs),
      weight: gpu().allocate(inputs * outputs),
      y: gpu().allocate(outputs),
    };
    const norm = { weight: gpu().allocate(inputs), epsilon: 1e-6 };
    const before = { ...gpu().counters };
    decodeLinear(gpu(), { rows: 1, inputs, outputs, ...views, norm });
    const { bytes, multiplyAdds } = gpu().counters;
    expect(multiplyAdds - before.multiplyAdds).toBe(inputs * outputs);
    expect((bytes - before.bytes) / (4 * inputs * outputs)).toBeGreaterThan(1);
    expect((bytes - before.bytes) / (4 * inputs * outputs)).toBeLessThan(1.1);
    gpu().free(...Object.values(views), norm.weight);
  });

  it('refuses a gated layer with a bias, and outputs that are no multiple of 4 without a stride', () => {
    const view = gpu().allocate(64);
    const call = { rows: 1, inputs: 4, x: view, weight: view, y: view };
    expect(() => decodeLinear(gpu(), { ...call, outputs: 4, gated: true, bias: view })).toThrow('gated');
    expect(() => decodeLinear(gpu(), { ...call, outputs: 5 })).toThrow('y of 1 × 5 with stride 5');
    gpu().free(view);
  });
});

it('the reference agrees with the product of a normalised input', () => {
  const [rows, inputs, outputs, epsilon] = [3, 8, 5, 1e-3];
  const [x, weight, scale] = [values(rows * inputs, 1), values(outputs * inputs, 2), values(inputs, 3)];
  const inverse = Float64Array.from({ length: rows }, (_, row) => {
    const squares = x.subarray(row * inputs, (row + 1) * inputs).map((value) => value * value);
    return 1 / Math.sqrt(squares.reduce((sum, value) => sum + value, 0) / inputs + epsilon);
  });
  expectClose(
    decodeReference({ rows, inputs, outputs, x, weight, scale, epsilon }),
    referenceMatmul({
      layout: 'nt',
      m: rows,
      n: outputs,
      k: inputs,
      a: x,
      b: weight,
      normA: { weight: scale, inverse },
    }),
    1e-7,
  );
});

function decodeReference({
  scale,
  epsilon,
  ...layer
}: ReferenceLinear & { readonly scale: Float32Array; readonly epsilon: number }): Float64Array {
  return reference({ ...layer, norm: { weight: scale, epsilon } });
}
