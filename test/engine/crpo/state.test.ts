import { beforeAll, describe, expect, it } from 'vitest';
import { decodeExactJson, encodeExactJson } from '../../../src/engine/checkpoint/exact-json';
import type { RolloutBatch } from '../../../src/engine/crpo/batch';
import { captureState, disposeState, restoreState, type TrainingState } from '../../../src/engine/crpo/state';
import { tf } from '../../../src/engine/tensor';
import { useBackend } from './backends';

beforeAll(() => useBackend('cpu'));

function state(references = true): TrainingState {
  const rollout = (length: number, advantage: number): RolloutBatch['rollouts'][number] => ({
    promptTokens: [5, 6],
    completionTokens: new Array(length).fill(7),
    truncated: length === 3,
    oldLogprobs: Float32Array.from({ length }, (_, t) => -0.1 * (t + length)),
    referenceLogprobs: references ? Float32Array.from({ length }, (_, t) => -0.2 * (t + length)) : null,
    advantage,
  });
  return {
    optimizer: { step: 11, m: tf.tensor1d([0.1, -0.2, 3e-38]), v: tf.tensor1d([1e-12, 0.5, 0]) },
    rolloutBatches: 3,
    rollouts: 48,
    promptCursor: 17,
    tokens: 12_345,
    batch: {
      // Values that text must keep to the last bit.
      rollouts: [rollout(2, 1 / 3), rollout(3, -0), rollout(1, -1e-17), rollout(4, 0.1 + 0.2)],
      temperature: 0.7,
      miniBatches: [
        [0, 3],
        [1, 2],
      ],
      used: 1,
    },
  };
}

describe('captureState and restoreState', () => {
  it.each([true, false])('keep every bit (with reference log-probs: %s)', async (references) => {
    const original = state(references);
    const { json, tensors } = await captureState(original);
    const restored = restoreState(decodeExactJson(encodeExactJson(json), 'state.json'), tensors, 3);
    const { optimizer, ...numbers } = restored;
    const { optimizer: _, ...expected } = original;
    expect(numbers).toEqual(expected);
    expect(optimizer.step).toBe(11);
    expect(await optimizer.m.data()).toEqual(await original.optimizer.m.data());
    expect(await optimizer.v.data()).toEqual(await original.optimizer.v.data());
    expect(tensors.map(({ name, shape }) => [name, shape])).toEqual([
      ['optimizer.m', [3]],
      ['optimizer.v', [3]],
      ['rollouts.old_logprobs', [10]],
      ...(references ? [['rollouts.reference_logprobs', [10]]] : []),
    ]);
    disposeState(original);
    disposeState(restored);
  });

  it('keep a state before its first rollout batch', async () => {
    const { json, tensors } = await captureState({ ...state(), batch: null });
    expect(restoreState(json, tensors, 3).batch).toBeNull();
    expect(tensors).toHaveLength(2);
  });
});

describe('restoreState refuses', () => {
  const damages: [string, RegExp, (json: ReturnType<typeof JSON.parse>) => unknown][] = [
    ['another version', /version/, (json) => ({ ...json, version: 2 })],
    ['nothing at all', /state/, () => null],
    ['a negative step', /step/, (json) => ({ ...json, step: -1 })],
    ['a step that is a text', /step/, (json) => ({ ...json, step: '11' })],
    ['a missing cursor', /promptCursor/, ({ promptCursor: _, ...rest }) => rest],
    [
      'more mini-batches used than there are',
      /batch\.used: expected at most 2, received 3/,
      (json) => ({ ...json, batch: { ...json.batch, used: 3 } }),
    ],
    [
      'a rollout that does not exist',
      /batch\.miniBatches: expected rollouts below 4, received 4/,
      (json) => ({ ...json, batch: { ...json.batch, miniBatches: [[0, 4]] } }),
    ],
    [
      'an empty completion',
      /batch\.rollouts\.2\.completionTokens/,
      (json) => {
        json.batch.rollouts[2].completionTokens = [];
        return json;
      },
    ],
    [
      'an infinite advantage',
      /batch\.rollouts\.0\.advantage/,
      (json) => {
        json.batch.rollouts[0].advantage = Number.POSITIVE_INFINITY;
        return json;
      },
    ],
    [
      'log-probs of other lengths',
      /rollouts\.old_logprobs: expected 11 values, received 10/,
      (json) => {
        json.batch.rollouts[2].completionTokens = [7, 7];
        return json;
      },
    ],
  ];
  it.each(damages)('%s', async (_name, message, damage) => {
    const { json, tensors } = await captureState(state());
    const restore = () => restoreState(damage(structuredClone(json)), tensors, 3);
    expect(restore).toThrow(message);
    expect(restore).toThrow(
      expect.objectContaining({
        record: expect.objectContaining({ boundary: 'storage', code: 'state-invalid' }),
      }),
    );
  });

  it('moments of another policy, and missing ones', async () => {
    const { json, tensors } = await captureState(state());
    const before = tf.memory().numTensors;
    expect(() => restoreState(json, tensors, 4)).toThrow(/optimizer\.m: expected 4 values, received 3/);
    expect(() => restoreState(json, tensors.slice(1), 3)).toThrow(
      /optimizer\.m: expected 3 values, received none/,
    );
    expect(tf.memory().numTensors).toBe(before);
  });
});
