import { describe, expect, it } from 'vitest';
import { cleanOption, cleanQuestion, normalized, type TextRepair } from '../../../src/engine/data/clean';

function clean(how: typeof cleanOption, raw: string): [string, TextRepair[]] {
  const repairs = new Set<TextRepair>();
  return [how(raw, repairs), [...repairs]];
}

describe('cleanQuestion', () => {
  it.each([
    ['Which drug?', 'Which drug?', []],
    ['  Which drug?\n', 'Which drug?', ['question-trimmed']],
    ['Which drug?"', 'Which drug?', ['question-stray-quote']],
    ['Which drug? "\n', 'Which drug?', ['question-trimmed', 'question-stray-quote']],
    ['She says "it hurts"', 'She says "it hurts"', []],
    ['She says "it hurts". Why?"', 'She says "it hurts". Why?', ['question-stray-quote']],
    ['a 5" nail, which "', 'a 5" nail, which "', []],
    ['Lab values:\nNa 139\nWhich?', 'Lab values:\nNa 139\nWhich?', []],
    ['"', '', ['question-stray-quote']],
    ['half \ud83e pair', 'half \ufffd pair', ['broken-surrogate']],
    ['whole 🩺 pair', 'whole 🩺 pair', []],
  ] as [string, string, TextRepair[]][])('%j', (raw, text, repairs) => {
    expect(clean(cleanQuestion, raw)).toEqual([text, repairs]);
  });
});

describe('cleanOption', () => {
  it.each([
    ['Heparin', 'Heparin', []],
    ['Heparin  ', 'Heparin', ['option-trimmed']],
    ['Diabetic retinopathy\n"', 'Diabetic retinopathy', ['option-line-break']],
    ['Diabetic retinopathy\r\n\r\n"', 'Diabetic retinopathy', ['option-line-break']],
    ['Fluids\nand insulin', 'Fluids and insulin', ['option-line-break']],
    ['Heparin"', 'Heparin', ['option-stray-quote']],
    ['"""I cannot say."""', '"I cannot say."', ['option-stray-quote']],
    ['"I cannot say."', '"I cannot say."', []],
    ['', '', []],
    ['\n"', '', ['option-trimmed', 'option-stray-quote']],
  ] as [string, string, TextRepair[]][])('%j', (raw, text, repairs) => {
    expect(clean(cleanOption, raw)).toEqual([text, repairs]);
  });
});

describe('normalized', () => {
  it('makes case, spacing and Unicode form equal', () => {
    expect(normalized(' Fever  of\n38℃ ')).toBe(normalized('fever of 38°C'));
    expect(normalized('e\u0301tat')).toBe(normalized('ÉTAT'));
    expect(normalized('fever')).not.toBe(normalized('fevers'));
  });
});
