import { describe, expect, it } from 'vitest';
import { isUsedUp, newBatch } from '../../../src/engine/crpo/batch';
import { tinyConfig } from './tiny';

const sampled = Array.from({ length: 12 }, (_, row) => ({
  promptTokens: [row],
  completionTokens: [row, row],
  truncated: false,
  oldLogprobs: Float32Array.of(-1, -row),
}));
const advantages = sampled.map((_, row) => row / 10);

describe('newBatch', () => {
  const batchOf = (serial: number, update: { miniBatches: number; epochs: number }) =>
    newBatch(tinyConfig({ update: { ...update, microBatchSize: 4 } }), serial, sampled, advantages, null);

  it('cuts each epoch into equal mini-batches that hold every rollout once', () => {
    const { miniBatches, rollouts, used } = batchOf(0, { miniBatches: 3, epochs: 2 });
    expect(used).toBe(0);
    expect(miniBatches.map(({ length }) => length)).toEqual([4, 4, 4, 4, 4, 4]);
    for (const epoch of [miniBatches.slice(0, 3), miniBatches.slice(3)])
      expect(epoch.flat().sort((a, b) => a - b)).toEqual(sampled.map((_, row) => row));
    expect(miniBatches.slice(0, 3)).not.toEqual(miniBatches.slice(3));
    expect(rollouts.map(({ advantage }) => advantage)).toEqual(advantages);
  });

  it('shuffles every batch anew, and the same batch the same way', () => {
    const setup = { miniBatches: 3, epochs: 1 };
    expect(batchOf(4, setup)).toEqual(batchOf(4, setup));
    expect(batchOf(4, setup).miniBatches).not.toEqual(batchOf(5, setup).miniBatches);
  });

  it('is used up after its last mini-batch', () => {
    const batch = batchOf(0, { miniBatches: 2, epochs: 1 });
    expect(isUsedUp(null)).toBe(true);
    expect([0, 1, 2].map((used) => isUsedUp({ ...batch, used }))).toEqual([false, false, true]);
  });
});
