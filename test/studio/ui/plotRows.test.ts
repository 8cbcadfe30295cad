import { describe, expect, it } from 'vitest';
import { formatCount } from '../../../src/studio/store/format';
import { fitTicks, nearestRow, ticksOf } from '../../../src/studio/ui/train/plotRows';

describe('ticksOf', () => {
  it('names no value twice, and a whole number where it is', () => {
    // 1, 1.2 … 2 read 1, 1, 1, 2, 2, 2.
    expect(ticksOf(1, 2, 7, formatCount)).toEqual([1, 2]);
    // 1, 1.5, 2, 2.5, 3 read 1, 2, 2, 3, 3.
    expect(ticksOf(1, 3, 7, formatCount)).toEqual([1, 2, 3]);
    expect(ticksOf(0, 100, 4, formatCount)).toEqual([0, 25, 50, 75, 100]);
  });

  it('names values between whole numbers where their texts differ', () => {
    expect(ticksOf(0, 1, 2, (x) => x.toFixed(1))).toEqual([0, 0.5, 1]);
  });
});

describe('nearestRow', () => {
  it('is the one at the x or beside it, of two as near the first, and none of none', () => {
    const rows = [{ x: 1 }, { x: 4 }, { x: 6 }, { x: 20 }];
    expect([-3, 4, 4.9, 5, 5.1, 12, 99].map((x) => nearestRow(rows, x)?.x)).toEqual([1, 4, 4, 4, 6, 6, 20]);
    expect(nearestRow([], 3)).toBeUndefined();
  });
});

describe('fitTicks', () => {
  const ticks = (...places: number[]) => places.map((at) => ({ at, text: '1234' })); // 26.4 pixels wide

  it('moves the last text in from the edge', () => {
    expect(fitTicks(ticks(190), 200).map(({ at }) => at)).toEqual([200 - 13.2]);
    expect(fitTicks(ticks(180), 200).map(({ at }) => at)).toEqual([180]);
  });

  it('leaves out, from the end, what comes within 36 pixels of the next', () => {
    // Two texts need 26.4 + 36 = 62.4 pixels from centre to centre.
    expect(fitTicks(ticks(20, 80, 140, 200), 300).map(({ at }) => at)).toEqual([80, 200]);
    expect(fitTicks(ticks(10, 73, 136, 199), 300).map(({ at }) => at)).toEqual([10, 73, 136, 199]);
  });

  it('takes none', () => {
    expect(fitTicks([], 100)).toEqual([]);
  });
});
