import { describe, expect, it } from 'vitest';
import { promptMessages } from '../../../src/engine/crpo/prompts';
import { SAMPLES } from './samples';
import { read, readRows } from './support';

const row = SAMPLES['medical-o1']!;
const QUESTION = 'Open-ended Verifiable Question';
const ANSWER = 'Ground-True Answer';

describe('an open question', () => {
  it('becomes a case without options, labelled by its text', async () => {
    const { cases, summary } = await read(JSON.stringify([row, { ...row, [QUESTION]: 'Other?' }], null, 1));
    expect(cases[0]).toEqual({
      id: '1',
      line: 2,
      question: 'Which vitamin prevents scurvy?',
      options: {},
      answer: null,
      openAnswer: 'Vitamin C',
    });
    expect(summary).toMatchObject({
      rows: 2,
      open: 2,
      unlabelled: 0,
      answerCounts: {},
      layoutLabel: 'medical-o1-verifiable-problem, open questions',
    });
  });

  it('is asked by the question, and told that the answer is words', async () => {
    const { cases } = await readRows([row]);
    const prompt = { tags: 'think', system: '', addOpeningTag: false, maxTokens: 100 } as const;
    const content =
      'Which vitamin prevents scurvy?\nThere are no options: put your answer into \\boxed{} in a few words.';
    expect(promptMessages(cases[0]!, prompt)).toEqual([{ role: 'user', content }]);
  });

  it.each([
    ['null', null],
    ['absent', undefined],
  ])('is unlabelled when its answer is %s', async (_, answer) => {
    const { cases, summary } = await readRows([{ ...row, [ANSWER]: answer }]);
    expect(cases[0]).not.toHaveProperty('openAnswer');
    expect([summary.unlabelled, summary.open]).toEqual([1, undefined]);
  });

  it.each([
    ['of blanks', ' ', 'answer-empty'],
    ['that is a list', ['Vitamin C'], 'ground-true-answer-wrong-type'],
    ['without end', 'x'.repeat(5_001), 'option-too-long'],
  ])('is bad with an answer %s', async (_, answer, kind) => {
    const { summary } = await readRows([row, { ...row, [QUESTION]: 'Other?', [ANSWER]: answer }]);
    expect(summary.issues.map((issue) => issue.kind)).toContain(kind);
  });

  it('gives way to the options of rehosts that carry both', async () => {
    const both = { ...row, question: 'Which?', options: { A: 'C', B: 'D' }, answer_idx: 'A' };
    expect((await readRows([both])).summary.layout).toBe('medqa');
  });
});
