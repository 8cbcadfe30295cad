import { describe, expect, it } from 'vitest';
import type { AdamWUpdate } from '../../../src/engine/crpo/learner';
import { clipScale, learningRateAt, updatePolicy } from '../../../src/engine/crpo/optimizer';
import type { RunConfig } from '../../../src/protocol';
import { PLAIN_OPTIMIZER } from './plain-settings';

type Settings = RunConfig['optimizer'];

it('schedules the learning rate', () => {
  const at = (settings: Partial<Settings>, steps: number) =>
    Array.from({ length: steps }, (_, index) =>
      learningRateAt(index + 1, { ...PLAIN_OPTIMIZER, learningRate: 1, ...settings }, steps),
    );
  expect(at({ schedule: 'constant' }, 3)).toEqual([1, 1, 1]);
  expect(at({ schedule: 'constant', warmupSteps: 4 }, 6)).toEqual([0.25, 0.5, 0.75, 1, 1, 1]);
  // transformers' linear schedule without warm-up: 1 − k/n at the k-th of n updates, from k = 0.
  expect(at({ schedule: 'linear' }, 4)).toEqual([1, 0.75, 0.5, 0.25]);
  expect(at({ schedule: 'linear', warmupSteps: 2 }, 6)).toEqual([0.5, 1, 1, 0.75, 0.5, 0.25]);
  // Half a cosine: (1 + cos(π k/n)) / 2.
  for (const [k, rate] of at({ schedule: 'cosine' }, 5).entries())
    expect(rate).toBeCloseTo((1 + Math.cos((Math.PI * k) / 5)) / 2, 12);
  // A run that is extended past its end does not climb again, and a warm-up longer than the run only rises.
  expect(learningRateAt(50, { ...PLAIN_OPTIMIZER, schedule: 'cosine' }, 10)).toBeCloseTo(0, 12);
  expect(at({ schedule: 'linear', warmupSteps: 10 }, 3)).toEqual([0.1, 0.2, 0.3]);
});

it('shortens a gradient to the limit, as torch does, and never lengthens it', () => {
  expect(clipScale(4, 1)).toBe(1 / (4 + 1e-6));
  expect(clipScale(0.5, 1)).toBe(1);
  expect(clipScale(0, 1)).toBe(1);
  expect(clipScale(1e9, 0)).toBe(1); // 0: no limit
});

describe('updatePolicy', () => {
  function recorder() {
    const calls: (AdamWUpdate | 'dropped')[] = [];
    const learner = {
      applyGradient: async (update: AdamWUpdate) => {
        calls.push(update);
        return { gradNorm: 2.5 };
      },
      dropGradient: () => void calls.push('dropped'),
    };
    return { calls, learner };
  }

  it('applies the gradient at the rate of the step', async () => {
    const { calls, learner } = recorder();
    const settings = { ...PLAIN_OPTIMIZER, warmupSteps: 4 };
    const update = await updatePolicy(learner, 3, 0.7, { optimizer: settings, steps: 9 });
    expect(update.learningRate).toBeCloseTo(0.075, 12); // three quarters of the way up
    expect(update.gradNorm).toBe(2.5);
    expect(calls).toEqual([{ step: 3, learningRate: update.learningRate, settings }]);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('drops the gradient of a loss of %d', async (loss) => {
    const { calls, learner } = recorder();
    const update = updatePolicy(learner, 3, loss, { optimizer: PLAIN_OPTIMIZER, steps: 9 });
    await expect(update).rejects.toMatchObject({
      record: {
        boundary: 'device',
        code: 'non-finite',
        message: expect.stringContaining(`Step 3: the loss is ${loss}`),
      },
    });
    expect(calls).toEqual(['dropped']);
  });
});
