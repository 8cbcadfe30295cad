/** LaTeX boxes, `\boxed{…}`: where a completion puts its answer. Scans forward, once. */
import type { Span } from './python-text';

const BOXED = '\\boxed';
const OPENING = '\\boxed{';

/** Every `\boxed`, with or without braces. At most `limit` spans; `count` is of all. */
export function findBoxCommands(text: string, limit: number): { count: number; spans: Span[] } {
  const spans: Span[] = [];
  let count = 0;
  for (let start = text.indexOf(BOXED); start !== -1; start = text.indexOf(BOXED, start + BOXED.length)) {
    if (count < limit) spans.push({ start, end: start + BOXED.length });
    count++;
  }
  return { count, spans };
}

/**
 * The first `limit` matches of `\boxed\{[^\n]*?\}` inside `within`: each runs to the next `}` on
 * its line. An opening without one hides no later match before the end of that line, so the scan
 * goes on from there and never back.
 */
export function findClosedBoxes(text: string, within: Span, limit: number): Span[] {
  const boxes: Span[] = [];
  let start = text.indexOf(OPENING, within.start);
  while (start !== -1 && boxes.length < limit) {
    let index = start + OPENING.length;
    while (index < within.end && text[index] !== '}' && text[index] !== '\n') index++;
    if (index >= within.end) break;
    if (text[index] === '}') boxes.push({ start, end: index + 1 });
    start = text.indexOf(OPENING, index);
  }
  return boxes;
}

/** What stands between the braces of a closed box. */
export function boxContent(text: string, box: Span): string {
  return text.slice(box.start + OPENING.length, box.end - 1);
}
