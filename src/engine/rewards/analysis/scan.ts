/** Normalised text → the spans of its tokens: numbers, words, line feeds, and single signs. */

import { codePointLength } from '../python-text';

export type TokenKind = 'word' | 'number' | 'sign' | 'line';

/** Calls `emit` for each token, in order. Linear; spaces belong to none. */
export function scanTokens(text: string, emit: (kind: TokenKind, start: number, end: number) => void): void {
  let start = 0;
  while (start < text.length) {
    const unit = text.charCodeAt(start);
    if (unit === LINE_FEED) {
      emit('line', start, ++start);
    } else if (isSpace(unit)) {
      start++;
    } else if (isDigit(unit)) {
      const end = numberEnd(text, start);
      emit('number', start, end);
      start = end;
    } else if (isLetter(unit)) {
      const end = wordEnd(text, start);
      emit('word', start, end);
      start = end;
    } else {
      const end = start + codePointLength(text, start);
      emit('sign', start, end);
      start = end;
    }
  }
}

/** The words of a form of the word data, in lower case, as a word stream has them. */
export function formWords(form: string): string[] {
  const words: string[] = [];
  scanTokens(form, (kind, start, end) => {
    const word = form.slice(start, end).toLowerCase();
    if (kind !== 'line' && word !== '-') words.push(word);
  });
  return words;
}

const LINE_FEED = 10;
const COMMA = 44;
const POINT = 46;
const APOSTROPHE = 39;

function isDigit(unit: number): boolean {
  return unit >= 48 && unit <= 57;
}

function isLetter(unit: number): boolean {
  return (unit >= 97 && unit <= 122) || (unit >= 65 && unit <= 90);
}

function isSpace(unit: number): boolean {
  if (unit <= 32) return unit === 32 || (unit >= 9 && unit <= 13);
  return unit > 127 && /\s/.test(String.fromCharCode(unit));
}

/** 1,234.5 or 12.5: a comma belongs to a number only before three digits. */
function numberEnd(text: string, start: number): number {
  let end = digitsEnd(text, start);
  while (text.charCodeAt(end) === COMMA && digitsEnd(text, end + 1, end + 4) === end + 4) end += 4;
  if (text.charCodeAt(end) === POINT && isDigit(text.charCodeAt(end + 1))) end = digitsEnd(text, end + 1);
  return end;
}

function digitsEnd(text: string, start: number, limit = text.length): number {
  let end = start;
  while (end < limit && isDigit(text.charCodeAt(end))) end++;
  return end;
}

/** Letters and digits, then at most one apostrophe with letters: can't, patient's. */
function wordEnd(text: string, start: number): number {
  let end = start;
  while (isLetter(text.charCodeAt(end)) || isDigit(text.charCodeAt(end))) end++;
  if (text.charCodeAt(end) !== APOSTROPHE || !isLetter(text.charCodeAt(end + 1))) return end;
  end++;
  while (isLetter(text.charCodeAt(end))) end++;
  return end;
}
