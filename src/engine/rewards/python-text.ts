/**
 * Text as Python sees it. The released rules are Python; `trim` and `\s` of JavaScript differ from
 * `strip` and `\s` of Python (U+FEFF is not a space there; U+001C–U+001F and U+0085 are), and
 * Python counts code points. Indices here are UTF-16 code units.
 */

/** Half-open range [start, end). */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const SPACES_ABOVE_LATIN = new Set([
  0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a, 0x2028,
  0x2029, 0x202f, 0x205f, 0x3000,
]);

/** What `str.strip` removes and what `\s` matches. All are single UTF-16 units. */
export function isPythonSpace(unit: number): boolean {
  if (unit <= 0x20) return (unit >= 0x09 && unit <= 0x0d) || unit >= 0x1c;
  return unit === 0x85 || unit === 0xa0 || (unit > 0xff && SPACES_ABOVE_LATIN.has(unit));
}

/** The first index in [start, end] that is not a space, or `end`. */
export function skipSpaces(text: string, start: number, end: number): number {
  let index = start;
  while (index < end && isPythonSpace(text.charCodeAt(index))) index++;
  return index;
}

/** The range that `text[start:end].strip()` keeps. */
export function stripRange(text: string, { start, end }: Span): Span {
  const from = skipSpaces(text, start, end);
  let to = end;
  while (to > from && isPythonSpace(text.charCodeAt(to - 1))) to--;
  return { start: from, end: to };
}

/** How many units the code point at `index` takes; an unpaired surrogate is one code point. */
export function codePointLength(text: string, index: number): 1 | 2 {
  return (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
}
