/**
 * Sentences. A line feed, `;`, `!` or `?` ends one; so does a full stop that is not part of an
 * abbreviation or a list label, with a space and no lower-case letter behind it.
 */
import { ABBREVIATIONS } from '../words/general';
import type { Token } from './tokens';

export interface Sentence {
  /** [first, end) among all tokens. */
  readonly first: number;
  end: number;
  /** Its first word or number: it has one. */
  readonly start: Token;
  /** Its first word, in lower case; empty if it has none. */
  readonly opener: string;
}

/** Also numbers the tokens' sentences. Signs behind a sentence belong to it. */
export function splitSentences(tokens: readonly Token[]): Sentence[] {
  const sentences: Sentence[] = [];
  let first = 0;
  const close = (end: number): void => {
    const start = findContent(tokens, first, end);
    if (start !== undefined) {
      sentences.push({ first, end, start, opener: firstWord(tokens, start.index, end) });
    } else if (sentences.length > 0) {
      sentences[sentences.length - 1]!.end = end;
    }
    for (let k = first; k < end; k++) tokens[k]!.sentence = Math.max(0, sentences.length - 1);
    first = end;
  };
  for (let k = 0; k < tokens.length; k++) if (endsSentence(tokens, k)) close(k + 1);
  if (first < tokens.length) close(tokens.length);
  return sentences;
}

function endsSentence(tokens: readonly Token[], at: number): boolean {
  const token = tokens[at]!;
  if (token.kind === 'line' || token.text === ';') return true;
  if (token.text === '!' || token.text === '?') return at + 1 < tokens.length;
  return token.text === '.' && isFullStop(tokens, at);
}

/** Not behind an abbreviation or a list label, and before a space and no lower-case letter. */
function isFullStop(tokens: readonly Token[], at: number): boolean {
  const stop = tokens[at]!;
  const before = tokens[at - 1];
  const next = tokens[at + 1];
  if (next === undefined) return false;
  if (before !== undefined && before.end === stop.start) {
    if (ABBREVIATIONS.has(before.word.lower)) return false;
    if (isLabel(before) && (at < 2 || tokens[at - 2]!.kind === 'line')) return false;
  }
  const touches = next.start === stop.end && next.kind !== 'line' && !'")<'.includes(next.text);
  return !touches && !/^[a-z]/.test(next.text);
}

/** "A." or "1." at the start of a line is a label. */
function isLabel({ kind, text }: Token): boolean {
  return kind === 'number' || (kind === 'word' && text.length === 1);
}

function findContent(tokens: readonly Token[], first: number, end: number): Token | undefined {
  for (let k = first; k < end; k++) {
    const token = tokens[k]!;
    if (token.kind === 'word' || token.kind === 'number') return token;
  }
  return undefined;
}

function firstWord(tokens: readonly Token[], first: number, end: number): string {
  for (let k = first; k < end; k++) {
    const token = tokens[k]!;
    if (token.kind === 'word') return token.word.lower;
  }
  return '';
}
