/**
 * Which case a text is about: a question is found in a prompt whatever stands around it, by its first
 * words and then by all of them. Letter case, Unicode form, punctuation and spacing do not count.
 * Time is linear in a text, but for questions that begin alike.
 */
import type { ClinicalCase } from '../../protocol';

/** Words of a question that are looked up; a shorter question is looked up whole. */
const ANCHOR_WORDS = 8;

/** Finds cases by question, as positions in the list given; the first of equal questions. */
export class QuestionFinder {
  /** First words of a question → the questions that begin so, in the cases' order. */
  readonly #byAnchor = new Map<string, { readonly index: number; readonly words: readonly string[] }[]>();
  readonly #anchorLengths = new Set<number>();
  readonly #byQuestion = new Map<string, number>();

  constructor(cases: readonly Pick<ClinicalCase, 'question'>[]) {
    for (const [index, { question }] of cases.entries()) {
      const words = wordsOf(question);
      const key = words.join(' ');
      if (words.length === 0 || this.#byQuestion.has(key)) continue;
      this.#byQuestion.set(key, index);
      const length = Math.min(ANCHOR_WORDS, words.length);
      this.#anchorLengths.add(length);
      const anchor = words.slice(0, length).join(' ');
      const sharing = this.#byAnchor.get(anchor);
      if (sharing === undefined) this.#byAnchor.set(anchor, [{ index, words }]);
      else sharing.push({ index, words });
    }
  }

  /** The case whose question this is; null: none. */
  exactly(question: string): number | null {
    return this.#byQuestion.get(wordsOf(question).join(' ')) ?? null;
  }

  /** The case whose question ends last in the text, as few-shot examples come first; of two that end there, the longer. */
  within(text: string): number | null {
    const words = wordsOf(text);
    let found = { index: -1, end: 0, length: 0 };
    for (let at = 0; at < words.length; at++) {
      for (const anchorLength of this.#anchorLengths) {
        const anchor = words.slice(at, at + anchorLength).join(' ');
        for (const { index, words: own } of this.#byAnchor.get(anchor) ?? []) {
          const end = at + own.length;
          const isBetter = end > found.end || (end === found.end && own.length > found.length);
          if (isBetter && own.every((word, offset) => word === words[at + offset])) {
            found = { index, end, length: own.length };
          }
        }
      }
    }
    return found.index === -1 ? null : found.index;
  }
}

function wordsOf(text: string): string[] {
  return (
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  );
}
