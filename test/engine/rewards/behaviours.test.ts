import { describe, expect, it } from 'vitest';
import { behaviours } from '../../../src/engine/rewards/behaviours';
import { CASES, completionOf, pointedAt, scoreWith, workedExamples, workedOut } from './clinical';

interface Expected {
  readonly score: number;
  readonly verification: number;
  readonly backtracking: number;
  readonly subgoal: number;
  readonly backward_chaining: number;
}

describe('behaviours', () => {
  it.each(workedExamples<Expected>('h'))('$note', ({ response, case: id, expected }) => {
    const { value, evidence } = scoreWith(behaviours, response, CASES[id]!)!;
    expect(value).toBeCloseTo(expected.score, 6);
    expect(workedOut(evidence.arithmetic).computed).toBeCloseTo(value, 6);
    expect(evidence.counts).toEqual({
      verification: expected.verification,
      backtracking: expected.backtracking,
      subgoals: expected.subgoal,
      backwardChaining: expected.backward_chaining,
    });
  });

  it('points at the sentences, those over the cap too', () => {
    const completion = completionOf(
      'Wait, that is not it. Hold on, let me see again. Let me step back once more.',
    );
    const { value, evidence } = scoreWith(behaviours, completion)!;
    expect(value).toBeCloseTo(0.2, 6);
    expect(pointedAt(evidence, 'backtracking', completion).map(([, said]) => said)).toEqual([
      'Wait, that is not it.',
      'Hold on, let me see again.',
      'Let me step back once more.',
    ]);
    expect(evidence.items.at(-1)).toMatchObject({ value: 0, reason: 'at most 2 count' });
  });
});
