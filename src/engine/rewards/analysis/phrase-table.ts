/** Word sequences found by their first word. Longest first, so the first that matches wins. */
import type { Token } from './tokens';

/** In a form: stands for up to two words. */
const GAP = '*';
const MAX_GAP = 2;

export interface Pattern<Value> {
  readonly words: readonly string[];
  readonly value: Value;
}

/** First word → its patterns, the longest first. */
export type PhraseTable<Value> = ReadonlyMap<string, readonly Pattern<Value>[]>;

export function phraseTable<Value>(patterns: Iterable<Pattern<Value>>): PhraseTable<Value> {
  const table = new Map<string, Pattern<Value>[]>();
  for (const pattern of patterns) {
    const first = pattern.words[0]!;
    const others = table.get(first);
    if (others) others.push(pattern);
    else table.set(first, [pattern]);
  }
  for (const others of table.values()) others.sort((a, b) => b.words.length - a.words.length);
  return table;
}

export type SameWord = (token: Token, word: string) => boolean;

export const sameStem: SameWord = (token, word) => token.word.stem === word;
export const sameWordOrStem: SameWord = (token, word) =>
  token.word.lower === word || token.word.stem === word;

/**
 * The position behind `pattern` in the word stream, if it stands at `position` within one sentence;
 * else -1.
 */
export function matchEnd(
  stream: readonly Token[],
  position: number,
  { words }: Pattern<unknown>,
  same: SameWord,
): number {
  const { sentence } = stream[position]!;
  let at = position;
  for (let k = 0; k < words.length; k++) {
    const word = words[k]!;
    if (word === GAP) {
      const next = words[k + 1]!;
      const limit = at + MAX_GAP;
      while (at <= limit && !stands(stream[at], next, sentence, same)) at++;
      if (at > limit) return -1;
    } else {
      if (!stands(stream[at], word, sentence, same)) return -1;
      at++;
    }
  }
  return at;
}

function stands(token: Token | undefined, word: string, sentence: number, same: SameWord): boolean {
  return token !== undefined && token.sentence === sentence && same(token, word);
}

/** The first of `patterns` that stands at `position`, with the position behind it. */
export function longestMatch<Value>(
  stream: readonly Token[],
  position: number,
  patterns: readonly Pattern<Value>[] | undefined,
  same: SameWord,
): { value: Value; end: number } | null {
  if (patterns === undefined) return null;
  for (const pattern of patterns) {
    const end = matchEnd(stream, position, pattern, same);
    if (end !== -1) return { value: pattern.value, end };
  }
  return null;
}
