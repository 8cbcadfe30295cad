/**
 * Text as the rules match it: compatibility forms folded (NFKC), dashes, quotes, degree signs and
 * Greek letters spelt one way, invisible characters gone. Keeps the way back to the original.
 */
import type { TextSpan } from '../../../protocol/scoring';

export interface NormalisedText {
  readonly original: string;
  readonly text: string;
  /** A span of `text` → the span of the original that it came from. */
  readonly toOriginal: (span: TextSpan) => TextSpan;
}

const REPLACEMENTS: ReadonlyMap<string, string> = new Map([
  ...each('\u200b\u200c\u200d\u2060\ufeff\u00ad', ''),
  ...each('\u2010\u2011\u2012\u2013\u2014\u2015\u2212', '-'),
  ...each('\u2018\u2019\u201b\u2032`', "'"),
  ...each('\u201c\u201d\u2033', '"'),
  ...each('°º˚', ' deg '),
  ...each('×✕', 'x'),
  ...each('\r\u2028\u2029\u0085', '\n'),
  ...each('\t\v\f\u00a0', ' '),
  ['≥', '>='],
  ['≤', '<='],
  ['α', 'alpha'],
  ['β', 'beta'],
  ['γ', 'gamma'],
  ['δ', 'delta'],
  ['μ', 'u'],
  ['ω', 'omega'],
]);

function each(characters: string, replacement: string): [string, string][] {
  return [...characters].map((character) => [character, replacement]);
}

/** Nothing to do: line feeds and printable ASCII but the backtick. */
const PLAIN = /^[\n\x20-\x5f\x61-\x7e]*$/;
const MARK = /\p{M}/u;
/** Longer piles of combining marks are cut, as in Unicode's stream-safe text; sorting them is quadratic. */
const MAX_MARKS = 30;
/** What rewriting may add, in characters: U+FDFA alone becomes 18. Beyond, text stays as it came. */
const MAX_GROWTH = 4096;

export function normalise(original: string): NormalisedText {
  if (PLAIN.test(original)) return { original, text: original, toOriginal: (span) => span };
  const pieces: string[] = [];
  // Per character of the result: the span of the original that it came from.
  const starts = new Int32Array(original.length + MAX_GROWTH);
  const ends = new Int32Array(original.length + MAX_GROWTH);
  let length = 0;
  let growth = 0;
  let index = 0;
  while (index < original.length) {
    const plain = plainEnd(original, index);
    if (plain > index) pieces.push(original.slice(index, plain));
    for (; index < plain; index++) {
      starts[length] = index;
      ends[length++] = index + 1;
    }
    if (index === original.length) break;
    const end = clusterEnd(original, index);
    let piece =
      end === index + 1 ? rewriteUnit(original.charCodeAt(index)) : rewrite(original.slice(index, end));
    const more = Math.max(0, piece.length - (end - index));
    if (growth + more > MAX_GROWTH) piece = original.slice(index, end);
    else growth += more;
    for (let k = 0; k < piece.length; k++) {
      starts[length] = index;
      ends[length++] = end;
    }
    pieces.push(piece);
    index = end;
  }
  const toOriginal = ({ start, end }: TextSpan): TextSpan => ({
    start: start < length ? starts[start]! : original.length,
    end: end > 0 ? ends[end - 1]! : 0,
  });
  return { original, text: pieces.join(''), toOriginal };
}

/** The end of the run at `start` that needs no rewriting: a letter under a mark is no part of it. */
function plainEnd(text: string, start: number): number {
  let end = start;
  while (end < text.length && isPlain(text.charCodeAt(end))) end++;
  return end > start && text.charCodeAt(end) >= 0x300 ? end - 1 : end;
}

function isPlain(unit: number): boolean {
  return unit === 10 || (unit >= 0x20 && unit <= 0x7e && unit !== 0x60);
}

/** One code point with its combining marks; a CR with its LF. */
function clusterEnd(text: string, start: number): number {
  const code = text.codePointAt(start)!;
  let end = start + (code > 0xffff ? 2 : 1);
  if (code === 13 && text.charCodeAt(end) === 10) return end + 1;
  for (let marks = 0; marks < MAX_MARKS && text.charCodeAt(end) >= 0x300; marks++) {
    const next = text.codePointAt(end)!;
    if (!isMark(next)) break;
    end += next > 0xffff ? 2 : 1;
  }
  return end;
}

/** Whether a code point combines with the one before it: 1 yes, 2 no, 0 not looked up yet. */
const marks = new Uint8Array(0x110000);

function isMark(code: number): boolean {
  marks[code] ||= MARK.test(String.fromCodePoint(code)) ? 1 : 2;
  return marks[code] === 1;
}

/** Per UTF-16 unit that stands alone: what it becomes, once it was asked for. */
const rewrittenUnits: (string | undefined)[] = new Array(0x10000);

function rewriteUnit(unit: number): string {
  rewrittenUnits[unit] ??= rewrite(String.fromCharCode(unit));
  return rewrittenUnits[unit];
}

function rewrite(cluster: string): string {
  if (cluster === '\r\n') return '\n';
  const known = REPLACEMENTS.get(cluster);
  if (known !== undefined) return known;
  let text = '';
  for (const character of cluster.normalize('NFKC')) text += REPLACEMENTS.get(character) ?? character;
  return text;
}
