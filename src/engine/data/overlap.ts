/**
 * What a test set shares with a training set, by the two usual measures of contamination: the same
 * question, and runs of 13 words in common (Brown et al. 2020, Language Models are Few-Shot
 * Learners, appendix C).
 *
 * A question is the same when it is equal but for case, spacing and Unicode form. Its words are the
 * maximal runs of letters and digits, in lower case; a row's share is that of its distinct
 * 13-grams that occur in any training question. Options and answers are not compared.
 *
 * Both sets are streamed. Grams are kept as 53-bit hashes, of the test set only and at most
 * `MAX_GRAMS` at a time (about 60 MB): a larger test set is worked through in blocks, each with a
 * pass of its own over the training set, so the result is the same and only the time grows.
 */
import { type ClinicalCase, type DatasetPart, type OverlapReport, StudioError } from '../../protocol';
import { normalized } from './clean';
import { hash53, join53, mix32 } from './hash';
import { excerpt } from './json';

const GRAM_WORDS = 13;
const MAX_GRAMS = 1_000_000;
const MAX_EXAMPLES = 50;
const PROGRESS_ROWS = 500;
const WORD = /[\p{L}\p{M}\p{N}]+/gu;

export interface CaseSet {
  readonly name: string;
  readonly part: DatasetPart;
  readonly count: number;
  /** 0 ≤ index < count. */
  at(index: number): Promise<ClinicalCase>;
}

interface OverlapOptions {
  /** Test rows done, of all; a row within a pass counts in part. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Looked at every 500 rows. */
  readonly signal?: { readonly aborted: boolean };
  /** Grams to keep at a time; for tests. */
  readonly maxGrams?: number;
}

/** @throws StudioError `overlap-cancelled`, and whatever reading the cases throws */
export async function overlap(
  train: CaseSet,
  test: CaseSet,
  { onProgress, signal, maxGrams = MAX_GRAMS }: OverlapOptions = {},
): Promise<OverlapReport> {
  const totals = { exact: 0, sharedAny: 0, sharedHalf: 0, tooShort: 0 };
  let examples: OverlapReport['examples'] = [];
  const pause = (done: number) => {
    if (signal?.aborted === true) throw cancelled(test.name, train.name);
    onProgress?.(Math.floor(done), test.count);
  };

  for (let next = 0; next < test.count; ) {
    const from = next;
    const block = new Block();
    while (next < test.count && block.size < maxGrams) {
      if (next % PROGRESS_ROWS === 0) pause(from);
      block.add(await test.at(next++));
    }
    for (let index = 0; index < train.count; index++) {
      if (index % PROGRESS_ROWS === 0) pause(from + ((next - from) * index) / train.count);
      block.see(await train.at(index));
    }
    const compared = block.compare();
    for (const { exact, share, tooShort } of compared) {
      if (exact) totals.exact++;
      if (tooShort) totals.tooShort++;
      else if (share > 0) totals.sharedAny++;
      if (!tooShort && share >= 0.5) totals.sharedHalf++;
    }
    const worst = compared
      .filter(({ share }) => share > 0)
      .map(({ testLine, trainLine, share, excerpt }) => ({ testLine, trainLine, share, excerpt }));
    examples = [...examples, ...worst]
      .sort((a, b) => b.share - a.share || a.testLine - b.testLine)
      .slice(0, MAX_EXAMPLES);
  }
  pause(test.count);
  const describe = ({ name, part, count }: CaseSet) => ({ name, part, rows: count });
  return { train: describe(train), test: describe(test), ...totals, examples };
}

interface TestRow {
  readonly line: number;
  readonly question: number;
  /** Of its distinct 13-grams. */
  readonly grams: readonly number[];
  readonly excerpt: string;
}

interface ComparedRow {
  readonly testLine: number;
  /** 0: none shares anything. */
  readonly trainLine: number;
  readonly exact: boolean;
  readonly tooShort: boolean;
  /** 1 for the same question. */
  readonly share: number;
  readonly excerpt: string;
}

/** Some test rows, and the first training line where each of their questions and grams was seen. */
class Block {
  readonly #rows: TestRow[] = [];
  /** Hash → training line; 0: not seen. */
  readonly #questions = new Map<number, number>();
  readonly #grams = new Map<number, number>();

  /** Grams kept. */
  get size(): number {
    return this.#grams.size;
  }

  add({ line, question }: ClinicalCase): void {
    const row = {
      line,
      question: hash53(normalized(question)),
      grams: [...new Set(gramsOf(question))],
      excerpt: excerpt(question),
    };
    this.#rows.push(row);
    this.#questions.set(row.question, 0);
    for (const gram of row.grams) this.#grams.set(gram, 0);
  }

  see({ line, question }: ClinicalCase): void {
    const mark = (seen: Map<number, number>, hash: number) => {
      if (seen.get(hash) === 0) seen.set(hash, line);
    };
    mark(this.#questions, hash53(normalized(question)));
    for (const gram of gramsOf(question)) mark(this.#grams, gram);
  }

  compare(): ComparedRow[] {
    return this.#rows.map(({ line, question, grams, excerpt }) => {
      const exactLine = this.#questions.get(question)!;
      const exact = exactLine !== 0;
      const lines = grams.map((gram) => this.#grams.get(gram)!).filter((seen) => seen !== 0);
      return {
        testLine: line,
        trainLine: exact ? exactLine : mostFrequent(lines),
        exact,
        tooShort: grams.length === 0,
        share: exact ? 1 : grams.length === 0 ? 0 : lines.length / grams.length,
        excerpt,
      };
    });
  }
}

/** Hashes of every run of 13 words; none for a shorter text. */
function gramsOf(text: string): number[] {
  const words = (text.normalize('NFKC').toLowerCase().match(WORD) ?? []).map(hash53);
  const grams: number[] = [];
  for (let start = 0; start + GRAM_WORDS <= words.length; start++) {
    let high = 0;
    let low = 0;
    for (let at = start; at < start + GRAM_WORDS; at++) {
      high = mix32(high ^ (words[at]! / 2 ** 32));
      low = mix32(low ^ words[at]!);
    }
    grams.push(join53(high, low));
  }
  return grams;
}

/** The number that occurs most often, of equals the smallest; 0 for none. */
function mostFrequent(numbers: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  let best = 0;
  for (const [number, count] of counts) {
    const most = counts.get(best) ?? 0;
    if (count > most || (count === most && number < best)) best = number;
  }
  return best;
}

function cancelled(test: string, train: string): StudioError {
  return new StudioError({
    boundary: 'data',
    code: 'overlap-cancelled',
    message: `Comparing ${test} with ${train} was cancelled.`,
    action: 'Compare them again when you like.',
  });
}
