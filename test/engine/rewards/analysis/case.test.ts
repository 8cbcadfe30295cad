import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileCase, compiledCase } from '../../../../src/engine/rewards/analysis/case';
import type { ScoredCase } from '../../../../src/protocol/scoring';
import { C1, C2, C3 } from '../clinical';

const findingsOf = (question: string) =>
  compileCase({ question, options: {} }).findings.map(({ label, weight }) => `${label}: ${weight}`);

describe('compileCase', () => {
  it('finds what a reader finds in the first example', () => {
    expect(findingsOf(C1.question)).toEqual([
      'age 21: 0.5',
      '3-day: 0.5',
      'temperature 38.5°C: 1',
      'pulse rate 104/min: 1',
      'blood pressure 118/76: 0.5',
      'leukocyte count 15,200/mm3: 1',
      'fever: 1',
      'dysuria: 1',
      'knee pain: 1',
      'no cough: 0.75',
      'swelling: 1',
      'erythema: 1',
      'gram negative: 1',
      'Joint fluid culture grows: 0.5',
    ]);
  });

  it('points into the question as it stands', () => {
    const question = 'He has “ｆｅｖｅｒ”,\r\na temperature of 39 °C, and jaw pain. What now?';
    const { findings } = compileCase({ question, options: {} });
    expect(findings.map(({ source }) => question.slice(source.start, source.end))).toEqual([
      'temperature of 39 °C',
      'ｆｅｖｅｒ',
      'jaw pain',
    ]);
  });

  it.each([
    ['His mother takes lithium.', ['family: lithium: 0.75']],
    ['His mother reports that he has vomiting.', ['vomiting: 1']],
    ['There is a family history of gout.', ['family history: 1', 'family: gout: 0.75']],
    [
      'Serum lipase is elevated. TSH level is normal.',
      ['high lipase: 1', 'normal thyroid stimulating hormone: 0.5'],
    ],
    ['An elevated LDL receptor binding.', ['elevated LDL receptor binding: 0.5']],
    ['Which of the following explains the fever?', []],
    ['What is the cause of fever.', []],
    ['Fever. Fever. No fever.', ['fever: 1', 'no fever: 0.75']],
    ['Biopsy shows caseating granulomas at the hilum.', ['caseating granulomas: 0.5']],
    ['Takes chlorpropamide.', []],
    ['Takes fluphenazine.', ['fluphenazine: 0.25']],
  ])('%s', (question, expected) => {
    expect(findingsOf(question)).toEqual(expected);
  });

  it('tells a vignette from a question', () => {
    expect([C1, C2, C3].map((scoredCase) => compileCase(scoredCase).isVignette)).toEqual([true, true, false]);
  });

  it('survives odd cases', () => {
    for (const question of ['', '?', '\ud800', '12', 'a\0b', ':::::']) {
      for (const options of [{}, { A: '' }, { A: '', B: '' }, { A: '"\n"', B: '😀' }]) {
        expect(compileCase({ question, options }).isVignette).toBe(false);
      }
    }
  });
});

describe('compiledCase', () => {
  it('compiles once per object, and once per content', () => {
    const compiled = compiledCase(C1);
    expect(compiledCase(C1)).toBe(compiled);
    expect(compiledCase({ ...C1, answer: null })).toBe(compiled);
    expect(compiledCase({ ...C1, options: {} })).not.toBe(compiled);
  });

  it('forgets the oldest content', () => {
    const compiled = compiledCase({ ...C1 });
    for (let k = 0; k < 64; k++) compiledCase({ ...C1, question: `${k}` });
    expect(compiledCase({ ...C1 })).not.toBe(compiled);
  });
});

const REAL = new URL('../../../../../shared/datasets/', import.meta.url);
const FILES = ['medqa_dev_400.jsonl', 'medqa_test_100.jsonl'];

describe('real MedQA vignettes', () => {
  const missing = FILES.filter((file) => !existsSync(new URL(file, REAL))).length;
  if (missing > 0)
    console.warn(`${missing} of ${FILES.length} real dataset files are not here: cases not run.`);

  it.skipIf(missing > 0)('apply in 98 of 100, with a median of 13 findings', () => {
    const rows = FILES.flatMap((file) =>
      readFileSync(new URL(file, REAL), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line): Pick<ScoredCase, 'question' | 'options'> => JSON.parse(line)),
    );
    const compiled = rows.map(compileCase);
    const counts = compiled.map(({ findings }) => findings.length).sort((a, b) => a - b);
    const share = compiled.filter(({ isVignette }) => isVignette).length / rows.length;
    const at = (quantile: number) => counts[Math.floor(quantile * rows.length)];
    console.log('applicable', share, 'findings p10, p50, p90', at(0.1), at(0.5), at(0.9));
    expect(share).toBeGreaterThan(0.97);
    expect(at(0.5)).toBe(13);
    for (const [index, { findings }] of compiled.entries()) {
      for (const { source, label } of findings) {
        expect(label.length).toBeGreaterThan(0);
        expect(rows[index]!.question.slice(source.start, source.end)).toMatch(/^\S(.*\S)?$/s);
      }
    }
  });
});
