import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalise } from '../../../../src/engine/rewards/analysis/normalise';

describe('normalise', () => {
  it.each([
    ['plain ASCII, 38.5', 'plain ASCII, 38.5'],
    ['38.5°C', '38.5 deg C'],
    ['38.5℃', '38.5 deg C'],
    ['38˚C and 38ºC', '38 deg C and 38 deg C'],
    ['a–b—c−d', 'a-b-c-d'],
    ['“Don’t”', '"Don\'t"'],
    ['10 µg, 5 μL', '10 ug, 5 uL'],
    ['α-fetoprotein ≥ 5 ×10⁹/L', 'alpha-fetoprotein >= 5 x109/L'],
    ['mm³', 'mm3'],
    ['fe\u200bv\u00ader', 'fever'],
    ['a\r\nb\rc\u2028d\u0085e', 'a\nb\nc\nd\ne'],
    ['a\tb\u00a0c\u3000d', 'a b c d'],
    ['ｆｅｖｅｒ', 'fever'],
    ['e\u0301', 'é'],
    ['ﬁbrosis', 'fibrosis'],
  ])('%j → %j', (original, expected) => {
    expect(normalise(original).text).toBe(expected);
  });

  it('leads back to the original', () => {
    const original = 'At 38.5 °C, ﬁbrosis\r\nof the ｆｅ\u200bver';
    const { text, toOriginal } = normalise(original);
    const back = (words: string) => {
      const start = text.indexOf(words);
      const span = toOriginal({ start, end: start + words.length });
      return original.slice(span.start, span.end);
    };
    expect(back('deg C')).toBe('°C');
    expect(back('fibrosis')).toBe('ﬁbrosis');
    expect(back('of the')).toBe('of the');
    expect(back('fever')).toBe('ｆｅ\u200bver');
  });

  const piece = fc.constantFrom(
    ...[
      'a',
      ' ',
      '\n',
      '\r',
      '\r\n',
      '°',
      '½',
      'ﬃ',
      'e\u0301\u0323',
      '\u0301',
      '\u200b',
      '😀',
      '\ud800',
      '한',
      '`',
    ],
  );

  it('agrees with NFKC of the whole, and spans grow with the text (seed 21)', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const original = pieces.join('');
        const { text, toOriginal } = normalise(original);
        const whole = original
          .normalize('NFKC')
          .replace(/\r\n?/g, '\n')
          .replace(/\u200b/g, '')
          .replace(/°/g, ' deg ')
          .replace(/`/g, "'");
        expect(text).toBe(whole);
        let last = 0;
        for (let start = 0; start < text.length; start++) {
          const span = toOriginal({ start, end: start + 1 });
          expect(span.start).toBeGreaterThanOrEqual(last);
          expect(span.end).toBeGreaterThan(span.start);
          expect(span.end).toBeLessThanOrEqual(original.length);
          last = span.start;
        }
      }),
      { seed: 21, numRuns: 1000 },
    );
  });

  it('grows by at most 4,096 characters, and leads back behind them', () => {
    // U+FDFA is 18 characters in NFKC: 4,096 / 17 of them are written out, the rest stay.
    const { text, toOriginal } = normalise(`${'\ufdfa'.repeat(60_000)} fever`);
    expect(text.length).toBe(60_000 + 6 + 17 * Math.floor(4096 / 17));
    const start = text.indexOf('fever');
    expect(toOriginal({ start, end: start + 5 })).toEqual({ start: 60_001, end: 60_006 });
    // What does not grow is still folded.
    expect(normalise(`${'\ufdfa'.repeat(60_000)}–`).text.endsWith('-')).toBe(true);
  });

  it('cuts piles of marks, whose sorting is quadratic', () => {
    const startedAt = performance.now();
    normalise(`a${'\u0301\u0323'.repeat(100_000)}`);
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });
});
