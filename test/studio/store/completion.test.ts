import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boxedAnswer, pieces, preview, visibleRuns } from '../../../src/studio/store/completion';

const shape = (text: string, inside = false) =>
  pieces(text, inside).map(({ kind, text: part }) => `${kind}:${part}`);

describe('pieces', () => {
  it('tells reasoning, conclusion, tags and box apart, in both tag sets', () => {
    expect(shape('<dx>a</dx> <conclusion>b \\boxed{C}.</conclusion>')).toEqual([
      'tag:<dx>',
      'reasoning:a',
      'tag:</dx>',
      'text: ',
      'tag:<conclusion>',
      'conclusion:b ',
      'box:\\boxed{C}',
      'conclusion:.',
      'tag:</conclusion>',
    ]);
    expect(shape('<think>a</think><answer>b</answer>').filter((each) => !each.startsWith('tag'))).toEqual([
      'reasoning:a',
      'conclusion:b',
    ]);
  });

  it('starts inside the reasoning where the prompt opened it', () => {
    expect(shape('a</think>b', true)).toEqual(['reasoning:a', 'tag:</think>', 'text:b']);
  });

  it('leaves other angles and unclosed boxes as text', () => {
    expect(shape('BP < 90 <b>x</b> \\boxed{A\n}')).toEqual([
      'text:BP < 90 <b>x</b> ',
      'box:\\boxed{',
      'text:A\n}',
    ]);
  });

  it('loses nothing of any text', () => {
    const part = fc.constantFrom(
      '<dx>',
      '</dx>',
      '<',
      '>',
      '<conclusion>',
      '\\boxed{',
      '}',
      '\n',
      'abc',
      '</',
      '<think',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), fc.boolean(), (parts, inside) => {
        const text = parts.join('');
        expect(
          pieces(text, inside)
            .map((piece) => piece.text)
            .join(''),
        ).toBe(text);
      }),
      { seed: 7 },
    );
  });

  it('takes time linear in the text, whatever a collapsed policy repeats', () => {
    for (const part of ['<', '\\boxed{', '<dx>', '<conclusion']) {
      const started = performance.now();
      pieces(part.repeat(100_000), false);
      expect(performance.now() - started).toBeLessThan(1000);
    }
  });
});

describe('boxedAnswer', () => {
  it.each([
    ['so \\boxed{B}', 'B'],
    ['\\boxed{A} or \\boxed{ C }', 'C'],
    ['\\boxed{A', null],
    ['no box', null],
  ])('%s', (text, answer) => {
    expect(boxedAnswer(text)).toBe(answer);
  });
});

describe('visibleRuns', () => {
  it('shows what would hide or reorder text, and keeps line feeds', () => {
    expect(visibleRuns('a\u202eb\tc\n\u0000')).toEqual([
      { hidden: false, text: 'a' },
      { hidden: true, text: '⟨202E⟩' },
      { hidden: false, text: 'b' },
      { hidden: true, text: '⇥' },
      { hidden: false, text: 'c\n' },
      { hidden: true, text: '⟨0000⟩' },
    ]);
  });

  it('leaves letters of all scripts, accents and emoji alone', () => {
    const text = 'Fièvre 38,5 °C 発熱 حمى 😷 naïve';
    expect(visibleRuns(text)).toEqual([{ hidden: false, text }]);
  });
});

describe('preview', () => {
  it('is one bounded line', () => {
    expect(preview('  a\n\n  b\u200b ')).toBe('a b⟨200B⟩');
    expect(preview('x'.repeat(500), 10)).toBe(`${'x'.repeat(10)}…`);
  });
});
