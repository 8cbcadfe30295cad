import { describe, expect, it } from 'vitest';
import { decodeExactJson, encodeExactJson } from '../../../src/engine/checkpoint/exact-json';
import type { RolloutBatch } from '../../../src/engine/crpo/batch';
import type { Learner, Moments } from '../../../src/engine/crpo/learner';
import { captureState, restoreState, type TrainingState } from '../../../src/engine/crpo/state';

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
    step: 11,
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

const MOMENTS: Moments = { m: Float32Array.of(0.1, -0.2, 3e-38), v: Float32Array.of(1e-12, 0.5, 0) };

/** What a state sees of a learner: as many trainable values as asked for, and their moments. */
function learner(size = 3, moments = MOMENTS) {
  let held = moments;
  const seen: Pick<Learner, 'layout' | 'moments' | 'restoreMoments'> = {
    layout: { entries: [], size },
    moments: async () => held,
    restoreMoments: (restored) => {
      held = restored;
    },
  };
  return seen;
}

const ZEROS: Moments = { m: new Float32Array(3), v: new Float32Array(3) };

describe('captureState and restoreState', () => {
  it.each([true, false])('keep every bit (with reference log-probs: %s)', async (references) => {
    const original = state(references);
    const { json, tensors } = await captureState(original, learner());
    const other = learner(3, ZEROS);
    expect(restoreState(decodeExactJson(encodeExactJson(json), 'state.json'), tensors, other)).toEqual(
      original,
    );
    expect(await other.moments()).toEqual(MOMENTS);
    expect(tensors.map(({ name, shape }) => [name, shape])).toEqual([
      ['optimizer.m', [3]],
      ['optimizer.v', [3]],
      ['rollouts.old_logprobs', [10]],
      ...(references ? [['rollouts.reference_logprobs', [10]]] : []),
    ]);
  });

  it('keep a state before its first rollout batch', async () => {
    const { json, tensors } = await captureState({ ...state(), batch: null }, learner());
    expect(restoreState(json, tensors, learner()).batch).toBeNull();
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
    const { json, tensors } = await captureState(state(), learner());
    const untouched = learner(3, ZEROS);
    const restore = () => restoreState(damage(structuredClone(json)), tensors, untouched);
    expect(restore).toThrow(message);
    expect(restore).toThrow(
      expect.objectContaining({
        record: expect.objectContaining({ boundary: 'storage', code: 'state-invalid' }),
      }),
    );
    expect(await untouched.moments()).toBe(ZEROS);
  });

  it('moments of another policy, and missing ones', async () => {
    const { json, tensors } = await captureState(state(), learner());
    expect(() => restoreState(json, tensors, learner(4))).toThrow(
      /optimizer\.m: expected 4 values, received 3/,
    );
    expect(() => restoreState(json, tensors.slice(1), learner())).toThrow(
      /optimizer\.m: expected 3 values, received none/,
    );
  });
});
