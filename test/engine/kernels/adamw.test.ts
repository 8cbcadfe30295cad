import { expect, it } from 'vitest';
import { type Gpu, partOf, type View } from '../../../src/engine/gpu';
import { adamw, PARTIALS, sumOfSquares } from '../../../src/engine/kernels/adamw';
import {
  type AdamWSettings,
  adamwReference,
  normReference,
} from '../../../src/engine/kernels/adamw/reference';
import { describeOnGpu } from '../gpu/dawn';
import { expectClose, upload, values } from './compare';

const SETTINGS: AdamWSettings = {
  learningRate: 0.01,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.1,
  maxGradNorm: 1,
};

interface Optimizer {
  readonly parameters: View;
  readonly m: View;
  readonly v: View;
  readonly norm: View;
}

function optimizer(gpu: Gpu, parameters: Float32Array): Optimizer {
  const zeros = () => gpu.allocate(parameters.length);
  return { parameters: upload(gpu, parameters), m: zeros(), v: zeros(), norm: gpu.allocate(1) };
}

/** Both dispatches; resolves to the norm. */
async function update(
  gpu: Gpu,
  state: Optimizer,
  gradient: Float32Array,
  settings: AdamWSettings,
  step: number,
): Promise<number> {
  const [uploaded, partial] = [upload(gpu, gradient), upload(gpu, new Float32Array(PARTIALS).fill(99))];
  sumOfSquares(gpu, { gradient: uploaded, partial, size: gradient.length });
  adamw(gpu, { ...state, gradient: uploaded, partial, size: gradient.length, ...settings, step });
  const [norm] = await gpu.readFloats(state.norm);
  gpu.free(uploaded, partial);
  return norm!;
}

async function contents(gpu: Gpu, { parameters, m, v }: Optimizer): Promise<Float32Array[]> {
  return (await gpu.read(parameters, m, v)).map((bytes) => new Float32Array(bytes));
}

function release(gpu: Gpu, { parameters, m, v, norm }: Optimizer): void {
  gpu.free(parameters, m, v, norm);
}

