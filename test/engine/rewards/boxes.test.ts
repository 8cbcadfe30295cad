import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boxContent, findBoxCommands, findClosedBoxes } from '../../../src/engine/rewards/boxes';

const piece = fc.constantFrom('\\boxed', '\\boxed{', '{', '}', '\n', '\r', '\u2028', 'A', ' ', '\\');
const texts = fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(''));
const whole = (text: string) => ({ start: 0, end: text.length });

describe('findClosedBoxes', () => {
  it('equals the pattern of the released rule (seed 3)', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const expected = [...text.matchAll(/\\boxed\{([^\n]*?)\}/g)];
        const boxes = findClosedBoxes(text, whole(text), Number.POSITIVE_INFINITY);
        expect(boxes.map(({ start, end }) => text.slice(start, end))).toEqual(
          expected.map(([match]) => match),
        );
        expect(boxes.map(({ start }) => start)).toEqual(expected.map(({ index }) => index));
        expect(boxes.map((box) => boxContent(text, box))).toEqual(expected.map(([, content]) => content));
      }),
      { seed: 3, numRuns: 3000 },
    );
  });

  it('looks only inside its range and stops at its limit', () => {
    const text = '\\boxed{A}\\boxed{B}\\boxed{C}';
    expect(findClosedBoxes(text, { start: 1, end: 26 }, 9).map((box) => boxContent(text, box))).toEqual([
      'B',
    ]);
    expect(findClosedBoxes(text, whole(text), 2)).toHaveLength(2);
  });
});

describe('findBoxCommands', () => {
  it('counts every \\boxed, braces or not, and keeps the first spans (seed 4)', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const { count, spans } = findBoxCommands(text, 2);
        expect(count).toBe(text.split('\\boxed').length - 1);
        expect(spans).toHaveLength(Math.min(2, count));
        for (const { start, end } of spans) expect(text.slice(start, end)).toBe('\\boxed');
      }),
      { seed: 4, numRuns: 1000 },
    );
  });
});
