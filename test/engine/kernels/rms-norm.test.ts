import { describe, expect, it } from 'vitest';
import type { View } from '../../../src/engine/gpu';
import {
  rmsInverse,
  rmsNormBackward,
  rmsNormRows,
  rmsNormRowsBackward,
  rmsNormRowsWeightGradient,
  rmsNormWeightGradient,
} from '../../../src/engine/kernels/rms-norm';
import * as reference from '../../../src/engine/kernels/rms-norm/reference';
import { describeOnGpu } from '../gpu/dawn';
import { centralDifferences, expectClose, upload, values } from './compare';

const EPSILON = 1e-6;

const cases = [
  { rows: 1, width: 4, scale: 1 },
  { rows: 3, width: 20, scale: 1e-4 },
  { rows: 5, width: 64, scale: 1e4 },
  { rows: 67, width: 132, scale: 1 },
  { rows: 300, width: 68, scale: 1 },
];

/** Rows chosen out of `rows`: none of some, several times others, in no order. */
function chosenRows(rows: number): { index: Int32Array; starts: Uint32Array; members: Uint32Array } {
  const count = rows + 3;
  const index = Int32Array.from({ length: count }, (_, m) => (m % 3 === 0 ? rows - 1 : (m * 7) % rows) & ~1);
  const starts = new Uint32Array(rows + 1);
  const members: number[] = [];
  for (let row = 0; row < rows; row++) {
    index.forEach((chosen, m) => {
      if (chosen === row) members.push(m);
    });
    starts[row + 1] = members.length;
  }
  return { index, starts, members: Uint32Array.from(members) };
}

function made({ rows, width, scale }: (typeof cases)[number]) {
  return {
    x: values(rows * width, 1, scale),
    weight: values(width, 2, 2),
    dy: values(rows * width, 3),
    residual: values(rows * width, 4),
  };
}

describe('the reference', () => {
  it('follows the formula by hand', () => {
    // mean of 9, 16, 0, 0 is 6.25, whose root is 2.5
    const y = reference.rmsNorm([3, 4, 0, 0], [1, 2, 1, 1], { rows: 1, width: 4 }, 0);
    expectClose(y, [1.2, 3.2, 0, 0], 1e-15);
  });

  it.each(cases.slice(0, 3))('has the gradients of its forward: $rows × $width', (shape) => {
    const { x, weight, dy } = made({ ...shape, scale: 1 });
    const inverse = reference.rmsInverse(x, shape, EPSILON);
    expectClose(
      reference.rmsNormBackward(dy, x, weight, inverse, shape),
      centralDifferences((at) => reference.rmsNorm(at, weight, shape, EPSILON), x, dy),
      1e-8,
      'dx',
    );
    expectClose(
      reference.rmsNormWeightGradient(dy, x, inverse, shape),
      centralDifferences((at) => reference.rmsNorm(x, at, shape, EPSILON), weight, dy),
      1e-8,
      'dWeight',
    );
  });

  it('has the gradient of choosing rows', () => {
    const { index } = chosenRows(5);
    const [x, dy] = [values(5 * 4, 1), values(index.length * 4, 2)];
    expectClose(
      reference.chooseRowsBackward(dy, index, { rows: 5, width: 4 }),
      centralDifferences((at) => reference.chooseRows(at, index, 4), x, dy),
      1e-8,
    );
  });
});

