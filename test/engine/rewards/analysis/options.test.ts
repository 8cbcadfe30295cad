import { describe, expect, it } from 'vitest';
import { findAnswerStatements } from '../../../../src/engine/rewards/analysis/answers';
import { compileCase } from '../../../../src/engine/rewards/analysis/case';
import { readPassage } from '../../../../src/engine/rewards/analysis/passage';
import { readReasoning } from '../../../../src/engine/rewards/analysis/reasoning';
import { readStances } from '../../../../src/engine/rewards/analysis/stances';

const CASE = compileCase({
  question: 'A man has a cough. Which is it?',
  options: {
    A: 'Acute myeloid leukemia',
    B: 'Chronic lymphocytic leukemia (CLL)',
    C: 'Aspirin',
    D: '12',
    E: 'Decreased activity of the enzyme that converts phenylalanine to tyrosine in the liver',
  },
});

describe('option mentions', () => {
  /** Letter and the words that mention it, sentence by sentence. */
  const mentions = (text: string) => {
    const { passage, sentences } = readReasoning(CASE, text);
    return sentences.flatMap(({ options }, sentence) =>
      options.map(
        ({ option, first, last }) =>
          `${sentence} ${CASE.options[option]!.letter}: ${passage.normalised.text.slice(
            passage.tokens[first]!.start,
            passage.tokens[last]!.end,
          )}`,
      ),
    );
  };

  it.each([
    ['Options B, C and (D) are wrong.', ['0 B: B', '0 C: C', '0 D: D']],
    ['Option A patient is ill. Option A is wrong.', ['1 A: A']],
    ['Choice **C** fits.', ['0 C: C']],
    ['(B) fits, B does not.', ['0 B: B']],
    ['A. First\n- C) third\nthen D. no', ['0 A: A', '1 C: C']],
    ['AML or CLL?', ['0 A: AML', '0 B: CLL']],
    ['Aspirins help.', ['0 C: Aspirins']],
    // Two of three words, one of them its own.
    ['A myeloid leukaemia.', ['0 A: myeloid leukaemia']],
    ['Leukemia.', []],
    ['It is 12.', []],
    [
      'The enzyme that converts phenylalanine to tyrosine has decreased activity.',
      ['0 E: enzyme that converts phenylalanine to tyrosine has decreased activity'],
    ],
    ['Phenylalanine in the liver.', []],
  ])('%s', (text, expected) => {
    expect(mentions(text)).toEqual(expected);
  });
});

describe('stances', () => {
  /** Letter → its stances. */
  const stances = (text: string) =>
    Object.fromEntries(
      readStances(CASE, readReasoning(CASE, text))
        .map((of, option) => [CASE.options[option]!.letter, of.map(({ stance }) => stance)] as const)
        .filter(([, of]) => of.length > 0),
    );

  it.each([
    ['Aspirin is unlikely.', { C: [-1] }],
    ['Aspirin is the most likely answer, not unlikely.', { C: [1] }],
    ['Aspirin is not the most likely.', { C: [-1] }],
    ['Aspirin supports it.', { C: [1] }],
    ['Aspirin exists.', { C: [0] }],
    ['Aspirin exists. It is unlikely. Rash.', { C: [0, -1] }],
    ['Aspirin exists. Rash. It is unlikely.', { C: [0] }],
    ['AML is the best answer rather than CLL.', { A: [1], B: [-1] }],
    ['AML is likely, but CLL is ruled out.', { A: [1], B: [-1] }],
    ['AML, CLL and aspirin are incorrect.', { A: [-1], B: [-1], C: [-1] }],
  ])('%s', (text, expected) => {
    expect(stances(text)).toEqual(expected);
  });
});

describe('answer statements', () => {
  const said = (text: string) => {
    const { stream, normalised, tokens } = readPassage(text);
    return findAnswerStatements(stream, CASE.letters).map(
      ({ letter, first, last }) =>
        `${letter}: ${normalised.text.slice(tokens[first]!.start, tokens[last]!.end)}`,
    );
  };

  it.each([
    ['The answer is B.', ['B: answer is B']],
    ['Answer: (B)', ['B: Answer: (B']],
    ['The answer is: **B**', ['B: answer is: **B']],
    ['the correct choice must be option C', ['C: choice must be option C']],
    [
      'The diagnosis is therefore A, so the answer would be D',
      ['A: diagnosis is therefore A', 'D: answer would be D'],
    ],
    ['The answer is most likely (E)', ['E: answer is most likely (E']],
    ["The answer is A's opposite. The answer is a cough. The answer is F.", []],
    ['answer B', []],
  ])('%s', (text, expected) => {
    expect(said(text)).toEqual(expected);
  });
});
