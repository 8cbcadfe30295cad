/** Packing, against what each sequence must see, row by row. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TokenSequence } from '../../../src/engine/crpo/batch';
import { type Packed, packPrompts, packSequences } from '../../../src/engine/fused/pack';

const token = fc.integer({ min: 0, max: 9 });
const tokens = fc.array(token, { minLength: 1, maxLength: 6 });
/** Groups with one prompt each, in order, so that neighbours share. */
const groups = fc.array(
  fc.record({ prompt: tokens, completions: fc.array(tokens, { minLength: 1, maxLength: 3 }) }),
  {
    minLength: 1,
    maxLength: 4,
  },
);

function sequencesOf(
  made: readonly {
    readonly prompt: readonly number[];
    readonly completions: readonly (readonly number[])[];
  }[],
): TokenSequence[] {
  return made.flatMap(({ prompt, completions }) =>
    completions.map((completion) => ({ promptTokens: prompt, completionTokens: completion })),
  );
}

/** The tokens that a row attends to, itself included, with their positions. */
function context({ ids, segments }: Packed, row: number): { token: number; position: number }[] {
  const [, ownStart, prefixStart, prefixEnd] = segments.subarray(4 * row, 4 * row + 4);
  const rows: number[] = [];
  for (let r = prefixStart!; r < prefixEnd!; r++) rows.push(r);
  for (let r = ownStart!; r <= row; r++) rows.push(r);
  return rows.map((r) => ({ token: ids[r]!, position: segments[4 * r]! }));
}

describe('packSequences', () => {
  it('shows every completion token the tokens before it, at their positions', () => {
    fc.assert(
      fc.property(groups, (made) => {
        const sequences = sequencesOf(made);
        const packed = packSequences(sequences);
        let target = 0;
        for (const { promptTokens, completionTokens } of sequences) {
          const whole = [...promptTokens, ...completionTokens];
          completionTokens.forEach((expected, at) => {
            const seen = whole.slice(0, promptTokens.length + at);
            expect(packed.targets[target]).toBe(expected);
            expect(context(packed, packed.index[target]!)).toEqual(
              seen.map((each, position) => ({ token: each, position })),
            );
            target += 1;
          });
        }
        expect(packed.count).toBe(target);
      }),
    );
  });

  it('feeds a shared prompt once, and no last token', () => {
    const prompt = [1, 2, 3];
    const packed = packSequences([
      { promptTokens: prompt, completionTokens: [4, 5] },
      { promptTokens: [1, 2, 3], completionTokens: [6] },
      { promptTokens: prompt, completionTokens: [7, 8, 9] },
    ]);
    expect([...packed.ids]).toEqual([1, 2, 3, 4, 7, 8]);
    expect([...packed.index]).toEqual([2, 3, 2, 2, 4, 5]);
    expect(packed.positions).toBe(5);
  });

  it('lists the rows of each token, and what each row predicts, once and in order', () => {
    fc.assert(
      fc.property(groups, (made) => {
        const packed = packSequences(sequencesOf(made));
        expect([...packed.tokens]).toEqual([...new Set(packed.ids)].sort((a, b) => a - b));
        packed.tokens.forEach((each, at) => {
          const rows = packed.tokenRows.subarray(packed.tokenStarts[at]!, packed.tokenStarts[at + 1]!);
          expect([...rows]).toEqual([...packed.ids.keys()].filter((row) => packed.ids[row] === each));
        });
        for (let row = 0; row < packed.rows; row++) {
          const members = packed.members.subarray(packed.starts[row]!, packed.starts[row + 1]!);
          expect([...members]).toEqual([...packed.index.keys()].filter((at) => packed.index[at] === row));
        }
      }),
    );
  });

  it('keeps prompts apart that differ, also where they share a beginning', () => {
    const packed = packSequences([
      { promptTokens: [1, 2], completionTokens: [5] },
      { promptTokens: [1, 2, 3], completionTokens: [5] },
    ]);
    expect([...packed.ids]).toEqual([1, 2, 1, 2, 3]);
  });
});

it('packs prompts one after the other, each for itself', () => {
  const packed = packPrompts([[4, 5], [6]]);
  expect([...packed.ids]).toEqual([4, 5, 6]);
  expect(context(packed, 2)).toEqual([{ token: 6, position: 0 }]);
  expect(packed.count).toBe(0);
});