describeOnGpu('RMSNorm', (gpu) => {
  /** What it is now; after a second run of the same, it must be the same bits. */
  async function twice(view: View, run: () => void): Promise<Float32Array> {
    run();
    const first = await gpu().readFloats(view);
    run();
    expect(await gpu().readFloats(view), 'again, bit by bit').toEqual(first);
    return first;
  }

  it.each(cases)('of all rows: $rows × $width values up to $scale', async (shape) => {
    const { rows, width } = shape;
    const data = made(shape);
    const [x, weight, dy, residual] = [data.x, data.weight, data.dy, data.residual].map((array) =>
      upload(gpu(), array),
    ) as [View, View, View, View];
    const [inverse, dx, dWeight] = [
      gpu().allocate(rows),
      gpu().allocate(rows * width),
      upload(gpu(), data.weight),
    ];

    const expectedInverse = reference.rmsInverse(data.x, shape, EPSILON);
    const found = await twice(inverse, () =>
      rmsInverse(gpu(), { x, inverse, rows, width, epsilon: EPSILON }),
    );
    expectClose(
      found.map((value, row) => value / expectedInverse[row]!),
      new Float32Array(rows).fill(1),
      1e-6,
      'inverse, relative',
    );

    const expected = reference.rmsNormBackward(data.dy, data.x, data.weight, expectedInverse, shape);
    const call = { dy, x, weight, inverse, dx, rows, width };
    expectClose(await twice(dx, () => rmsNormBackward(gpu(), call)), expected, 2e-6, 'dx');
    expectClose(
      await twice(dx, () => rmsNormBackward(gpu(), { ...call, residual })),
      expected.map((value, at) => value + data.residual[at]!),
      2e-6,
      'dx + residual',
    );

    const gradient = reference.rmsNormWeightGradient(data.dy, data.x, expectedInverse, shape);
    const weightCall = { dy, x, inverse, dWeight, rows, width };
    rmsNormWeightGradient(gpu(), { ...weightCall, accumulate: true });
    const added = gradient.map((value, j) => value + data.weight[j]!);
    expectClose(await gpu().readFloats(dWeight), added, 2e-6, 'dWeight, added');
    const overwritten = await twice(dWeight, () => rmsNormWeightGradient(gpu(), weightCall));
    expectClose(overwritten, gradient, 2e-6, 'dWeight');
    gpu().free(x, weight, dy, residual, inverse, dx, dWeight);
  });

  it.each(cases)('of chosen rows: $rows × $width values up to $scale', async (shape) => {
    const { rows, width } = shape;
    const data = made(shape);
    const chosen = chosenRows(rows);
    const count = chosen.index.length;
    const ofChosen = { rows: count, width };
    const dyData = values(count * width, 5);
    const [x, weight, dy] = [data.x, data.weight, dyData].map((array) => upload(gpu(), array)) as [
      View,
      View,
      View,
    ];
    const [index, starts, members] = [chosen.index, chosen.starts, chosen.members].map((array) =>
      upload(gpu(), array),
    ) as [View, View, View];
    const [y, inverse] = [gpu().allocate(count * width), gpu().allocate(count)];
    const [dx, dWeight] = [upload(gpu(), data.residual), upload(gpu(), data.weight)];

    const chosenX = reference.chooseRows(data.x, chosen.index, width);
    const expectedInverse = reference.rmsInverse(chosenX, ofChosen, EPSILON);
    const found = await twice(y, () =>
      rmsNormRows(gpu(), { x, index, weight, y, inverse, count, width, epsilon: EPSILON }),
    );
    expectClose(found, reference.rmsNorm(chosenX, data.weight, ofChosen, EPSILON), 2e-6, 'y');
    expectClose(
      (await gpu().readFloats(inverse)).map((value, row) => value / expectedInverse[row]!),
      new Float32Array(count).fill(1),
      1e-6,
      'inverse, relative',
    );

    const dChosen = reference.rmsNormBackward(dyData, chosenX, data.weight, expectedInverse, ofChosen);
    const gradient = await twice(dx, () =>
      rmsNormRowsBackward(gpu(), { dy, x, weight, inverse, starts, members, dx, rows, width, count }),
    );
    expectClose(gradient, reference.chooseRowsBackward(dChosen, chosen.index, shape), 2e-6, 'dx');

    const weightGradient = reference.rmsNormWeightGradient(dyData, chosenX, expectedInverse, ofChosen);
    const weightCall = { dy, x, index, inverse, dWeight, count, width };
    rmsNormRowsWeightGradient(gpu(), { ...weightCall, accumulate: true });
    const added = weightGradient.map((value, j) => value + data.weight[j]!);
    expectClose(await gpu().readFloats(dWeight), added, 2e-6, 'dWeight, added');
    const overwritten = await twice(dWeight, () => rmsNormRowsWeightGradient(gpu(), weightCall));
    expectClose(overwritten, weightGradient, 2e-6, 'dWeight');
    gpu().free(x, weight, dy, index, starts, members, y, inverse, dx, dWeight);
  });

  it('keeps a NaN to its row, and none of it where the row was not chosen', async () => {
    const data = values(6 * 8, 1);
    data[2 * 8 + 3] = Number.NaN;
    const [x, weight, dy] = [
      upload(gpu(), data),
      upload(gpu(), values(8, 2)),
      upload(gpu(), values(6 * 8, 3)),
    ];
    const [inverse, dx] = [gpu().allocate(6), gpu().allocate(6 * 8)];
    rmsInverse(gpu(), { x, inverse, rows: 6, width: 8, epsilon: EPSILON });
    rmsNormBackward(gpu(), { dy, x, weight, inverse, dx, rows: 6, width: 8 });
    const rowsWithNaN = (gradient: Float32Array) =>
      Array.from({ length: 6 }, (_, row) => gradient.subarray(row * 8, row * 8 + 8).some(Number.isNaN));
    expect([...(await gpu().readFloats(inverse))].map(Number.isNaN)).toEqual([
      false,
      false,
      true,
      false,
      false,
      false,
    ]);
    expect(rowsWithNaN(await gpu().readFloats(dx))).toEqual([false, false, true, false, false, false]);

    const starts = upload(gpu(), Uint32Array.of(0, 0, 0, 0, 1, 1, 1));
    const members = upload(gpu(), Uint32Array.of(0));
    rmsNormRowsBackward(gpu(), { dy, x, weight, inverse, starts, members, dx, rows: 6, width: 8 });
    const gradient = await gpu().readFloats(dx);
    expect(rowsWithNaN(gradient)).toEqual(new Array(6).fill(false));
    expect(gradient.subarray(2 * 8, 3 * 8).every((value) => value === 0)).toBe(true);
    expect(gradient.subarray(3 * 8, 4 * 8).every((value) => value !== 0)).toBe(true);
    gpu().free(x, weight, dy, inverse, dx, starts, members);
  });
});
