import { describe, expect, it } from 'vitest';
import {
  CASE_FILTERS,
  caseRow,
  formatEstimate,
  formatP,
  formatShare,
  intervalOf,
} from '../../../src/studio/store/results';
import {
  estimate,
  evaluatedCase,
  proportion,
  sample,
  unparsableSample,
  wrongSample,
} from '../evaluation-records';

describe('a case in short', () => {
  it('counts answers, the right ones, the unparsable ones, and takes means of what is known', () => {
    const row = caseRow(
      evaluatedCase(
        3,
        wrongSample('C'),
        sample({ reward: 10, tokens: 30 }),
        sample({ reward: null, tokens: null, truncated: true }),
        unparsableSample(),
      ),
    );
    expect(row).toEqual({
      index: 3,
      id: 'case-3',
      question: 'Question 3?',
      gold: 'A',
      answers: [
        ['A', 2],
        ['C', 1],
        ['–', 1],
      ],
      rightAnswer: 'A',
      samples: 4,
      correct: 2,
      unparsable: 1,
      reward: (0.5 + 10 + 0) / 3,
      tokens: (20 + 30 + 20) / 3,
      truncated: 1,
    });
  });

  it('has no means where nothing is known', () => {
    const row = caseRow(evaluatedCase(0, sample({ reward: null, tokens: null })));
    expect([row.reward, row.tokens]).toEqual([null, null]);
  });

  it('is wrong, unparsable or disagreeing by any of its completions', () => {
    const rows = {
      right: caseRow(evaluatedCase(0, sample(), sample())),
      mixed: caseRow(evaluatedCase(1, sample(), wrongSample())),
      silent: caseRow(evaluatedCase(2, unparsableSample(), unparsableSample())),
    };
    const kept = Object.entries(CASE_FILTERS).map(([filter, { keeps }]) => [
      filter,
      Object.entries(rows)
        .filter(([, row]) => keeps(row))
        .map(([name]) => name),
    ]);
    expect(Object.fromEntries(kept)).toEqual({
      all: ['right', 'mixed', 'silent'],
      wrong: ['mixed', 'silent'],
      unparsable: ['silent'],
      disagreeing: ['mixed'],
    });
  });
});

describe('figures', () => {
  it('carry their intervals, where there are any', () => {
    expect(formatEstimate(estimate(0.82, 0.711, 0.934))).toBe('0.82 [0.71, 0.93]');
    expect(formatEstimate(estimate(-1.5, -2, -1), 1)).toBe('−1.5 [−2.0, −1.0]');
    expect(formatEstimate(estimate(3))).toBe('3.00');
    expect(formatEstimate(estimate(null))).toBe('–');
    expect(formatShare(0.75, { low: 0.505, high: 0.898 })).toBe('75.0 % [50.5, 89.8]');
    expect(formatShare(null, null)).toBe('–');
  });

  it('take Wilson’s interval where it holds and the bootstrap’s elsewhere', () => {
    expect(intervalOf(proportion(12, 16))).toEqual({ low: 0.505, high: 0.898 });
    expect(intervalOf(proportion(12, 16, { wilson: null }))).toEqual({ low: 0.5, high: 0.9375 });
  });

  it('never print a p of zero', () => {
    expect([0.5, 0.0321, 0.00041, 1e-9].map(formatP)).toEqual(['0.500', '0.032', '0.0004', '< 0.0001']);
  });
});
