/** Statements such as "the answer is B" or "diagnosis: (C)": which letters a text says outright. */
import { ANSWER_NOUNS } from '../words/options';
import type { Mention } from './passage';
import type { Token } from './tokens';

export interface AnswerStatement extends Pick<Mention, 'first' | 'last'> {
  readonly letter: string;
}

/** Between the noun and the letter; what may follow is in the order of the lists. */
const VERBS = [['is'], ['would', 'be'], ['should', 'be'], ['must', 'be'], []];
const ADVERBS = [['therefore'], ['most', 'likely'], ['likely'], ['probably'], []];
const NOUNS = [['option'], ['choice'], []];

/** In the order of the word stream. Linear: each noun looks at a few tokens behind it. */
export function findAnswerStatements(
  words: readonly Token[],
  letters: ReadonlyMap<string, unknown>,
): AnswerStatement[] {
  const statements: AnswerStatement[] = [];
  words.forEach((noun, at) => {
    if (!ANSWER_NOUNS.has(noun.word.lower)) return;
    const verbEnd = skipOne(words, at + 1, VERBS);
    const colonEnd = skipSigns(words, verbEnd, ':', 1);
    if (colonEnd === at + 1) return;
    let next = skipOne(words, colonEnd, ADVERBS);
    next = skipSigns(words, next, '(*', 3);
    next = skipOne(words, next, NOUNS);
    next = skipSigns(words, next, '(', 1);
    const letter = words[next];
    if (letter === undefined || !letters.has(letter.text)) return;
    statements.push({ letter: letter.text, first: noun.index, last: letter.index });
  });
  return statements;
}

/** Behind the first of `sequences` that stands at `at`; the empty one always does. */
function skipOne(words: readonly Token[], at: number, sequences: readonly (readonly string[])[]): number {
  const found = sequences.find((sequence) => sequence.every((word, k) => words[at + k]?.word.lower === word));
  return at + (found?.length ?? 0);
}

function skipSigns(words: readonly Token[], at: number, signs: string, limit: number): number {
  let end = at;
  while (end < at + limit && words[end]?.kind === 'sign' && signs.includes(words[end]!.text)) end++;
  return end;
}
