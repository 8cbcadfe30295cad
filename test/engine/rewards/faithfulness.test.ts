import { describe, expect, it } from 'vitest';
import { faithfulness } from '../../../src/engine/rewards/faithfulness';
import { CASES, completionOf, pointedAt, scoreWith, workedExamples, workedOut } from './clinical';

interface Expected {
  readonly score: number | null;
  readonly G?: number;
  readonly H?: number;
  /** `temp|40.2`, `concept|hemoptysis`, `contradiction|no fever`. */
  readonly bad?: readonly string[];
}

const ISSUES = ['unsupported', 'contradicted'];

describe('faithfulness', () => {
  it.each(workedExamples<Expected>('e'))('$note', ({ response, case: id, expected }) => {
    const result = scoreWith(faithfulness, response, CASES[id]!);
    if (expected.score === null) return expect(result).toBeNull();
    const { value, evidence } = result!;
    expect(value).toBeCloseTo(expected.score, 4);
    expect(workedOut(evidence.arithmetic).computed).toBeCloseTo(value, 6);
    const issues = evidence.items.filter(({ kind }) => ISSUES.includes(kind));
    expect(evidence.counts).toEqual({ supported: expected.G, violations: issues.length });
    expect(issues.reduce((sum, item) => sum + item.value, 0)).toBe(expected.H);
    expect(issues.map(({ kind, label }) => [kind, label])).toEqual(
      expected.bad!.map((key) => {
        const [about, what] = key.split('|') as [string, string];
        if (about === 'contradiction') return ['contradicted', what];
        if (about === 'concept') return ['unsupported', what];
        return [
          'unsupported',
          expect.stringContaining(about === 'temp' ? `temperature ${what}` : `${about} ${what}`),
        ];
      }),
    );
  });

  const reasonFor = (reasoning: string) => {
    const completion = completionOf(reasoning);
    const { evidence } = scoreWith(faithfulness, completion)!;
    return evidence.items
      .filter(({ kind }) => ISSUES.includes(kind))
      .map(({ kind, label, reason }) => `${kind}: ${label}: ${reason}`);
  };

  it.each([
    ['His temperature is 40.2 °C.', 'unsupported: temperature 40.2 °C: the case says 38.5°C'],
    ['This 45-year-old man has fever.', 'unsupported: age 45: the case says 21-year-old'],
    ['Blood pressure is 180/100 mm Hg.', 'unsupported: blood pressure 180/100: the case says 118/76'],
    ['His sodium is 128 mEq/L.', 'unsupported: sodium 128 mEq/L: not in the case'],
    ['He has photophobia.', 'unsupported: photophobia: not in the case'],
    ['The patient has a history of diabetes.', 'unsupported: diabetes: not in the case'],
    ['The patient has a cough.', 'contradicted: cough: the case denies it'],
    ['He denies dysuria.', 'contradicted: no dysuria: the case has it'],
    ['The patient has no leukocytosis.', 'contradicted: no leukocytosis: a value of the case amounts to it'],
    ['The mass measures 5 cm in this patient.', 'unsupported: 5 cm: not in the case'],
  ])('%s → %s', (reasoning, issue) => {
    expect(reasonFor(reasoning)).toEqual([issue]);
  });

  it.each([
    'Children with fever often have photophobia.',
    'The patient may have photophobia.',
    'His temperature is above 38 °C.',
    'His pulse is between 100 and 120/min.',
    'A temperature of about 39 °C.',
    'The normal sodium is 135 mEq/L.',
    'It is common in 45-year-old women.',
    'The dose is 250 mg for this patient.',
    'His temperature is 101.3 °F.',
    'The patient has joint swelling.',
  ])('no issue with: %s', (reasoning) => {
    expect(reasonFor(reasoning)).toEqual([]);
  });

  it('counts a violation once, however often it is said', () => {
    expect(reasonFor('He has photophobia. He also has photophobia. His photophobia is bad.')).toHaveLength(1);
  });

  it('points at the claim and at what the case says instead', () => {
    const completion = completionOf('Fever: “his temp is ４０.２ °C”; he has a cough.');
    const { evidence } = scoreWith(faithfulness, completion)!;
    expect(pointedAt(evidence, 'unsupported', completion)).toEqual([
      ['temperature ４０.２ °C', 'temp is ４０.２ °C', 'temperature is 38.5°C (101.3°F)'],
    ]);
    expect(pointedAt(evidence, 'contradicted', completion)).toEqual([['cough', 'cough', 'cough']]);
  });
});
