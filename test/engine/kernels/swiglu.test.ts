import { describe, expect, it } from 'vitest';
import { swiglu, swigluBackward } from '../../../src/engine/kernels/swiglu';
import * as reference from '../../../src/engine/kernels/swiglu/reference';
import { describeOnGpu } from '../gpu/dawn';
import { centralDifferences, expectClose, upload, values } from './compare';

const cases = [
  { rows: 1, width: 4, scale: 1 },
  { rows: 3, width: 20, scale: 8 },
  { rows: 5, width: 36, scale: 1e4 },
  { rows: 67, width: 132, scale: 3 },
];

describe('the reference', () => {
  it('follows the formula by hand', () => {
    // σ(ln 3) = 3/4, so silu(ln 3) = 3/4 · ln 3; silu(0) = 0
    const gateUp = [Math.log(3), 0, 2, 5];
    expectClose(reference.swiglu(gateUp, { rows: 1, width: 2 }), [1.5 * Math.log(3), 0], 1e-15);
  });

  it.each(cases.slice(0, 2))('has the gradient of its forward: $rows × $width', (shape) => {
    const gateUp = values(shape.rows * 2 * shape.width, 1, shape.scale);
    const dHidden = values(shape.rows * shape.width, 2);
    expectClose(
      reference.swigluBackward(dHidden, gateUp, shape),
      centralDifferences((at) => reference.swiglu(at, shape), gateUp, dHidden),
      1e-8,
    );
  });
});

describeOnGpu('SwiGLU', (gpu) => {
  async function forward(gateUpData: Float32Array, rows: number, width: number): Promise<Float32Array> {
    const [gateUp, hidden] = [upload(gpu(), gateUpData), gpu().allocate(rows * width)];
    swiglu(gpu(), { gateUp, hidden, rows, width });
    const found = await gpu().readFloats(hidden);
    gpu().free(gateUp, hidden);
    return found;
  }

  async function backward(gateUpData: Float32Array, dHiddenData: Float32Array, rows: number, width: number) {
    const [gateUp, dHidden] = [upload(gpu(), gateUpData), upload(gpu(), dHiddenData)];
    swigluBackward(gpu(), { gateUp, dHidden, rows, width });
    const found = { gradient: await gpu().readFloats(gateUp), hidden: await gpu().readFloats(dHidden) };
    gpu().free(gateUp, dHidden);
    return found;
  }

  it.each(cases)('$rows × $width values up to $scale', async (shape) => {
    const { rows, width, scale } = shape;
    const gateUp = values(rows * 2 * width, 1, scale);
    const dHidden = values(rows * width, 2);
    const hidden = await forward(gateUp, rows, width);
    expectClose(hidden, reference.swiglu(gateUp, shape), 2e-6, 'hidden');
    expect(await forward(gateUp, rows, width), 'again, bit by bit').toEqual(hidden);

    const found = await backward(gateUp, dHidden, rows, width);
    expectClose(found.gradient, reference.swigluBackward(dHidden, gateUp, shape), 2e-6, 'gradient');
    expectClose(found.hidden, reference.swiglu(gateUp, shape), 2e-6, 'hidden, from the backward');
    expect(await backward(gateUp, dHidden, rows, width), 'again, bit by bit').toEqual(found);
  });

  it('saturates without an overflow', async () => {
    const gates = [-3e38, -200, -100, -88, 88, 100, 200, 3e38];
    const gateUp = Float32Array.from([...gates, 1, 1, 1, 1, 1, 1, 1, 1]);
    const hidden = await forward(gateUp, 1, 8);
    expectClose(hidden.subarray(0, 7), [0, 0, 0, 0, 88, 100, 200], 1e-6, 'hidden');
    expect(hidden[7]).toBe(gateUp[7]);
    const { gradient } = await backward(gateUp, new Float32Array(8).fill(1), 1, 8);
    expectClose(gradient.subarray(0, 8), [0, 0, 0, 0, 1, 1, 1, 1], 1e-6, 'the gate’s gradient');
  });

  it('keeps a NaN to its own value', async () => {
    const gateUp = values(16, 1);
    gateUp[1] = Number.NaN; // a gate
    gateUp[8 + 6] = Number.NaN; // an up
    const isNaNAt = [false, true, false, false, false, false, true, false];
    expect([...(await forward(gateUp, 1, 8))].map(Number.isNaN)).toEqual(isNaNAt);
    const { gradient } = await backward(gateUp, values(8, 2), 1, 8);
    expect([...gradient.subarray(0, 8)].map(Number.isNaN)).toEqual(isNaNAt);
  });
});
