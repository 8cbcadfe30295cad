/**
 * Which tokens a denial reaches, after NegEx: what follows "no", "denies" or "without", up to twenty
 * words, a verb or a new subject; what precedes "absent" or "denied", up to five. Linear.
 */
import { longestMatch, sameWordOrStem } from './phrase-table';
import type { Token } from './tokens';

/** Words that a denial reaches at most. */
const MAX_SCOPE = 20;
/** Tokens that a denial behind its finding reaches back. */
const MAX_BACK = 5;

const CLOSERS = ':()';
/** End the reach back of a denial behind its finding. */
const BACK_ENDS = [',', '.', 'but', 'with', 'and'];

/** Per token of `tokens`: 1 if it is denied. */
export function markDenied(tokens: readonly Token[], stream: readonly Token[]): Uint8Array {
  const denied = new Uint8Array(tokens.length);
  let position = 0;
  while (position < stream.length) {
    const token = stream[position]!;
    if (token.kind !== 'word') {
      position++;
      continue;
    }
    const trigger = longestMatch(stream, position, token.word.negations, sameWordOrStem);
    if (trigger?.value === false) {
      position = trigger.end;
    } else if (trigger !== null && !isPredicate(stream, position)) {
      denyForwards(stream, trigger.end, denied);
      position = trigger.end;
    } else {
      if (token.word.isPostTrigger && !isBeforeNoun(stream, position))
        denyBackwards(stream, position, denied);
      position++;
    }
  }
  return denied;
}

/** "Breath sounds are absent" denies what is before it, "absent breath sounds" what is behind. */
function isPredicate(stream: readonly Token[], position: number): boolean {
  const token = stream[position]!;
  if (token.word.stem !== 'absent') return false;
  const next = stream[position + 1];
  return next === undefined || next.sentence !== token.sentence || next.kind !== 'word' || next.word.isStop;
}

/** "Negative for", "excluded of". */
function isBeforeNoun(stream: readonly Token[], position: number): boolean {
  const next = stream[position + 1]?.word.lower;
  return next === 'for' || next === 'of';
}

function denyForwards(stream: readonly Token[], from: number, denied: Uint8Array): void {
  const sentence = stream[from - 1]!.sentence;
  let words = 0;
  for (let at = from; at < stream.length && words < MAX_SCOPE; at++) {
    const token = stream[at]!;
    if (token.sentence !== sentence) return;
    if (token.kind === 'word') {
      if (endsScope(token, stream[at - 1]!, words === 0)) return;
      words++;
    } else if (CLOSERS.includes(token.text)) {
      return;
    }
    denied[token.index] = 1;
  }
}

function endsScope({ word }: Token, before: Token, isFirst: boolean): boolean {
  if (word.endsDenial === 'everywhere') return true;
  if (isFirst) return false;
  if (word.isNewSubject && before.text === ',') return true;
  return word.endsDenial === 'later' && before.word.lower !== 'or' && before.word.lower !== 'nor';
}

function denyBackwards(stream: readonly Token[], position: number, denied: Uint8Array): void {
  const { sentence } = stream[position]!;
  for (let at = position - 1; at >= Math.max(0, position - MAX_BACK); at--) {
    const token = stream[at]!;
    if (token.sentence !== sentence || BACK_ENDS.includes(token.word.lower)) return;
    denied[token.index] = 1;
  }
}
