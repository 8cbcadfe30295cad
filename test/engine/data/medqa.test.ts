import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readDataset } from '../../../src/engine/data/read';
import { bytesSource } from '../../../src/engine/files';
import { collectingSink, medqaRow, read, readChanged } from './support';

describe('a MedQA row', () => {
  it('becomes a case', async () => {
    const { cases } = await read(JSON.stringify(medqaRow(3)));
    expect(cases).toEqual([
      {
        id: '1',
        line: 1,
        question: medqaRow(3).question,
        options: medqaRow(3).options,
        answer: 'B',
        facets: { exam: 'step1' },
      },
    ]);
  });

  it.each([
    ['question absent', (row) => delete row.question, 'question-missing'],
    ['question a number', (row) => (row.question = 5), 'question-wrong-type'],
    ['question of blanks', (row) => (row.question = '  '), 'question-empty'],
    ['question too long', (row) => (row.question = 'x'.repeat(50_001)), 'question-too-long'],
    ['options absent', (row) => delete row.options, 'options-missing'],
    ['options a list', (row) => (row.options = ['a', 'b']), 'options-wrong-type'],
    ['options null', (row) => (row.options = null), 'options-wrong-type'],
    ['no options', (row) => (row.options = {}), 'option-count'],
    [
      'eleven options',
      (row) => (row.options = Object.fromEntries([...'ABCDEFGHIJK'].map((l) => [l, l]))),
      'option-count',
    ],
    ['an option of blanks', (row) => (row.options = { A: 'x', B: ' ' }), 'option-empty'],
    ['an option of marks', (row) => (row.options = { A: '\n"', B: 'y' }), 'option-empty'],
    ['an option too long', (row) => (row.options = { A: 'x'.repeat(5_001), B: 'y' }), 'option-too-long'],
    ['options from B on', (row) => (row.options = { B: 'x', C: 'y' }), 'option-letters'],
    ['lower-case option names', (row) => (row.options = { a: 'x', b: 'y' }), 'option-letters'],
    ['answer_idx absent', (row) => delete row.answer_idx, 'answer-idx-missing'],
    ['answer_idx a number', (row) => (row.answer_idx = 1), 'answer-idx-wrong-type'],
    ['answer_idx a word', (row) => (row.answer_idx = 'Pyelonephritis'), 'answer-not-an-option'],
    ['answer_idx empty', (row) => (row.answer_idx = ''), 'answer-not-an-option'],
    ['answer a number', (row) => (row.answer = 4), 'answer-wrong-type'],
    ['answer of another option', (row) => (row.answer = 'Cystitis'), 'answer-text-disagrees'],
    ['answer a prototype name', (row) => (row.answer_idx = 'constructor'), 'answer-not-an-option'],
  ] as [string, (row: Record<string, unknown>) => unknown, string][])('%s', async (_, change, kind) => {
    expect(await readChanged(change)).toBe(kind);
  });

  it.each([
    ['answer_idx null', (row) => (row.answer_idx = null), null],
    ['neither answer_idx nor answer', (row) => delete row.answer_idx && delete row.answer, null],
    ['no answer text', (row) => delete row.answer, 'B'],
    ['the answer’s text with the option’s junk', (row) => (row.answer = 'pyelonephritis\n"'), 'B'],
    ['more fields', (row) => (row.metamap_phrases = ['fever']), 'B'],
  ] as [string, (row: Record<string, unknown>) => unknown, string | null][])(
    '%s is read',
    async (_, change, answer) => {
      expect(await readChanged(change)).toMatchObject({ answer });
    },
  );

  it('keeps text after a line break inside an option', async () => {
    const row = await readChanged((changed) => {
      changed.options = { A: 'Fluids\nand insulin', B: 'Pyelonephritis' };
    });
    expect(row).toMatchObject({ options: { A: 'Fluids and insulin' } });
  });

  it('takes the row’s own id, if it is one', async () => {
    expect(await readChanged((row) => (row.id = 'q-7'))).toMatchObject({ id: 'q-7' });
    expect(await readChanged((row) => (row.id = 7))).toMatchObject({ id: '7' });
    expect(await readChanged((row) => (row.id = { a: 1 }))).toMatchObject({ id: '2' });
    expect(await readChanged((row) => (row.id = 'x'.repeat(500)))).toMatchObject({ id: '2' });
  });
});

const REAL = new URL('../../../../shared/datasets/', import.meta.url);
const FILES = [
  { file: 'medqa_dev_400.jsonl', rows: 400, strayQuotes: 23, lineBreaks: 16 },
  { file: 'medqa_test_100.jsonl', rows: 100, strayQuotes: 5, lineBreaks: 6 },
];

describe('real MedQA rows', () => {
  const present = FILES.filter(({ file }) => existsSync(new URL(file, REAL)));
  const missing = FILES.length - present.length;
  if (missing > 0)
    console.warn(`${missing} of ${FILES.length} real dataset files are not here: cases not run.`);

  it.skipIf(missing > 0).each(FILES)(
    '$file: all $rows rows',
    async ({ file, rows, strayQuotes, lineBreaks }) => {
      const { sink, cases } = collectingSink();
      const source = bytesSource(file, new Uint8Array(readFileSync(new URL(file, REAL))));
      const { summary } = await readDataset(source, { name: file, sink });
      console.log(file, {
        repairs: summary.repairs,
        issues: summary.issueCounts,
        answers: summary.answerCounts,
      });
      expect([summary.rows, summary.badLines, summary.unlabelled]).toEqual([rows, 0, 0]);
      expect(summary.layoutLabel).toBe('MedQA, 5 options');
      // Counted beforehand with another program: questions whose quotes are odd in number and that end
      // with one; rows with a line break in an option.
      expect(summary.repairs['question-stray-quote']).toBe(strayQuotes);
      expect(summary.repairs['option-line-break']).toBe(lineBreaks);
      for (const { question, options, answer } of cases) {
        expect(Object.keys(options)).toContain(answer);
        expect(question.endsWith('"') && question.split('"').length % 2 === 0).toBe(false);
        for (const text of Object.values(options)) expect(text).toMatch(/^\S(.*\S)?$/);
      }
    },
  );
});
