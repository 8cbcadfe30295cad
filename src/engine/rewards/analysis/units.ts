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

/** The longest unit that starts right behind the token at `index`, and its last token. */
export function unitBehind(tokens: readonly Token[], index: number): { unit: string; last: number } | null {
  const first = tokens[index + 1]?.word.lower;
  for (const { words, value } of (first !== undefined && SPELLINGS.get(first)) || []) {
    if (standBehind(tokens, index, words)) return { unit: value, last: index + words.length };
  }
  return null;
}

/** Whether `words` are the tokens right behind `index`. */
export function standBehind(tokens: readonly Token[], index: number, words: readonly string[]): boolean {
  return words.every((word, k) => tokens[index + 1 + k]?.word.lower === word);
}
