/** A measure without a number: "elevated lipase", "sodium is low". */
import { COPULAS, DEGREES, HIGH_WORDS, LOW_WORDS, NORMAL_WORDS } from '../words/vignette';
import type { Direction } from './derived';
import type { MeasureMention, Passage } from './passage';

/** Words to either side that are looked at. */
const REACH = 5;

/** The nearest direction to the left without a comma between, else to the right through copulas. */
export function directionOf({ stream }: Passage, { from, to, sentence }: MeasureMention): Direction | null {
  for (let at = from - 1; at >= Math.max(0, from - REACH); at--) {
    const token = stream[at]!;
    if (token.sentence !== sentence || token.kind === 'number' || token.text === ',' || token.text === ':')
      break;
    const direction = directionWord(token.word.lower);
    if (direction !== null) return direction;
  }
  for (let at = to; at < Math.min(stream.length, to + REACH); at++) {
    const token = stream[at]!;
    if (token.sentence !== sentence) break;
    const direction = directionWord(token.word.lower);
    if (direction !== null) return direction;
    if (!COPULAS.has(token.word.lower) && !DEGREES.has(token.word.lower)) break;
  }
  return null;
}

function directionWord(word: string): Direction | null {
  if (HIGH_WORDS.has(word)) return 'high';
  if (LOW_WORDS.has(word)) return 'low';
  return NORMAL_WORDS.has(word) ? 'normal' : null;
}
