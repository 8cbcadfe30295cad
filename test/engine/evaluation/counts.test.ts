import { describe, expect, it } from 'vitest';
import { countsOf, RESPONSE_COUNTS } from '../../../src/engine/evaluation/counts';
import { presetRewards, scoreCompletion } from '../../../src/engine/rewards';

const clinicalCase = {
  question:
    'A 45-year-old man has had fever, cough and chest pain for two days. His temperature is 38.9 C. ' +
    'What is the most likely diagnosis?',
  options: { A: 'Pneumonia', B: 'Gastritis', C: 'Migraine' },
  answer: 'A',
};

const completion =
  '<dx>The patient has fever and cough, which suggests pneumonia. Gastritis is unlikely because there is no ' +
  'epigastric pain related to meals. Wait, let me reconsider the chest pain again.</dx>' +
  '<conclusion>Fever and cough point to \\boxed{A}</conclusion>';

const scored = (text: string) =>
  scoreCompletion(
    { completion: text, case: clinicalCase, tags: 'dx', eos: '<|im_end|>', addOpeningTag: false },
    presetRewards('released'),
  );

describe('countsOf', () => {
  it('finds every count in the evidence of the objectives', () => {
    const counts = countsOf(scored(completion).evidence);
    expect(Object.keys(counts)).toEqual(RESPONSE_COUNTS.map(({ name }) => name));
    // Fever and cough are cited; gastritis is rejected, migraine is not mentioned; one turn back.
    expect(counts.cited).toBeGreaterThanOrEqual(2);
    expect(counts).toMatchObject({ rejected: 1, backtracking: 1, violations: 0 });
  });

  it('counts nothing in a one-liner, and leaves out what does not apply', () => {
    expect(countsOf(scored('\\boxed{A}').evidence)).toMatchObject({ cited: 0, rejected: 0, backtracking: 0 });
    expect(countsOf({ citation: null })).toEqual({});
  });
});
