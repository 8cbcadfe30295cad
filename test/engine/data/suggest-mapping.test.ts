import { describe, expect, it } from 'vitest';
import { suggestMapping } from '../../../src/engine/data/suggest-mapping';
import { SAMPLES } from './samples';

const texts = ['Aspirin', 'Heparin', 'Warfarin'];

/** Rows whose answers are given, with three options in a list. */
function withAnswers(answers: readonly unknown[], field = 'label') {
  return answers.map((answer) => ({ question: 'Which?', options: texts, [field]: answer }));
}

describe('suggestMapping', () => {
  it.each([
    ['numbers from 0', [0, 1, 2], 'zero-based'],
    ['numbers from 0 as texts', ['0', '1', '2'], 'zero-based'],
    ['numbers up to the count', [1, 3, 2], 'one-based'],
    ['letters', ['A', 'c', 'B'], 'letter'],
    ['letters in lists', [['A'], ['C']], 'letter'],
    ['the texts', ['heparin', 'Warfarin ', 'Aspirin'], 'text'],
  ])('tells %s', (_, answers, kind) => {
    expect(suggestMapping(withAnswers(answers))?.answer).toEqual({ field: 'label', kind });
  });

  it.each([
    ['numbers that may count from either', [1, 2, 1]],
    ['numbers that contradict', [0, 3, 1]],
    ['numbers beyond the options', [1, 2, 7]],
    ['explanations', ['Because it thins the blood.', 'No.', 'Yes.']],
    ['nothing', [null, null]],
  ])('guesses no answer from %s', (_, answers) => {
    expect(suggestMapping(withAnswers(answers))?.answer).toBeNull();
  });

  it('passes over a field named like an answer that is none', () => {
    const rows = [0, 1, 2].map((gold) => ({
      stem: 'Which?',
      choices: texts,
      answer: 'It thins the blood.',
      gold,
    }));
    expect(suggestMapping(rows)).toMatchObject({
      question: 'stem',
      answer: { field: 'gold', kind: 'zero-based' },
    });
  });

  it.each([
    ['A to C', ['A', 'B', 'C']],
    ['option_a and on', ['option_a', 'option_b']],
    ['Option A and on', ['Option A', 'Option B', 'Option C']],
    ['opa and on', ['opa', 'opb', 'opc', 'opd']],
    ['ending0 and on', ['ending0', 'ending1']],
    ['choice1 and on', ['choice1', 'choice2', 'choice3']],
  ])('finds options in fields %s', (_, fields) => {
    const row = { Prompt: 'Which?', ...Object.fromEntries(fields.map((field) => [field, `text ${field}`])) };
    expect(suggestMapping([row])).toMatchObject({ question: 'Prompt', options: { kind: 'fields', fields } });
  });

  it('takes a list under a name for options only if it holds options', () => {
    const row = { question: 'Which?', options: 'see below', A: 'x', B: 'y' };
    expect(suggestMapping([row])?.options).toEqual({ kind: 'fields', fields: ['A', 'B'] });
  });

  it('suggests an open question where there are no options', () => {
    const row = { query: 'Which?', 'Ground Truth': 'Vitamin C', qid: 4, specialty: 'nutrition' };
    expect(suggestMapping([row])).toEqual({
      question: 'query',
      options: { kind: 'none' },
      answer: { field: 'Ground Truth', kind: 'text' },
      id: 'qid',
      facets: ['specialty'],
    });
  });

  it('suggests nothing without a question', () => {
    expect(suggestMapping([{ a: 1, b: 2 }])).toBeNull();
    expect(suggestMapping([{ question: 'x' }, { a: 1 }, { a: 2 }])).toBeNull();
  });

  it('would read the published sets as their layouts do, where numbers leave nothing open', () => {
    expect(suggestMapping([SAMPLES.medqa!])).toMatchObject({
      question: 'question',
      options: { kind: 'field', field: 'options' },
      answer: { field: 'answer_idx', kind: 'letter' },
      facets: ['meta_info'],
    });
    expect(suggestMapping([SAMPLES.medmcqa!])).toMatchObject({
      answer: null,
      facets: ['subject_name', 'topic_name'],
    });
    expect(suggestMapping([SAMPLES['med-u1']!])).toMatchObject({
      question: 'problem',
      answer: { field: 'answer', kind: 'letter' },
    });
    expect(suggestMapping([SAMPLES['medical-o1']!])).toMatchObject({
      question: 'Open-ended Verifiable Question',
      options: { kind: 'none' },
      answer: { field: 'Ground-True Answer', kind: 'text' },
    });
  });
});
