import { describe, expect, it } from 'vitest';
import { rejection } from '../../../src/engine/rewards/rejection';
import { C1, CASES, completionOf, scoreWith, workedExamples, workedOut } from './clinical';

interface Expected {
  readonly score: number;
  readonly per: Readonly<Record<string, number>>;
  readonly goldRejected: boolean;
}

describe('rejection', () => {
  it.each(workedExamples<Expected>('f'))('$note', ({ response, case: id, expected }) => {
    const { value, evidence } = scoreWith(rejection, response, CASES[id]!)!;
    expect(value).toBeCloseTo(expected.score, 4);
    expect(workedOut(evidence.arithmetic).computed).toBeCloseTo(value, 3);
    const perOption = evidence.items.filter(({ kind }) => kind !== 'gold-rejected');
    expect(Object.fromEntries(perOption.map((item) => [item.label[0], item.value]))).toEqual(expected.per);
    expect(evidence.items.some(({ kind }) => kind === 'gold-rejected')).toBe(expected.goldRejected);
    expect(evidence.counts).toEqual({
      rejected: Object.values(expected.per).filter((credit) => credit > 0).length,
      wrongOptions: Object.keys(expected.per).length,
    });
  });

  it('does not apply without a gold letter, or without a choice', () => {
    expect(scoreWith(rejection, completionOf('x'), { ...C1, answer: null })).toBeNull();
    expect(scoreWith(rejection, completionOf('x'), { ...C1, options: {} })).toBeNull();
    expect(scoreWith(rejection, completionOf('x'), { ...C1, options: { A: 'Ceftriaxone' } })).toBeNull();
  });

  const shown = (reasoning: string) => {
    const completion = completionOf(reasoning);
    return scoreWith(rejection, completion)!.evidence.items.map(
      ({ kind, label, reason, completion: said }) => [
        kind,
        label,
        reason,
        said && completion.slice(said.start, said.end),
      ],
    );
  };

  it('shows the sentence for each option and why it earns what it earns', () => {
    expect(
      shown(
        'Ceftriaxone it is. Gentamicin is unlikely.\r\nCiprofloxacin is wrong because resistance is widespread. ' +
          'Trimethoprim and chloramphenicol are incorrect.',
      ),
    ).toEqual([
      ['rejected', 'B Gentamicin', 'no reason: 0.5', 'Gentamicin is unlikely.'],
      [
        'rejected',
        'C Ciprofloxacin',
        'with an explanation',
        'Ciprofloxacin is wrong because resistance is widespread.',
      ],
      [
        'rejected',
        'D Trimethoprim',
        'no reason: 0.5; two options in one sentence: × 0.75',
        'Trimethoprim and chloramphenicol are incorrect.',
      ],
      [
        'rejected',
        'E Chloramphenicol',
        'no reason: 0.5; two options in one sentence: × 0.75',
        'Trimethoprim and chloramphenicol are incorrect.',
      ],
    ]);
  });

  it('tells mentioned from not mentioned', () => {
    expect(shown('Gentamicin is an option.').map(([kind, label]) => [kind, label])).toEqual([
      ['mentioned', 'B Gentamicin'],
      ['not-mentioned', 'C Ciprofloxacin'],
      ['not-mentioned', 'D Trimethoprim'],
      ['not-mentioned', 'E Chloramphenicol'],
    ]);
  });
});
