import { describe, expect, it } from 'vitest';
import { editedInput, recordedInput } from '../../../src/studio/store/scoring-input';
import { rollout } from '../records';

const settings = { tags: 'dx', addOpeningTag: true, eos: '<|im_end|>', limit: 64 } as const;

describe('what the scorer is asked', () => {
  it('is what the trainer asked when it scored the rollout', () => {
    const record = rollout(1, 0, 0, { completion: 'abcdefghij', completionTokens: 5 });
    expect(recordedInput(record, settings)).toEqual({
      completion: 'abcdefghij',
      case: record.case,
      tags: 'dx',
      addOpeningTag: true,
      eos: '<|im_end|>',
      length: { tokens: 5, limit: 64 },
    });
  });

  it('takes the tokens of an edited text in proportion to its characters', () => {
    const record = rollout(1, 0, 0, { completion: 'abcdefghij', completionTokens: 5 });
    const recorded = recordedInput(record, settings);
    expect(editedInput(recorded, 'abcdefghij')).toEqual(recorded);
    // 5 tokens for 10 characters: 15 characters are about 7.5, so 8.
    expect(editedInput(recorded, 'abcdefghijklmno')).toMatchObject({
      completion: 'abcdefghijklmno',
      length: { tokens: 8, limit: 64 },
    });
    const empty = recordedInput(rollout(1, 0, 0, { completion: '', completionTokens: 1 }), settings);
    expect(editedInput(empty, 'abc').length).toEqual({ tokens: 0, limit: 64 });
  });
});
