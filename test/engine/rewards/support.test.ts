import { describe, expect, it } from 'vitest';
import { support } from '../../../src/engine/rewards/support';
import { C1, CASES, completionOf, pointedAt, scoreWith, workedExamples, workedOut } from './clinical';

interface Expected {
  readonly score: number;
  readonly g2: number;
  readonly g3: number;
  readonly g4: number;
  readonly claims: number;
}

describe('support', () => {
  it.each(workedExamples<Expected>('g'))('$note', ({ response, case: id, expected }) => {
    const { value, evidence } = scoreWith(support, response, CASES[id]!)!;
    expect(value).toBeCloseTo(expected.score, 4);
    expect(workedOut(evidence.arithmetic).computed).toBeCloseTo(value, 6);
    expect(evidence.counts.claims).toBe(expected.claims);
    const part = (kind: string) => evidence.items.find((item) => item.kind === kind)?.value ?? 0;
    expect([part('considered'), part('concluded')]).toEqual([expected.g2, expected.g4]);
    expect(evidence.counts.supportedClaims).toBe(expected.g3 * expected.claims);
  });

  it('points at each claim in the conclusion, behind a box too', () => {
    const completion = completionOf('Fever suggests ceftriaxone.', '\\boxed{A}: fever of 41 °C, rash.');
    const { evidence } = scoreWith(support, completion)!;
    expect(pointedAt(evidence, 'supported', completion)).toEqual([['fever', 'fever', 'fever']]);
    expect(pointedAt(evidence, 'unsupported', completion)).toEqual([
      ['rash', 'rash', undefined],
      ['41 °C', '41 °C', undefined],
    ]);
  });

  it.each([
    ['Ceftriaxone is best. The answer is (B).', 'the reasoning says B last'],
    [
      'Gentamicin is the most likely. Gentamicin is best answer. Ceftriaxone.',
      'the reasoning speaks more often for B',
    ],
    [
      'Ceftriaxone is wrong. Ceftriaxone is unlikely. Ceftriaxone is the best answer.',
      'the reasoning speaks against it more often than for it',
    ],
    ['Ceftriaxone. The answer is A.', 'the reasoning says so'],
  ])('%s → %s', (reasoning, reason) => {
    const { evidence } = scoreWith(support, completionOf(reasoning, 'Fever. \\boxed{A}'))!;
    expect(evidence.items.find(({ kind }) => kind === 'concluded')?.reason).toBe(reason);
  });

  it('checks only the claims of an open question', () => {
    const open = { ...C1, options: {}, answer: null, openAnswer: 'Ceftriaxone' };
    // Of fever and rash, the reasoning has fever.
    const completion = completionOf('Fever is present.', 'Fever and rash.');
    expect(scoreWith(support, completion, open)).toMatchObject({
      value: 0.5,
      evidence: { rule: 'claims-only', arithmetic: '1 / 2 = 0.5' },
    });
    expect(scoreWith(support, '<dx>Fever.</dx>', open)?.value).toBe(0);
  });
});
