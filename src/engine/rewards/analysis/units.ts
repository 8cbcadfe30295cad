/** The unit behind a number. */
import { UNITS } from '../words/numbers';
import { type Pattern, phraseTable } from './phrase-table';
import { formWords } from './scan';
import type { Token } from './tokens';

const SPELLINGS = phraseTable(
  [...UNITS].flatMap(([unit, spellings]) =>
    spellings.map((spelling): Pattern<string> => ({ words: formWords(spelling), value: unit })),
  ),
);

export interface Unit {
  /** Empty: none. */
  readonly unit: string;
  /** Its last token; that of the number if there is none. */
  readonly last: number;
}

/** The longest unit that starts right behind the token at `index`. */
export function unitBehind(tokens: readonly Token[], index: number): Unit {
  const first = tokens[index + 1]?.word.lower;
  for (const { words, value } of (first !== undefined && SPELLINGS.get(first)) || []) {
    if (standBehind(tokens, index, words)) return { unit: value, last: index + words.length };
  }
  return { unit: '', last: index };
}

/** Whether `words` are the tokens right behind `index`. */
export function standBehind(tokens: readonly Token[], index: number, words: readonly string[]): boolean {
  return words.every((word, k) => tokens[index + 1 + k]?.word.lower === word);
}
