import { describe, expect, it } from 'vitest';
import { NEVER_PAUSED } from '../../../src/engine/crpo/environment';
import { majorityCorrect, sampleCounts, summarize } from '../../../src/engine/evaluation/summary';
import { caseOf, casesOf, sampleOf } from './made';

const dataset = { datasetId: 'data-1', name: 'Made', part: 'held-out' } as const;
const summaryOf = (cases: Parameters<typeof summarize>[1], samples = cases[0]!.samples.length) =>
  summarize(dataset, cases, { samples, seed: 3 }, NEVER_PAUSED);

describe('summarize', () => {
  it('counts over all and over the parsable, with both intervals', async () => {
    const result = await summaryOf(casesOf('A', 'B', '-', 'A'));
    expect(result).toMatchObject({ datasetName: 'Made', part: 'held-out', cases: 4, samplesPerCase: 1 });
    expect(result.accuracy).toMatchObject({ count: 2, of: 4, value: 0.5 });
    expect(result.accuracyOfParsable).toMatchObject({ count: 2, of: 3, value: 2 / 3 });
    // Wilson for 2 of 4, as scipy has it.
    expect(result.accuracy.wilson!.low).toBeCloseTo(0.15003898915214953, 12);
    expect(result.accuracy.wilson!.high).toBeCloseTo(0.8499610108478505, 12);
    const { low, high } = result.accuracy.bootstrap!;
    expect(low).toBe(0);
    expect(high).toBe(1);
    expect(result.outcomes).toEqual({ valid: 3, 'no-box': 1 });
    expect(result.reward).toMatchObject({ value: 5, cases: 4 });
    expect(result.tokens.value).toBe(10);
  });

  it('gives pass@k and maj@k for one, the powers of two and all', async () => {
    // Case 1: 2 of 3 correct; case 2: 1 of 3, and its majority B is wrong.
    const result = await summaryOf(casesOf('BAA', 'BBA'));
    expect(result.passAt.map(({ k }) => k)).toEqual([1, 2, 3]);
    const value = ({ estimate }: (typeof result.passAt)[number]) => estimate.value;
    expect(value(result.passAt[0]!)).toBeCloseTo((2 / 3 + 1 / 3) / 2, 15);
    // Pairs without a correct one: none of 3 for case 1; 1 of 3 for case 2.
    expect(value(result.passAt[1]!)).toBeCloseTo((1 + 2 / 3) / 2, 15);
    expect(value(result.passAt[2]!)).toBe(1);
    // First: B and B. First two: B (a tie, seen first) and B. All: A and B.
    expect(result.majAt.map(value)).toEqual([0, 0, 0.5]);
    expect(result.accuracy).toMatchObject({ count: 3, of: 6, wilson: null });
    expect(result.accuracy.bootstrap).not.toBeNull();
  });

  it('leaves out what does not apply, and says to how many cases it applied', async () => {
    const cases = casesOf('A', 'A', 'A', 'A');
    const [first, second] = cases;
    const scored = [
      { ...first!, samples: [sampleOf('A', { rewards: { citation: 0.5 }, counts: { cited: 4 } })] },
      { ...second!, samples: [sampleOf('A', { rewards: { citation: null }, counts: { cited: 1 } })] },
      { ...cases[2]!, samples: [sampleOf('A', { rewards: { citation: 0.1 }, tokens: null })] },
    ];
    const { objectives, counts, tokens } = await summaryOf(scored);
    expect(objectives.citation).toMatchObject({ value: 0.3, cases: 2 });
    expect(counts).toEqual([
      {
        name: 'cited',
        label: 'Case findings cited',
        comparableWith: 'CECD (Clinical-R1, judge model)',
        perResponse: expect.objectContaining({ value: 2.5, cases: 2 }),
      },
    ]);
    expect(tokens).toMatchObject({ value: 10, cases: 2 });
    expect((await summaryOf([{ ...first!, samples: [sampleOf('A', { tokens: null })] }])).tokens).toEqual({
      value: null,
      interval: null,
      cases: 0,
    });
  });

  it('measures whether letters are preferred', async () => {
    // Gold: A 3, C 1. Answered: B 3, A 1: ½ (|1/4 − 3/4| + |3/4 − 0| + |0 − 1/4|) = 0.75.
    const cases = [...casesOf('A', 'B', 'B'), caseOf(3, 'B', { answer: 'C' })];
    expect((await summaryOf(cases)).letters).toEqual({
      letters: [
        { letter: 'A', gold: 3, predicted: 1 },
        { letter: 'B', gold: 0, predicted: 3 },
        { letter: 'C', gold: 1, predicted: 0 },
      ],
      totalVariation: 0.75,
    });
    expect((await summaryOf(casesOf('-', '-'))).letters).toBeNull();
    expect(
      (await summaryOf([caseOf(0, 'A', { answer: null, openAnswer: 'gout', options: {} })])).letters,
    ).toBeNull();
  });

  it('slices by facets that have five cases', async () => {
    const cases = Array.from({ length: 11 }, (_, index) =>
      caseOf(index, index < 6 ? 'A' : 'B', { facets: { step: index < 6 ? '1' : '2', rare: `${index}` } }),
    );
    const slices = (await summaryOf(cases)).slices;
    expect(slices.map(({ facet, value, cases }) => [facet, value, cases])).toEqual([
      ['step', '1', 6],
      ['step', '2', 5],
    ]);
    expect(slices[0]!.accuracy).toMatchObject({ count: 6, of: 6, value: 1 });
    // Wilson for 6 of 6, as scipy has it.
    expect(slices[0]!.accuracy.wilson!.low).toBeCloseTo(0.6096657120978346, 12);
  });

  it('is a function of cases and seed', async () => {
    const cases = casesOf('AB', '-B', 'AA', 'BB', 'BA');
    expect(await summaryOf(cases)).toEqual(await summaryOf(structuredClone(cases)));
    const other = await summarize(dataset, cases, { samples: 2, seed: 4 }, NEVER_PAUSED);
    expect(other.accuracy.value).toBe((await summaryOf(cases)).accuracy.value);
  });
});

describe('sampleCounts', () => {
  it('names one, the powers of two below, and all', () => {
    expect([1, 2, 3, 8, 12].map(sampleCounts)).toEqual([
      [1],
      [1, 2],
      [1, 2, 3],
      [1, 2, 4, 8],
      [1, 2, 4, 8, 12],
    ]);
  });
});

describe('majorityCorrect', () => {
  it('is wrong when nothing is valid', () => {
    expect(majorityCorrect([...'--'].map((answer) => sampleOf(answer)))).toBe(0);
    expect(majorityCorrect([...'-A'].map((answer) => sampleOf(answer)))).toBe(1);
  });
});
