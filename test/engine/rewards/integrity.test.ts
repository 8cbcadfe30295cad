import { describe, expect, it } from 'vitest';
import { integrity } from '../../../src/engine/rewards/integrity';
import { C1, CASES, completionOf, scoreWith, workedExamples, workedOut } from './clinical';

type Expected = Readonly<Record<string, number>> & { readonly gate: number };

/** Names of the specification → kinds. */
const KINDS: Readonly<Record<string, string>> = {
  repetition: 'repetition',
  dupSentences: 'duplicate-sentences',
  copying: 'copying',
  empty: 'too-little-content',
  leak: 'early-answer',
  tagStuffing: 'repeated-tags',
  boxInReasoning: 'box-in-reasoning',
  multiAnswer: 'several-answers',
  invisible: 'invisible-characters',
  overlong: 'over-length',
};

describe('integrity', () => {
  it.each(workedExamples<Expected>('i'))('$note', ({ response, case: id, options, expected }) => {
    const { tokens, maxTokens } = options;
    const settings =
      tokens === undefined || maxTokens === undefined ? {} : { length: { tokens, limit: maxTokens } };
    const { value, evidence } = scoreWith(integrity, response, CASES[id]!, settings)!;
    expect(value).toBeCloseTo(expected.gate, 6);
    expect(workedOut(evidence.arithmetic).computed).toBeCloseTo(value, 6);
    const { gate: _, ...penalties } = expected;
    expect(Object.fromEntries(evidence.items.map((item) => [item.kind, item.value]))).toMatchObject(
      Object.fromEntries(Object.entries(penalties).map(([name, penalty]) => [KINDS[name], penalty])),
    );
    expect(evidence.counts.penalties).toBe(evidence.items.length);
  });

  const penaltyOf = (kind: string, completion: string, settings = {}) =>
    scoreWith(integrity, completion, C1, settings)!.evidence.items.find((item) => item.kind === kind);

  it('measures repetition by four-word runs from forty words on', () => {
    // 12 times the same 4 words: 48 words have 45 runs, 4 of them different: 1 - 4/45 > 0.6.
    expect(penaltyOf('repetition', completionOf('one two three four '.repeat(12)))?.value).toBe(1);
    expect(penaltyOf('repetition', completionOf('one two three four '.repeat(9)))).toBeUndefined();
  });

  it('counts content words between 10 and 30', () => {
    const words = (count: number) =>
      Array.from({ length: count }, (_, index) => `w${'x'.repeat(index + 1)}`).join(' ');
    expect(penaltyOf('too-little-content', completionOf(words(10)))?.value).toBe(1);
    expect(penaltyOf('too-little-content', completionOf(words(15)))?.value).toBe(0.75);
    expect(penaltyOf('too-little-content', completionOf(words(30)))).toBeUndefined();
  });

  it.each([
    ['early-answer', 'A: \\boxed{A} <dx>x</dx>', 1, 'A: \\boxed{A} '],
    ['early-answer', 'The answer is B <dx>x</dx>', 1, 'The answer is B '],
    ['early-answer', '<dx>Ok. The answer\nis: **B**. Fever. Cough.</dx>', 0, undefined], // a line feed ends a sentence
    ['early-answer', '<dx>Ok. The answer is: **B**. Fever. Cough.</dx>', 0.5, 'answer is: **B'],
    ['early-answer', '<dx>Ok. Fever. Cough. The answer is B.</dx>', 0, undefined],
    ['box-in-reasoning', '<dx>so \\boxed{A}</dx>', 1, '\\boxed'],
    ['several-answers', completionOf('x', 'The answer is A. No, the answer is (C).'), 1, 'answer is (C'],
    ['several-answers', completionOf('x', 'The answer is A. Indeed the answer is A.'), 0, undefined],
    ['repeated-tags', '<dx>x</dx></dx>', 0.5, undefined],
    ['invisible-characters', completionOf('a\u200bb\u202ec'), 0, undefined],
    ['invisible-characters', completionOf('a\u200bb\u202ec\ue000'), 1, undefined],
  ])('%s of %j is %d', (kind, completion, value, said) => {
    const item = penaltyOf(kind, completion);
    expect(item?.value ?? 0).toBe(value);
    const at = item?.completion;
    expect(at && completion.slice(at.start, at.end)).toBe(said);
  });

  it('takes length from 80 % of the limit on', () => {
    const over = (tokens: number) =>
      penaltyOf('over-length', completionOf('x'), { length: { tokens, limit: 1000 } });
    expect([over(800)?.value, over(900)?.value, over(1000)?.value, over(2000)?.value]).toEqual([
      undefined,
      0.5,
      1,
      1,
    ]);
  });
});
