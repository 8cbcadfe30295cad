import { describe, expect, it } from 'vitest';
import { SAMPLES } from './samples';
import { readRows } from './support';

const row = SAMPLES['med-u1']!;

describe('a Med-U1 row', () => {
  it('becomes a case, its options under either name', async () => {
    const { choices, ...rest } = row;
    const { cases } = await readRows([
      row,
      { ...rest, problem: 'Which other?', options: choices, answer: 'a' },
    ]);
    expect(cases).toEqual([
      {
        id: '1',
        line: 1,
        question: 'Which drug?',
        options: { A: 'Aspirin', B: 'Heparin' },
        answer: 'B',
        facets: { source: 'medqa' },
      },
      {
        id: '2',
        line: 2,
        question: 'Which other?',
        options: { A: 'Aspirin', B: 'Heparin' },
        answer: 'A',
        facets: { source: 'medqa' },
      },
    ]);
  });

  it.each([
    ['no answer', { answer: undefined }, null],
    ['a list of choices', { choices: ['Aspirin', 'Heparin'] }, 'B'],
  ])('is read with %s', async (_, change, answer) => {
    expect((await readRows([{ ...row, ...change }])).cases[0]).toMatchObject({ answer });
  });

  it.each([
    ['a number as answer', { answer: 1 }, 'answer-wrong-type'],
    ['choices that are a text', { choices: 'A or B' }, 'choices-wrong-type'],
  ])('is bad with %s', async (_, change, kind) => {
    const { summary } = await readRows([row, { ...row, problem: 'Other?', ...change }]);
    expect(summary.issues.map((issue) => issue.kind)).toContain(kind);
  });
});
