/** Evaluated cases by hand: a string of answers per case, gold letter A. */
import type { EvaluatedCase, EvaluatedSample } from '../../../src/protocol';

/** `A`, `B`, `C`: that letter; `-`: no box. */
export function sampleOf(answer: string, changes: Partial<EvaluatedSample> = {}): EvaluatedSample {
  const isValid = answer !== '-';
  const correct = answer === 'A';
  return {
    completion: isValid ? `\\boxed{${answer}}` : 'I do not know.',
    outcome: isValid ? 'valid' : 'no-box',
    answer: isValid ? answer : null,
    correct,
    tokens: 10,
    truncated: false,
    rewards: { accuracy: Number(correct) },
    reward: 10 * Number(correct),
    counts: {},
    ...changes,
  };
}

export function caseOf(
  index: number,
  answers: string,
  changes: Partial<EvaluatedCase['case']> = {},
): EvaluatedCase {
  return {
    index,
    case: {
      id: `case-${index}`,
      line: index + 1,
      question: `Question ${index}?`,
      options: { A: 'anaemia', B: 'flu', C: 'gout' },
      answer: 'A',
      ...changes,
    },
    prompt: `Question ${index}?`,
    promptTokens: 4,
    samples: [...answers].map((answer) => sampleOf(answer)),
  };
}

export const casesOf = (...answers: string[]): EvaluatedCase[] =>
  answers.map((each, index) => caseOf(index, each));
