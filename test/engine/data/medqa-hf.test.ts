import { describe, expect, it } from 'vitest';
import { SAMPLES } from './samples';
import { readRows } from './support';

const row = SAMPLES['medqa-hf']!;

describe('a row of sentences and endings', () => {
  it('becomes a case, its label counting from 0', async () => {
    const { cases } = await readRows([row, { ...row, id: 'x', sent2: '', label: 0 }]);
    expect(cases).toMatchObject([
      {
        id: 'train-7',
        question: 'A 40-year-old has flank pain. Which is the most likely diagnosis?',
        options: { A: 'Appendicitis', B: 'Pyelonephritis', C: 'Cystitis', D: 'Torsion' },
        answer: 'B',
      },
      { id: 'x', question: 'A 40-year-old has flank pain.', answer: 'A' },
    ]);
  });

  it.each([
    ['label −1', { label: -1 }, null],
    ['no label', { label: undefined }, null],
    ['a label as a text', { label: '3' }, 'D'],
    ['two endings', { ending2: undefined, ending3: undefined, label: 1 }, 'B'],
  ])('%s is read', async (_, change, answer) => {
    expect((await readRows([{ ...row, ...change }])).cases[0]).toMatchObject({ answer });
  });

  it.each([
    ['label 4', { label: 4 }, 'answer-not-an-option'],
    ['a label between', { label: 1.5 }, 'label-wrong-type'],
    ['a sentence missing', { sent1: undefined }, 'sent1-missing'],
    ['an ending that is a number', { ending1: 3 }, 'ending1-wrong-type'],
    ['one ending', { ending1: undefined }, 'ending1-missing'],
  ])('%s is not', async (_, change, kind) => {
    const { summary } = await readRows([row, { ...row, sent1: 'Other?', ...change }]);
    expect(summary.issues.map((issue) => issue.kind)).toContain(kind);
    expect(summary.rows).toBe(1);
  });
});
