import { expect, it } from 'vitest';
import { columnSum } from '../../../src/engine/kernels/column-sum';
import * as reference from '../../../src/engine/kernels/column-sum/reference';
import { describeOnGpu } from '../gpu/dawn';
import { expectClose, upload, values } from './compare';

const cases = [
  { rows: 1, width: 4, scale: 1 },
  { rows: 5, width: 20, scale: 1e6 },
  { rows: 64, width: 16, scale: 1 },
  { rows: 65, width: 36, scale: 1 },
  { rows: 1000, width: 132, scale: 1 },
];

it('sums columns by hand', () => {
  const x = [1, 2, 3, 4, 10, 20, 30, 40];
  expect([...reference.columnSum(x, { rows: 2, width: 4 })]).toEqual([11, 22, 33, 44]);
  expect([...reference.columnSum(x, { rows: 2, width: 4 }, [1, 1, 1, 2])]).toEqual([12, 23, 34, 46]);
});

describeOnGpu('columnSum', (gpu) => {
  it.each(cases)('$rows × $width values up to $scale', async ({ rows, width, scale }) => {
    const data = values(rows * width, rows + width, scale);
    const before = values(width, 7, scale);
    const [x, sums] = [upload(gpu(), data), upload(gpu(), before)];
    columnSum(gpu(), { x, sums, rows, width, accumulate: true });
    const added = await gpu().readFloats(sums);
    expectClose(added, reference.columnSum(data, { rows, width }, before), 1e-6, 'added');
    columnSum(gpu(), { x, sums, rows, width });
    const first = await gpu().readFloats(sums);
    expectClose(first, reference.columnSum(data, { rows, width }), 1e-6, 'overwritten');
    columnSum(gpu(), { x, sums, rows, width });
    expect(await gpu().readFloats(sums), 'again, bit by bit').toEqual(first);
    gpu().free(x, sums);
  });

  it('keeps a NaN to its column', async () => {
    const data = values(70 * 8, 1);
    data[69 * 8 + 5] = Number.NaN;
    const [x, sums] = [upload(gpu(), data), gpu().allocate(8)];
    columnSum(gpu(), { x, sums, rows: 70, width: 8 });
    const found = await gpu().readFloats(sums);
    expect([...found].map(Number.isNaN)).toEqual([false, false, false, false, false, true, false, false]);
    gpu().free(x, sums);
  });

  it('refuses a width that is not a multiple of 4', () => {
    const x = gpu().allocate(6);
    expect(() => columnSum(gpu(), { x, sums: x, rows: 1, width: 6 })).toThrow('multiple of 4');
    gpu().free(x);
  });
});
