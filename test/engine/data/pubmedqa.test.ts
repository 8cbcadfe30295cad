import { describe, expect, it } from 'vitest';
import { SAMPLES } from './samples';
import { read, readRows } from './support';

const keyed = (decision?: unknown) => ({
  QUESTION: 'Does rest help?',
  CONTEXTS: ['We rested.', 'They did not.'],
  LABELS: ['METHODS', 'RESULTS'],
  MESHES: ['Rest'],
  YEAR: '2011',
  reasoning_required_pred: 'yes',
  reasoning_free_pred: 'maybe',
  ...(decision === undefined ? {} : { final_decision: decision }),
  LONG_ANSWER: 'Rest did not help at all.',
});

describe('PubMedQA', () => {
  it('is read from one object keyed by PubMed id', async () => {
    const text = JSON.stringify(
      { 21645374: keyed('yes'), 16418930: keyed('no'), 9488747: keyed('maybe') },
      null,
      4,
    );
    const { cases, summary } = await read(text, 'ori_pqal.json');
    expect(summary).toMatchObject({ layout: 'pubmedqa', container: 'json-object', rows: 3, badLines: 0 });
    // JavaScript's own order of such keys is ascending; the file has what JSON.stringify wrote.
    expect(cases.map(({ id, answer }) => [id, answer])).toEqual([
      ['9488747', 'C'],
      ['16418930', 'B'],
      ['21645374', 'A'],
    ]);
    expect(cases[0]).toEqual({
      id: '9488747',
      line: 2,
      question: 'We rested.\nThey did not.\nDoes rest help?',
      options: { A: 'yes', B: 'no', C: 'maybe' },
      answer: 'C',
      facets: { year: '2011' },
    });
  });

  it('is read from nested rows', async () => {
    const { cases } = await readRows([SAMPLES.pubmedqa]);
    expect(cases).toEqual([
      {
        id: '123',
        line: 1,
        question: 'We rested.\nThey did not.\nDoes rest help?',
        options: { A: 'yes', B: 'no', C: 'maybe' },
        answer: 'B',
      },
    ]);
  });

  it('is unlabelled without a decision', async () => {
    const { summary } = await readRows([keyed(), keyed(null), SAMPLES.pubmedqa]);
    expect([summary.rows, summary.unlabelled]).toEqual([3, 2]);
  });

  it.each([
    ['a decision of another word', keyed('perhaps'), 'answer-not-an-option'],
    ['a decision that is a number', keyed(1), 'final-decision-wrong-type'],
    ['contexts that are one text', { ...keyed('yes'), CONTEXTS: 'We rested.' }, 'contexts-wrong-type'],
    ['a question missing', { ...SAMPLES.pubmedqa, question: undefined }, 'question-missing'],
    ['contexts missing', { ...SAMPLES.pubmedqa, context: {} }, 'context-missing'],
  ])('calls a row with %s bad', async (_, row, kind) => {
    const { summary } = await readRows([SAMPLES.pubmedqa, row]);
    expect(summary.issues.map((issue) => issue.kind)).toContain(kind);
    expect(summary.rows).toBe(1);
  });
});
