import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CaseSet, overlap } from '../../../src/engine/data/overlap';
import type { ClinicalCase } from '../../../src/protocol';
import { failureOf } from './support';

function setOf(name: string, questions: readonly string[]): CaseSet {
  const cases = questions.map(
    (question, index): ClinicalCase => ({
      id: String(index),
      line: index + 1,
      question,
      options: { A: 'Yes', B: 'No' },
      answer: 'A',
    }),
  );
  return { name, part: 'all', count: cases.length, at: async (index) => cases[index]! };
}

/** `from` … `to`, as words. */
const words = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `w${from + i}`).join(' ');

/** The definition, over sets of strings. */
function reference(train: readonly string[], test: readonly string[]) {
  const wordsOf = (text: string) =>
    text
      .toLowerCase()
      .split(/[^a-z0-9]+/)
      .filter((word) => word !== '');
  const gramsOf = (text: string) => {
    const all = wordsOf(text);
    return new Set(all.slice(12).map((_, start) => all.slice(start, start + 13).join(' ')));
  };
  const plain = (text: string) => text.toLowerCase().trim().replace(/\s+/g, ' ');
  const trained = new Set(train.flatMap((text) => [...gramsOf(text)]));
  const questions = new Set(train.map(plain));
  const counts = { exact: 0, sharedAny: 0, sharedHalf: 0, tooShort: 0 };
  for (const text of test) {
    const grams = [...gramsOf(text)];
    const shared = grams.filter((gram) => trained.has(gram)).length;
    if (questions.has(plain(text))) counts.exact++;
    if (grams.length === 0) counts.tooShort++;
    if (shared > 0) counts.sharedAny++;
    if (shared > 0 && 2 * shared >= grams.length) counts.sharedHalf++;
  }
  return counts;
}

describe('overlap', () => {
  it('counts equal questions, shared 13-grams and what is too short, with the worst first', async () => {
    // w1 … w20 has 8 grams, beginning with w1 … w8. Of w5 … w24 (8 grams, from w5 on) the first four
    // are in it; of w8 … w27 only the first; of w9 … w28 none.
    const train = setOf('train', [words(1, 20), 'Which drug?']);
    const test = setOf('test', [
      words(5, 24),
      words(8, 27),
      words(9, 28),
      `  ${words(1, 20).toUpperCase()} `,
      'which  DRUG?',
      'Which dose?',
    ]);
    const report = await overlap(train, test);
    expect(report).toMatchObject({ exact: 2, sharedAny: 3, sharedHalf: 2, tooShort: 2 });
    expect(report.train).toEqual({ name: 'train', part: 'all', rows: 2 });
    expect(report.test).toEqual({ name: 'test', part: 'all', rows: 6 });
    expect(report.examples.map(({ testLine, trainLine, share }) => [testLine, trainLine, share])).toEqual([
      [4, 1, 1],
      [5, 2, 1],
      [1, 1, 4 / 8],
      [2, 1, 1 / 8],
    ]);
    expect(report.examples[2]!.excerpt).toBe(words(5, 24));
  });

  it('reads words and numbers through punctuation, case and Unicode form', async () => {
    const plain = 'a 38 5 degree fever and café au lait spots for 3 days in this 45 year old man';
    const marked = 'A 38.5 DEGREE fever — and cafe\u0301-au-lait spots, for 3 days; in this 45-year-old man!';
    expect(await overlap(setOf('a', [plain]), setOf('b', [marked]))).toMatchObject({
      exact: 0,
      sharedHalf: 1,
    });
  });

  it('names the training line that has most of the shared grams', async () => {
    const train = setOf('train', [words(1, 13), words(50, 80), words(2, 20)]);
    const { examples } = await overlap(train, setOf('test', [words(1, 20)]));
    // Line 1 has the gram at w1; line 3 those at w2 … w8.
    expect(examples).toMatchObject([{ trainLine: 3, share: 1 }]);
  });

  it('lists fifty examples at most', async () => {
    const many = Array.from({ length: 70 }, (_, i) => `Question ${i}?`);
    const report = await overlap(setOf('train', many), setOf('test', many));
    expect([report.exact, report.examples.length]).toEqual([70, 50]);
  });

  it('agrees with sets of strings, whatever is kept at a time', async () => {
    // Ten words make repeated grams likely; texts of up to 40 of them share many.
    const text = fc
      .array(fc.integer({ min: 0, max: 1 }), { maxLength: 40 })
      .map((picks) => picks.map((pick, index) => `v${(pick + index) % 10}`).join(index(picks)));
    const texts = fc.array(text, { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(texts, texts, fc.integer({ min: 1, max: 40 }), async (train, test, maxGrams) => {
        const whole = await overlap(setOf('train', train), setOf('test', test));
        expect(whole).toMatchObject(reference(train, test));
        const inBlocks = await overlap(setOf('train', train), setOf('test', test), { maxGrams });
        expect(inBlocks).toEqual(whole);
      }),
      { seed: 20261122, numRuns: 300 },
    );
  });

  it('tells how far it is, and stops when asked to', async () => {
    const set = setOf(
      'cases',
      Array.from({ length: 1_200 }, (_, i) => words(i, i + 13)),
    );
    const told: number[] = [];
    // Two passes: 600 test rows of 2 grams each, half of them new, fill a block.
    await overlap(set, set, { maxGrams: 601, onProgress: (done) => told.push(done) });
    expect(told.at(-1)).toBe(1_200);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(new Set(told).size).toBeGreaterThan(4);
    const signal = { aborted: false };
    const stopping = overlap(set, set, { signal, onProgress: (done) => (signal.aborted = done > 300) });
    expect((await failureOf(stopping)).record).toMatchObject({ boundary: 'data', code: 'overlap-cancelled' });
  });

  it('has nothing to say of empty sets', async () => {
    const none = setOf('none', []);
    const one = setOf('one', [words(1, 20)]);
    expect(await overlap(none, one)).toMatchObject({ exact: 0, sharedAny: 0, tooShort: 0, examples: [] });
    expect(await overlap(one, none)).toMatchObject({ exact: 0, sharedAny: 0, tooShort: 0, examples: [] });
  });
});

/** Separators that vary with the text, so that equal words are not always equal texts. */
function index(picks: readonly number[]): string {
  return picks.length % 3 === 0 ? ', ' : ' ';
}
