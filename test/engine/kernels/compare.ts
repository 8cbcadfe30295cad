/** What every kernel's test does with its case list: made-up inputs, uploads, and two comparisons. */
import { expect } from 'vitest';
import type { Gpu, View } from '../../../src/engine/gpu';

/** `count` values in [−scale, scale), a function of the seed. */
export function values(count: number, seed: number, scale = 1): Float32Array<ArrayBuffer> {
  let state = (seed + 1) * 0x9e3779b9;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) | 0;
    const mixed = Math.imul(state ^ (state >>> 13), 0x297a2d39);
    return (((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 31 - 1) * scale;
  });
}

export function upload(gpu: Gpu, data: Float32Array | Int32Array | Uint32Array): View {
  const view = gpu.allocate(data.length);
  gpu.write(view, data);
  return view;
}

/** Each value within `tolerance` of what is expected, relative to the largest expected magnitude or 1. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what = 'values',
): void {
  expect(actual.length, `${what}: length`).toBe(expected.length);
  let scale = 1;
  for (let i = 0; i < expected.length; i++) scale = Math.max(scale, Math.abs(expected[i]!));
  let worst = 0;
  let at = 0;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!) / scale;
    if (!(error <= worst)) [worst, at] = [error, i];
  }
  expect(worst, `${what}: worst at ${at}, ${actual[at]} for ${expected[at]}`).toBeLessThanOrEqual(tolerance);
}

/**
 * The gradient of Σ f(x)·dy by central differences, in float64 if `f` is: the oracle of every
 * reference backward. `f` must not keep its argument.
 */
export function centralDifferences(
  f: (x: Float64Array) => ArrayLike<number>,
  x: ArrayLike<number>,
  dy: ArrayLike<number>,
  step = 1e-5,
): Float64Array {
  const at = Float64Array.from(x);
  const along = () => {
    const y = f(at);
    let sum = 0;
    for (let i = 0; i < y.length; i++) sum += y[i]! * dy[i]!;
    return sum;
  };
  return Float64Array.from(at, (value, i) => {
    at[i] = value + step;
    const above = along();
    at[i] = value - step;
    const below = along();
    at[i] = value;
    return (above - below) / (2 * step);
  });
}
