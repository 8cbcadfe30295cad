import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contentTokens, markCopied, readRuns } from '../../../../src/engine/rewards/analysis/copying';
import { tokenise } from '../../../../src/engine/rewards/analysis/tokens';

const content = (words: readonly string[]) => contentTokens(tokenise(words.join(' ')).stream);
const words = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 40 });

/** Every run of `length` words, spelt out. */
const runs = (list: readonly string[], length: number) =>
  list.slice(0, Math.max(0, list.length - length + 1)).map((_, at) => list.slice(at, at + length).join(' '));

describe('copies', () => {
  it('are the words of eight-word runs that both have (seed 23)', () => {
    fc.assert(
      fc.property(words, words, (source, text) => {
        const shared = new Set(runs(source, 8));
        const expected = text.map(() => 0);
        runs(text, 8).forEach((run, at) => {
          if (shared.has(run)) expected.fill(1, at, at + 8);
        });
        expect([...markCopied(content(text), readRuns(content(source)))]).toEqual(expected);
      }),
      { seed: 23, numRuns: 1000 },
    );
  });

  it('counts different four-word runs (seed 24)', () => {
    fc.assert(
      fc.property(words, (text) => {
        expect(readRuns(content(text), 4).distinct).toBe(new Set(runs(text, 4)).size);
      }),
      { seed: 24, numRuns: 1000 },
    );
  });
});