describeOnGpu('sumOfSquares and adamw', (gpu) => {
  it('do two updates as worked by hand', async () => {
    // As in crpo/optimizer.test.ts: θ = 1; g = 0.5, then −0.25; η = 0.1, λ = 0.01: 0.899, then 0.8714673.
    const state = optimizer(gpu(), Float32Array.of(1, 1, 1, 1));
    const settings = { ...SETTINGS, learningRate: 0.1, weightDecay: 0.01, maxGradNorm: 0 };
    expect(await update(gpu(), state, new Float32Array(4).fill(0.5), settings, 1)).toBe(1);
    expect((await gpu().readFloats(state.parameters))[0]).toBeCloseTo(0.899, 6);
    await update(gpu(), state, new Float32Array(4).fill(-0.25), settings, 2);
    expect((await gpu().readFloats(state.parameters))[3]).toBeCloseTo(0.8714673, 6);
    release(gpu(), state);
  });

  it.each([
    ['one vector', 4, {}],
    ['a part of a workgroup, without clipping', 260, { maxGradNorm: 0 }],
    ['without decay, with a large ε', 1024, { weightDecay: 0, epsilon: 1, beta2: 0.95 }],
    ['a norm below the limit', 1028, { maxGradNorm: 1e6 }],
    ['several workgroups with several rounds', 3 * 16_384 + 516, {}],
  ] as const)('follow torch’s recurrence: %s', async (_, size, changes) => {
    const settings = { ...SETTINGS, ...changes };
    const start = values(size, 1);
    const state = optimizer(gpu(), start);
    const expected = {
      parameters: Float64Array.from(start),
      m: new Float64Array(size),
      v: new Float64Array(size),
    };
    for (let step = 1; step <= 4; step++) {
      // Of many magnitudes within one gradient, and from step to step.
      const gradient = values(size, 10 + step, 10 ** (step - 2)).map((g, i) => g * 10 ** -(i % 5));
      const norm = normReference([Float64Array.from(gradient)]);
      adamwReference({ ...expected, gradient: Float64Array.from(gradient) }, norm, settings, step);
      const received = await update(gpu(), state, gradient, settings, step);
      expect(Math.abs(received / norm - 1)).toBeLessThan(2e-6);
    }
    const [parameters, m, v] = await contents(gpu(), state);
    expectClose(parameters!, expected.parameters, 2e-6, 'parameters');
    // Moments differ by magnitudes: each against the size of its gradients, √v, and v against itself.
    const relative = (received: Float32Array, expectedValues: Float64Array, power: number) =>
      received.map((value, i) => (value - expectedValues[i]!) / (expected.v[i]! ** power + 1e-12));
    expectClose(relative(m!, expected.m, 0.5), new Float64Array(size), 1e-5, 'm');
    expectClose(relative(v!, expected.v, 1), new Float64Array(size), 1e-5, 'v');
    release(gpu(), state);
  });

  it('take the norm over several buffers', async () => {
    const gradients = [values(300, 3), values(64, 4, 5)];
    const views = gradients.map((gradient) => upload(gpu(), gradient));
    const partial = gpu().allocate(2 * PARTIALS);
    views.forEach((gradient, at) => {
      const size = gradients[at]!.length;
      sumOfSquares(gpu(), { gradient, partial, partialOffset: at * PARTIALS, size });
    });
    const state = optimizer(gpu(), new Float32Array(64));
    adamw(gpu(), { ...state, gradient: views[1]!, partial, size: 64, ...SETTINGS, step: 1 });
    const norm = normReference(gradients.map((gradient) => Float64Array.from(gradient)));
    expectClose(await gpu().readFloats(state.norm), [norm], 2e-6);
    const [, m] = await contents(gpu(), state);
    expectClose(
      m!,
      gradients[1]!.map((g) => (0.1 * g) / norm),
      1e-6,
    );
    gpu().free(...views, partial);
    release(gpu(), state);
  });

  it('work on parts of a buffer and leave the rest alone', async () => {
    const whole = gpu().allocate(4 * 64);
    gpu().write(whole, new Float32Array(4 * 64).fill(7));
    const state = { ...optimizer(gpu(), new Float32Array(4)), parameters: partOf(whole, 128, 8) };
    await update(gpu(), state, new Float32Array(4).fill(1), SETTINGS, 1);
    const after = await gpu().readFloats(whole);
    expect([after[127], after[132]]).toEqual([7, 7]);
    expect(after[131]).toBeCloseTo(7 * (1 - 0.001) - 0.01, 5);
    gpu().free(whole, state.m, state.v, state.norm);
  });

  it.each([
    ['NaN', Number.NaN],
    ['∞', Number.POSITIVE_INFINITY],
    ['−∞', Number.NEGATIVE_INFINITY],
    ['1e25, whose square is no float32', 1e25],
  ])('change nothing and give a norm that is not finite for a gradient with %s', async (_, bad) => {
    const state = optimizer(gpu(), values(1000, 5));
    await update(gpu(), state, values(1000, 6), SETTINGS, 1);
    const before = await contents(gpu(), state);
    const gradient = values(1000, 7);
    gradient[777] = bad;
    const norm = await update(gpu(), state, gradient, SETTINGS, 2);
    expect(norm).toBe(Number.isNaN(bad) ? Number.NaN : Number.POSITIVE_INFINITY);
    expect(await contents(gpu(), state)).toEqual(before);
    release(gpu(), state);
  });

  it('give a gradient of zeros the norm 0, and only decay', async () => {
    const state = optimizer(gpu(), new Float32Array(4).fill(2));
    expect(await update(gpu(), state, new Float32Array(4), SETTINGS, 1)).toBe(0);
    expectClose(await gpu().readFloats(state.parameters), new Float32Array(4).fill(2 * 0.999), 1e-6);
    release(gpu(), state);
  });

  it('repeat bit for bit', async () => {
    const run = async () => {
      const state = optimizer(gpu(), values(5000, 8));
      const norms = [];
      for (const step of [1, 2]) norms.push(await update(gpu(), state, values(5000, step), SETTINGS, step));
      const received = await contents(gpu(), state);
      release(gpu(), state);
      return { received, norms };
    };
    expect(await run()).toEqual(await run());
  });

  it('refuse sizes that are no multiple of 4', () => {
    const view = gpu().allocate(PARTIALS);
    expect(() => sumOfSquares(gpu(), { gradient: view, partial: view, size: 6 })).toThrow('multiple of 4');
    gpu().free(view);
  });
});
