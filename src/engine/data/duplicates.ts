/**
 * Finds repeated questions and ids while rows stream by. Only 53-bit hashes are kept, and at most
 * `MAX_TRACKED` of them: a false alarm is possible, with odds below one in ten thousand at a
 * million rows, and rows beyond the limit are counted as not checked.
 */
import type { ClinicalCase } from '../../protocol';
import { normalized } from './clean';

const MAX_TRACKED = 1_000_000;

interface DuplicateFlag {
  readonly kind:
    | 'duplicate-question'
    | 'duplicate-question-other-answer'
    | 'duplicate-id'
    | 'duplicates-not-checked';
  readonly message: string;
}

interface Seen {
  readonly line: number;
  /** Hash of the gold option's text; 0: unlabelled. */
  readonly answer: number;
}

export class DuplicateFinder {
  readonly #questions = new Map<number, Seen>();
  readonly #ids = new Map<number, number>();

  /** What is repeated in this row; the row counts as seen from now on. */
  check(row: ClinicalCase): DuplicateFlag[] {
    if (this.#questions.size >= MAX_TRACKED) {
      const message = `Beyond ${MAX_TRACKED} rows, repeated questions and ids are not looked for.`;
      return [{ kind: 'duplicates-not-checked', message }];
    }
    const flags: DuplicateFlag[] = [];
    const question = hash53(normalized(row.question));
    const answer = row.answer === null ? 0 : hash53(normalized(row.options[row.answer]!));
    const earlier = this.#questions.get(question);
    if (earlier === undefined) {
      this.#questions.set(question, { line: row.line, answer });
    } else if (earlier.answer === answer) {
      flags.push({
        kind: 'duplicate-question',
        message: `The question is the same as on line ${earlier.line}.`,
      });
    } else {
      const message = `The question is the same as on line ${earlier.line}, with another answer.`;
      flags.push({ kind: 'duplicate-question-other-answer', message });
    }
    const id = hash53(row.id);
    const line = this.#ids.get(id);
    if (line === undefined) this.#ids.set(id, row.line);
    else flags.push({ kind: 'duplicate-id', message: `The id is the same as on line ${line}.` });
    return flags;
  }
}

/** Two 32-bit multiplicative hashes over UTF-16 code units, with Murmur3's finalizer, joined to 53 bits. */
function hash53(text: string): number {
  let a = 0x9e3779b9;
  let b = 0x85ebca6b;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x5bd1e995);
    b ^= b >>> 13;
  }
  return (mix(a ^ text.length) >>> 11) * 0x1_0000_0000 + (mix(b) >>> 0);
}

function mix(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
