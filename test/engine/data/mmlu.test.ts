import { describe, expect, it } from 'vitest';
import { SAMPLES } from './samples';
import { read, readRows } from './support';

const row = SAMPLES.mmlu!;

describe('MMLU', () => {
  it.each([
    ['a number from 0', 3, 'D'],
    ['a letter', 'C', 'C'],
    ['a number as a text', '0', 'A'],
    ['nothing', null, null],
  ])('takes %s as the answer', async (_, answer, letter) => {
    const { cases } = await readRows([{ ...row, answer }]);
    expect(cases[0]).toEqual({
      id: '1',
      line: 1,
      question: 'Which vitamin prevents scurvy?',
      options: { A: 'A', B: 'C', C: 'D', D: 'K' },
      answer: letter,
      facets: { subject: 'nutrition' },
    });
  });

  it.each([
    ['4', 4, 'answer-not-an-option'],
    ['a letter beyond', 'E', 'answer-not-an-option'],
    ['a list', [1], 'answer-wrong-type'],
  ])('calls the answer %s bad', async (_, answer, kind) => {
    const { summary } = await readRows([row, { ...row, question: 'Other?', answer }]);
    expect(summary.issues.map((issue) => issue.kind)).toContain(kind);
  });

  it('is read from its tables, which name no columns', async () => {
    const csv = [
      '"What, then, is shown?\nNa 139",one,"two ""II""",three,four,B',
      'Which?,1,2,3,4,D',
      'Cut off,1,2',
    ].join('\n');
    const { cases, summary } = await read(csv, 'anatomy_test.csv');
    expect(summary).toMatchObject({ layout: 'mmlu', container: 'csv', rows: 2, badLines: 1 });
    expect(cases).toEqual([
      {
        id: '1',
        line: 1,
        question: 'What, then, is shown?\nNa 139',
        options: { A: 'one', B: 'two "II"', C: 'three', D: 'four' },
        answer: 'B',
      },
      { id: '2', line: 3, question: 'Which?', options: { A: '1', B: '2', C: '3', D: '4' }, answer: 'D' },
    ]);
    expect(summary.issues[0]).toMatchObject({ line: 4, kind: 'field-count' });
  });

  it('is read from a table with those columns named', async () => {
    const { cases } = await read('id\tquestion\tA\tB\tC\tD\tanswer\nq7\tWhich?\t1\t2\t3\t4\tD\n', 'x.tsv');
    expect(cases).toMatchObject([{ id: 'q7', line: 2, answer: 'D', options: { A: '1', D: '4' } }]);
  });
});
