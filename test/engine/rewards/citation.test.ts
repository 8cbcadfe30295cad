import { describe, expect, it } from 'vitest';
import { citation } from '../../../src/engine/rewards/citation';
import { C1, CASES, completionOf, pointedAt, scoreWith, workedExamples, workedOut } from './clinical';

interface Expected {
  readonly score: number | null;
  readonly cited?: number;
  /** Key of a finding (`c:fever+`), and its credit. */
  readonly list?: readonly (readonly [string, number])[];
}

describe('citation', () => {
  it.each(workedExamples<Expected>('d'))('$note', ({ response, case: id, expected }) => {
    const result = scoreWith(citation, response, CASES[id]!);
    if (expected.score === null) return expect(result).toBeNull();
    const { value, evidence } = result!;
    expect(value).toBeCloseTo(expected.score, 3);
    const { computed, stated } = workedOut(evidence.arithmetic);
    expect(computed).toBeCloseTo(value, 2);
    expect(stated).toBeCloseTo(value, 3);
    if (expected.cited !== undefined) expect(evidence.counts.cited).toBe(expected.cited);
    const rounded = (credits: number[]) => credits.map((credit) => credit.toFixed(3)).sort();
    const credits = evidence.items.filter(({ kind }) => kind === 'cited').map((item) => item.value);
    if (expected.list !== undefined) {
      expect(rounded(credits)).toEqual(rounded(expected.list.map(([, credit]) => credit)));
    }
  });

  it('points at each finding in the completion and in the question', () => {
    const completion = completionOf(
      'His temperature of 38.5 °C and the swollen\r\n“right” knee suggest infection.',
    );
    const { evidence } = scoreWith(citation, completion)!;
    expect(pointedAt(evidence, 'cited', completion)).toEqual([
      ['temperature 38.5°C', 'temperature of 38.5 °C', 'temperature is 38.5°C (101.3°F)'],
      ['swelling', 'swollen', 'swollen'],
    ]);
    expect(evidence.spans.map(({ label }) => label)).toEqual(['cited', 'cited']);
    const missed = pointedAt(evidence, 'not-cited', completion).map(([label, , source]) => [label, source]);
    expect(missed).toContainEqual(['no cough', 'cough']);
    expect(missed).toContainEqual(['blood pressure 118/76', 'blood pressure is 118/76']);
  });

  it('points at copies, and says why they earn nothing', () => {
    const { evidence, value } = scoreWith(citation, completionOf(C1.question.slice(0, 120)))!;
    expect(value).toBe(0);
    expect(evidence.items).toContainEqual(
      expect.objectContaining({
        kind: 'copied',
        label: 'fever',
        reason: 'only in a sentence copied from the question',
      }),
    );
  });

  it('counts citations per 100 words', () => {
    // 2 findings in 8 words.
    const { evidence } = scoreWith(
      citation,
      completionOf('The patient has fever and dysuria, so infection.'),
    )!;
    expect(evidence.counts).toMatchObject({ cited: 2, findings: 14, citationsPer100Words: 25 });
  });

  it('says what made a citation worth less', () => {
    const list =
      'These findings suggest infection: fever, dysuria, knee pain, swelling, erythema, cough absent, leukocytosis, tachycardia.';
    const { evidence } = scoreWith(citation, completionOf(list))!;
    expect(evidence.items.find(({ label }) => label === 'no cough')).toMatchObject({
      value: expect.closeTo(0.75 * (3 / 8), 6),
      reason: 'weight 0.75, linked to an inference, 8 findings share the credit of 3',
    });
  });
});
