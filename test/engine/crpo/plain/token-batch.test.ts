import { describe, expect, it } from 'vitest';
import { padRight, tokenBatch } from '../../../../src/engine/crpo/plain/token-batch';

describe('tokenBatch', () => {
  it('pads prompts on the left and completions on the right, to widths in steps of 16', () => {
    const batch = tokenBatch(
      [
        { promptTokens: [1, 2, 3], completionTokens: [4] },
        { promptTokens: new Array(17).fill(5), completionTokens: [6, 7] },
      ],
      9,
    );
    expect(batch).toMatchObject({ rows: 2, promptLength: 32, completionLength: 16 });
    const first = Array.from(batch.inputIds.subarray(0, 48));
    expect(first).toEqual([...new Array(29).fill(9), 1, 2, 3, 4, ...new Array(15).fill(9)]);
    expect(Array.from(batch.attentionMask.subarray(0, 48))).toEqual([
      ...new Array(29).fill(0),
      1,
      1,
      1,
      1,
      ...new Array(15).fill(0),
    ]);
    const second = Array.from(batch.inputIds.subarray(48));
    expect(second).toEqual([
      ...new Array(15).fill(9),
      ...new Array(17).fill(5),
      6,
      7,
      ...new Array(14).fill(9),
    ]);
  });
});

it('padRight fills what is missing with 0', () => {
  expect(Array.from(padRight([[1, 2], [3], []], 2))).toEqual([1, 2, 3, 0, 0, 0]);
});
