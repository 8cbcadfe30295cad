import { describe, expect, it } from 'vitest';
import {
  accuracy,
  extractAnswer,
  extractOpenAnswer,
  normalizedAnswer,
} from '../../../src/engine/rewards/accuracy';
import { prepareResponse } from '../../../src/engine/rewards/response';
import { scoring } from './fixtures';

const settings = { tags: 'think', eos: '<eos>', addOpeningTag: false } as const;
const scored = (completion: string, answer: string | null = 'A') =>
  accuracy.score(prepareResponse(completion, settings), { ...scoring('').case, answer });

describe('accuracy', () => {
  it('does not apply without a gold letter', () => {
    expect(scored('\\boxed{A}', null)).toBeNull();
  });

  it.each([
    ['\\boxed{A}', 1, 'correct'],
    ['\\boxed{B}', 0, 'wrong'],
    ['A', 0, 'no-box'],
    ['\\boxed{ A}', -0.5, 'not-a-letter'],
    ['\\boxed{Α}', -0.5, 'not-a-letter'], // a Greek capital alpha
    ['\\boxed{A\n}', -1, 'box-not-closed'],
    ['\\boxed and \\boxed{A}', -2, 'several-boxes'],
  ])('%j earns %d: %s', (completion, value, rule) => {
    expect(scored(completion)).toMatchObject({ value, evidence: { rule } });
  });

  it('has no lower bound', () => {
    expect(scored('\\boxed{A}'.repeat(500))?.value).toBe(-500);
  });

  it('points at the box in the completion as it came', () => {
    const completion = '  \nso \\boxed{A}, done <eos>';
    const { start, end } = scored(completion)!.evidence.spans[0]!;
    expect(completion.slice(start, end)).toBe('\\boxed{A}');
  });

  it('counts every box and shows the first fifty', () => {
    const { counts, spans } = scored('\\boxed '.repeat(80))!.evidence;
    expect(counts.boxes).toBe(80);
    expect(spans).toHaveLength(50);
  });
});

describe('an open question', () => {
  const open = (completion: string, openAnswer: string) =>
    accuracy.score(prepareResponse(completion, settings), {
      question: 'Which deficiency?',
      options: {},
      answer: null,
      openAnswer,
    });

  it.each([
    ['\\boxed{Iron deficiency}', 'Iron-deficiency', 1, 'correct-text'],
    ['\\boxed{the IRON deficiency.}', 'iron deficiency', 1, 'correct-text'],
    ['\\boxed{\\text{Iron deficiency}}', 'iron deficiency', 1, 'correct-text'],
    ['\\boxed{ﬁbrosis}', 'fibrosis', 1, 'correct-text'], // the ligature is one character
    ['\\boxed{38.5 mg}', '38.5 mg', 1, 'correct-text'],
    ['\\boxed{385 mg}', '38.5 mg', 0, 'wrong-text'],
    ['\\boxed{copper deficiency}', 'iron deficiency', 0, 'wrong-text'],
    ['\\boxed{A}', 'iron deficiency', 0, 'wrong-text'],
    ['\\boxed{}', '...', 0, 'wrong-text'], // nothing equals nothing, but is no answer
    ['iron deficiency', 'iron deficiency', 0, 'no-box'],
    ['\\boxed{iron} \\boxed{iron}', 'iron', -2, 'several-boxes'],
    ['\\boxed{iron', 'iron', -1, 'box-not-closed'],
  ])('%j against %j earns %d: %s', (completion, gold, value, rule) => {
    expect(open(completion, gold)).toMatchObject({ value, evidence: { rule } });
  });

  it('is read as its normalised text', () => {
    expect(extractOpenAnswer('so \\boxed{The Iron-Deficiency}', settings)).toBe('iron deficiency');
    for (const none of ['iron', '\\boxed{}', '\\boxed{ . }', '\\boxed{a}\\boxed{b}'])
      expect(extractOpenAnswer(none, settings)).toBeNull();
  });

  it('normalises what is normalised to itself', () => {
    for (const text of ['A 3.5/4 (of the) β-blocker', '<5%', 'ÅNGSTRÖM', '...', '1,000 mg/dL']) {
      const once = normalizedAnswer(text);
      expect(normalizedAnswer(once)).toBe(once);
    }
  });
});

describe('extractAnswer', () => {
  it('is the letter of the only box', () => {
    expect(extractAnswer('so \\boxed{C}<eos>\\boxed{D}', settings)).toBe('C');
  });

  it.each(['', 'C', '\\boxed{}', '\\boxed{c}', '\\boxed C', '\\boxed{C}\\boxed{C}', '\\boxed{CD}'])(
    'is null for %j',
    (completion) => {
      expect(extractAnswer(completion, settings)).toBeNull();
    },
  );
});
