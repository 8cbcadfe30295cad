/**
 * Finds repeated questions, ids and options while rows stream by.
 *
 * Two rows are the same case when question and options agree, in whatever order the options stand;
 * the same question put with other options is another case. The same case twice with different
 * gold answers is a contradiction: nothing in the file tells which is right, so a split keeps both
 * out of training and testing, the first one too (`split.ts`). Here rows are only flagged.
 *
 * Only 53-bit hashes are kept, and at most `MAX_TRACKED` of them: a false alarm is possible, with
 * odds below one in ten thousand at a million rows, and rows beyond the limit are counted as not
 * checked.
 */
import type { ClinicalCase } from '../../protocol';
import { normalized } from './clean';
import { hash53, join53, mix32 } from './hash';

const MAX_TRACKED = 1_000_000;

interface DuplicateFlag {
  readonly kind:
    | 'duplicate-question'
    | 'duplicate-question-other-answer'
    | 'duplicate-question-other-options'
    | 'duplicate-options'
    | 'duplicate-id'
    | 'duplicates-not-checked';
  readonly message: string;
}

/** A case's content as hashes: equal texts are equal whatever their case, spacing and Unicode form. */
export interface Fingerprint {
  readonly question: number;
  /** Of the question and the option texts, in any order. */
  readonly item: number;
  /** Of the gold option's text, or of the gold text; 0: unlabelled. */
  readonly gold: number;
}

export function fingerprint(row: ClinicalCase, options = optionHashes(row)): Fingerprint {
  let gold = row.openAnswer === undefined ? 0 : hash53(normalized(row.openAnswer));
  let sum = 0;
  for (const [letter, hash] of options) {
    sum = (sum + hash) | 0;
    if (letter === row.answer) gold = hash;
  }
  const question = hash53(normalized(row.question));
  const mixed = mix32(sum);
  const item = join53(mix32((question / 2 ** 32) ^ mixed), mix32((question | 0) ^ mixed));
  return { question, item, gold };
}

type OptionHash = readonly [letter: string, hash: number];

function optionHashes({ options }: ClinicalCase): readonly OptionHash[] {
  return Object.entries(options).map(([letter, text]) => [letter, hash53(normalized(text))]);
}

interface Seen {
  readonly line: number;
  readonly item: number;
  readonly gold: number;
}

export class DuplicateFinder {
  readonly #questions = new Map<number, Seen>();
  readonly #ids = new Map<number, number>();

  /** What is repeated in this row; the row counts as seen from now on. */
  check(row: ClinicalCase): DuplicateFlag[] {
    const hashes = optionHashes(row);
    const flags = repeatedOptions(hashes);
    if (this.#questions.size >= MAX_TRACKED) {
      const message = `Beyond ${MAX_TRACKED} rows, repeated questions and ids are not looked for.`;
      return [...flags, { kind: 'duplicates-not-checked', message }];
    }
    const { question, item, gold } = fingerprint(row, hashes);
    const earlier = this.#questions.get(question);
    if (earlier === undefined) this.#questions.set(question, { line: row.line, item, gold });
    else flags.push(repeatedQuestion(earlier, item, gold));
    const id = hash53(row.id);
    const line = this.#ids.get(id);
    if (line === undefined) this.#ids.set(id, row.line);
    else flags.push({ kind: 'duplicate-id', message: `The id is the same as on line ${line}.` });
    return flags;
  }
}

function repeatedQuestion(earlier: Seen, item: number, gold: number): DuplicateFlag {
  const same = `The question is the same as on line ${earlier.line}`;
  if (earlier.item !== item) {
    return { kind: 'duplicate-question-other-options', message: `${same}, with other options.` };
  }
  if (earlier.gold !== gold && earlier.gold !== 0 && gold !== 0) {
    return { kind: 'duplicate-question-other-answer', message: `${same}, with another answer.` };
  }
  return { kind: 'duplicate-question', message: `${same}.` };
}

/** Options that read alike; where one of them is the gold option, the row was refused before. */
function repeatedOptions(hashes: readonly OptionHash[]): DuplicateFlag[] {
  const letters = new Map<number, string>();
  for (const [letter, hash] of hashes) {
    const first = letters.get(hash);
    if (first !== undefined) {
      const message = `The options ${first} and ${letter} have the same text.`;
      return [{ kind: 'duplicate-options', message }];
    }
    letters.set(hash, letter);
  }
  return [];
}
