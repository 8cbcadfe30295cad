import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { language } from '../../../src/engine/rewards/language';
import { prepareResponse } from '../../../src/engine/rewards/response';
import { scoring } from './fixtures';

const prepare = (completion: string) =>
  prepareResponse(completion, { tags: 'think', eos: '<eos>', addOpeningTag: false });
const scored = (completion: string) => language.score(prepare(completion), scoring('').case)!;

describe('language', () => {
  it('is the fraction of code points in the listed set (seed 6)', () => {
    const english = /^[A-Za-z0-9.,!?;:'"()[\]{}<>\-_/\\|`~@#$%^&*+= \n]$/;
    const character = fc.oneof(
      fc.integer({ min: 0, max: 0xff }).map((code) => String.fromCodePoint(code)),
      fc.constantFrom('😀', '\ud800', '\udc00', '你', '“', '\t'),
    );
    fc.assert(
      fc.property(fc.array(character, { maxLength: 40 }), (characters) => {
        const points = [...prepare(characters.join('')).text];
        const expected =
          points.length === 0 ? 0 : points.filter((point) => english.test(point)).length / points.length;
        expect(scored(characters.join('')).value).toBe(expected);
      }),
      { seed: 6, numRuns: 3000 },
    );
  });

  it('has 94 of the 128 ASCII characters, space and line feed besides', () => {
    const ascii = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
    const kept = ascii.filter((character) => scored(`a${character}a`).value === 1);
    expect(kept.join('')).toBe(`\n ${kept.slice(2).join('')}`);
    expect(kept).toHaveLength(94 + 2);
  });

  it('points at each run that is not English, in the completion as it came', () => {
    const completion = ' 38.5°C, 你好 ok\t';
    const { evidence } = scored(completion);
    expect(evidence.spans.map(({ start, end }) => completion.slice(start, end))).toEqual(['°', '你好']);
    // 38.5 (4) ° C (1) , (1) space (1) 你好 space (1) ok (2): 10 of 13; both ends are stripped.
    expect(evidence.counts).toEqual({ characters: 13, english: 10 });
  });
});
