import { describe, expect, it } from 'vitest';
import { DuplicateFinder } from '../../../src/engine/data/duplicates';
import type { ClinicalCase } from '../../../src/protocol';

function row(line: number, question: string, answer: string | null = 'A', id = String(line)): ClinicalCase {
  return { id, line, question, options: { A: 'Yes', B: 'No' }, answer };
}

describe('DuplicateFinder', () => {
  it('tells repeated questions, contradicting ones and repeated ids, with the first line', () => {
    const finder = new DuplicateFinder();
    expect(finder.check(row(1, 'Is it?'))).toEqual([]);
    expect(finder.check(row(2, 'Was it?'))).toEqual([]);
    expect(finder.check(row(3, ' is  IT?'))).toMatchObject([
      { kind: 'duplicate-question', message: expect.stringContaining('line 1') },
    ]);
    expect(finder.check(row(4, 'Was it?', 'B'))).toMatchObject([
      { kind: 'duplicate-question-other-answer', message: expect.stringContaining('line 2') },
    ]);
    expect(finder.check(row(5, 'New?', 'A', '1'))).toMatchObject([
      { kind: 'duplicate-id', message: expect.stringContaining('line 1') },
    ]);
  });

  it('compares the answers’ texts, not their letters', () => {
    const finder = new DuplicateFinder();
    finder.check(row(1, 'Is it?', 'A'));
    const swapped = { ...row(2, 'Is it?', 'B'), options: { A: 'No', B: 'Yes' } };
    expect(finder.check(swapped)).toMatchObject([{ kind: 'duplicate-question' }]);
  });

  it('takes the same question with other options for another case', () => {
    const finder = new DuplicateFinder();
    finder.check(row(1, 'Which is true?'));
    const other = { ...row(2, 'Which is true?'), options: { A: 'Yes', B: 'Perhaps' } };
    expect(finder.check(other)).toMatchObject([
      { kind: 'duplicate-question-other-options', message: expect.stringContaining('line 1') },
    ]);
  });

  it('does not call a row without a gold answer a contradiction', () => {
    const finder = new DuplicateFinder();
    finder.check(row(1, 'Is it?', null));
    expect(finder.check(row(2, 'Is it?', 'B'))).toMatchObject([{ kind: 'duplicate-question' }]);
  });

  it('compares the gold texts of open questions', () => {
    const open = (line: number, openAnswer: string): ClinicalCase => ({
      ...row(line, 'Which drug?', null),
      options: {},
      openAnswer,
    });
    const finder = new DuplicateFinder();
    finder.check(open(1, 'Ceftriaxone'));
    expect(finder.check(open(2, ' ceftriaxone '))).toMatchObject([{ kind: 'duplicate-question' }]);
    expect(finder.check(open(3, 'Doxycycline'))).toMatchObject([{ kind: 'duplicate-question-other-answer' }]);
  });

  it('tells options that read alike, by the first pair', () => {
    const twins = { ...row(1, 'Is it?'), options: { A: 'Yes', B: 'No', C: ' NO', D: 'no' } };
    expect(new DuplicateFinder().check(twins)).toEqual([
      { kind: 'duplicate-options', message: 'The options B and C have the same text.' },
    ]);
  });

  it('raises no false alarm in 200,000 similar questions', () => {
    const finder = new DuplicateFinder();
    let flags = 0;
    for (let i = 0; i < 200_000; i++)
      flags += finder.check(row(i, `Patient ${i} has fever. Which drug?`)).length;
    expect(flags).toBe(0);
  });
});
