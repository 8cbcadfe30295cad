import { describe, expect, it } from 'vitest';
import { sumRows, tf } from '../../../src/engine/tensor';
import { describeOnBackends } from '../crpo/backends';
import { values } from './numbers';

describeOnBackends('sumRows', () => {
  describe.each([
    [1, 1],
    [3, 7],
    [2, 1024],
    [2, 1025],
    [3, 5 * 1024],
    [2, 151_936],
    [1, 3_000_001],
  ])('[%d, %d]', (rows, n) => {
    it('is the sum in float64 to six digits', async () => {
      const data = values(rows * n, 3).map((value) => value + 1); // all positive: the sum grows
      const sums = sumRows(tf.tensor2d(data, [rows, n]));
      expect(sums.shape).toEqual([rows]);
      for (const [row, sum] of (await sums.data()).entries()) {
        const exact = data.subarray(row * n, (row + 1) * n).reduce((total, value) => total + value, 0);
        expect(Math.abs(sum / exact - 1)).toBeLessThan(1e-6);
      }
    });
  });
});
