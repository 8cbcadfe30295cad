import { describe, expect, it } from 'vitest';
import { SAMPLES } from './samples';
import { readRows } from './support';

const row = SAMPLES.medxpertqa!;
const change = async (fields: object) => (await readRows([{ ...row, ...fields }])).cases[0];

describe('a MedXpertQA row', () => {
  it('becomes a case without the options that its question repeats', async () => {
    expect(await change({})).toEqual({
      id: 'Text-3',
      line: 1,
      question: 'Which nerve is injured?',
      options: { A: 'Radial', B: 'Ulnar', C: 'Median' },
      answer: 'B',
      facets: { task: 'Diagnosis', system: 'Nervous', type: 'Reasoning' },
    });
  });

  it('keeps a question that has no such end, or only speaks of it', async () => {
    for (const question of [
      'Which nerve is injured?',
      'Answer Choices: which is it?',
      'What do Answer Choices: mean?',
    ]) {
      expect(await change({ question })).toMatchObject({ question });
    }
    const twice = 'He reads "Answer Choices: (A) x" aloud. Why?\nAnswer Choices: (A) Radial (B) Ulnar';
    expect(await change({ question: twice })).toMatchObject({
      question: 'He reads "Answer Choices: (A) x" aloud. Why?',
    });
  });

  it('is read in the form with lists', async () => {
    const options = ['Radial', 'Ulnar', 'Median'].map((content, index) => ({
      letter: 'ABC'[index],
      content,
    }));
    expect(await change({ options, label: ['C'] })).toMatchObject({
      options: { A: 'Radial', B: 'Ulnar', C: 'Median' },
      answer: 'C',
    });
  });

  it('may have ten options', async () => {
    const options = Object.fromEntries([...'ABCDEFGHIJ'].map((letter) => [letter, `Nerve ${letter}`]));
    expect(await change({ options, label: 'J' })).toMatchObject({ answer: 'J' });
  });

  it('is flagged when it comes with images', async () => {
    const flags = async (images: unknown) =>
      (await readRows([{ ...row, images }])).summary.issueCounts['refers-to-image'] ?? 0;
    expect([await flags(['a.jpeg']), await flags([]), await flags(undefined)]).toEqual([1, 0, 0]);
  });

  it.each([
    ['two labels', { label: ['A', 'B'] }, 'label-wrong-type'],
    ['a label beyond the options', { label: 'D' }, 'answer-not-an-option'],
    [
      'an option without content',
      { options: [{ letter: 'A' }, { letter: 'B', content: 'x' }] },
      'options-wrong-type',
    ],
  ])('is bad with %s', async (_, fields, kind) => {
    const { summary } = await readRows([row, { ...row, question: 'Other?', ...fields }]);
    expect(summary.issues.map((issue) => issue.kind)).toContain(kind);
  });

  it('is unlabelled with a label of null', async () => {
    expect(await change({ label: null })).toMatchObject({ answer: null });
  });
});
