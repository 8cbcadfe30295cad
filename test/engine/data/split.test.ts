import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countSplit,
  type Placement,
  type SplitKey,
  splitCases,
  splitKey,
} from '../../../src/engine/data/split';
import type { ClinicalCase } from '../../../src/protocol';

function row(changes: Partial<ClinicalCase> = {}): ClinicalCase {
  return {
    id: '1',
    line: 1,
    question: 'Is it?',
    options: { A: 'Yes', B: 'No' },
    answer: 'A',
    ...changes,
  };
}

function keysOf(rows: readonly ClinicalCase[]): SplitKey[] {
  return rows.map((each) => splitKey(each)!);
}

/** Questions of their own, over the given number of strata. */
function distinct(count: number, strata: number, from = 0): ClinicalCase[] {
  return Array.from({ length: count }, (_, i) =>
    row({ question: `Patient ${from + i}?`, answer: 'AB'[i % 2]!, facets: { exam: `step${i % strata}` } }),
  );
}

const count = (placements: readonly Placement[], placement: Placement) =>
  placements.filter((each) => each === placement).length;

describe('splitKey', () => {
  it('stratifies by gold letter and first facet, open questions by themselves', () => {
    expect(splitKey(row())?.stratum).toBe('A');
    expect(splitKey(row({ facets: { exam: 'step1', topic: 'x' } }))?.stratum).toBe('A · step1');
    const open = row({ options: {}, answer: null, openAnswer: 'Malaria', facets: { exam: 'step1' } });
    expect(splitKey(open)?.stratum).toBe('open · step1');
    expect(splitKey(row({ answer: null }))).toBeNull();
  });
});

describe('splitCases', () => {
  it('is the same on every machine: four of twenty, by seed', () => {
    // By threefry2x32-20 over the questions' hashes; written down once, to hold from now on.
    const keys = keysOf(distinct(20, 1));
    const heldOut = (splitSeed: number) =>
      splitCases(keys, { heldOutFraction: 0.2, splitSeed }).flatMap((each, i) =>
        each === 'held-out' ? [i] : [],
      );
    expect([heldOut(0), heldOut(1)]).toEqual([
      [3, 7, 14, 16],
      [1, 8, 16, 17],
    ]);
  });

  it('holds out the share of each stratum to within one and of all to within a half', () => {
    const fraction = fc.double({ min: 0, max: 0.9, noNaN: true });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 40 }),
        fraction,
        fc.nat(),
        (size, strata, heldOutFraction, splitSeed) => {
          const keys = keysOf(distinct(size, strata));
          const placements = splitCases(keys, { heldOutFraction, splitSeed });
          const inAll = count(placements, 'held-out');
          expect(Math.abs(inAll - heldOutFraction * size)).toBeLessThanOrEqual(0.5 + 1e-6);
          expect(inAll + count(placements, 'train')).toBe(size);
          for (const { name, train, heldOut } of countSplit(keys, placements, 0).strata) {
            const members = keys.filter(({ stratum }) => stratum === name).length;
            expect(train + heldOut).toBe(members);
            expect(Math.abs(heldOut - heldOutFraction * members)).toBeLessThan(1);
          }
        },
      ),
      { seed: 20261122, numRuns: 150 },
    );
  });

  it('takes exact shares where they are whole, for every fraction of a hundred', () => {
    const keys = keysOf(distinct(100, 1).map((each) => ({ ...each, answer: 'A' })));
    for (let percent = 0; percent <= 90; percent++) {
      const placements = splitCases(keys, { heldOutFraction: percent / 100, splitSeed: percent });
      expect(count(placements, 'held-out')).toBe(percent);
    }
  });

  it('does not depend on the order of the rows', () => {
    const rows = distinct(200, 7);
    const split = { heldOutFraction: 0.3, splitSeed: 5 };
    const forward = splitCases(keysOf(rows), split);
    const backward = splitCases(keysOf([...rows].reverse()), split).reverse();
    expect(backward).toEqual(forward);
  });

  it('moves at most five cases when one is added', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 10, max: 200 }),
        fc.integer({ min: 1, max: 20 }),
        fc.nat(),
        (size, strata, splitSeed) => {
          const split = { heldOutFraction: 0.25, splitSeed };
          const rows = distinct(size + 1, strata);
          const before = splitCases(keysOf(rows.slice(0, size)), split);
          const after = splitCases(keysOf(rows), split);
          expect(before.filter((each, index) => each !== after[index]).length).toBeLessThanOrEqual(5);
        },
      ),
      { seed: 20261122, numRuns: 200 },
    );
  });

  it('chooses others by another seed, about as many in common as chance has', () => {
    const keys = keysOf(distinct(1_000, 1));
    const [one, two] = [1, 2].map((splitSeed) => splitCases(keys, { heldOutFraction: 0.5, splitSeed }));
    const common = one!.filter((each, index) => each === 'held-out' && two![index] === 'held-out').length;
    // 500 of 1000, and 500 again: 250 in common on average, standard deviation 7.9.
    expect(Math.abs(common - 250)).toBeLessThan(40);
  });

  it('keeps a question on one side, also with other options and in other strata', () => {
    const rows = distinct(60, 3).flatMap((each) => [
      each,
      { ...each, options: { A: 'Yes', B: 'Perhaps' }, facets: { exam: 'other' } },
    ]);
    const placements = splitCases(keysOf(rows), { heldOutFraction: 0.4, splitSeed: 3 });
    for (let i = 0; i < rows.length; i += 2) expect(placements[i]).toBe(placements[i + 1]);
    expect(count(placements, 'held-out')).toBe(48);
  });

  it('keeps the first of repeats, and none of a contradiction', () => {
    const contradiction = ['A', 'A', 'B', 'A'].map((answer) => row({ answer }));
    const repeat = [row({ question: 'Was it?' }), row({ question: 'was IT?' })];
    const swapped = row({ question: 'Was it?', options: { A: 'No', B: 'Yes' }, answer: 'B' });
    const keys = keysOf([...contradiction, ...repeat, swapped]);
    const placements = splitCases(keys, { heldOutFraction: 0, splitSeed: 0 });
    expect(placements).toEqual(['conflict', 'conflict', 'conflict', 'conflict', 'train', 'repeat', 'repeat']);
    expect(countSplit(keys, placements, 2)).toEqual({
      train: 1,
      heldOut: 0,
      repeats: 2,
      conflicts: 4,
      unlabelled: 2,
      strata: [
        { name: 'A', train: 1, heldOut: 0 },
        { name: 'B', train: 0, heldOut: 0 },
      ],
      strataInAll: 2,
    });
  });

  it('takes time in proportion to the rows, also when all ask the same', () => {
    const rows = Array.from({ length: 100_000 }, (_, i) => row({ options: { A: 'Yes', B: `No ${i}` } }));
    const started = performance.now();
    const placements = splitCases(keysOf(rows), { heldOutFraction: 0.5, splitSeed: 1 });
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(new Set(placements).size).toBe(1);
  });
});
