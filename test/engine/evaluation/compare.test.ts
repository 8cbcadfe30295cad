import { describe, expect, it } from 'vitest';
import { NEVER_PAUSED } from '../../../src/engine/crpo/environment';
import * as paired from '../../../src/engine/evaluation/compare';
import type { EvaluatedCase } from '../../../src/protocol';
import { caseOf, casesOf, sampleOf } from './made';

const compare = (first: readonly EvaluatedCase[], second: readonly EvaluatedCase[], seed: number) =>
  paired.compare(first, second, seed, NEVER_PAUSED);

describe('compare', () => {
  it('pairs cases and counts who changed', async () => {
    const before = casesOf('A', 'B', 'B', 'B', '-', 'A');
    const after = casesOf('A', 'A', 'A', 'A', 'B', 'B');
    const { mcnemar, accuracy, reward, cases, unmatched } = await compare(before, after, 1);
    expect({ cases, unmatched }).toEqual({ cases: 6, unmatched: 0 });
    expect(mcnemar).toEqual({
      improved: ['case-1', 'case-2', 'case-3'],
      regressed: ['case-5'],
      bothCorrect: 1,
      bothWrong: 1,
      pValue: 0.625, // 2 · (1 + 4) / 2⁴
    });
    // (0 + 1 + 1 + 1 + 0 − 1) / 6, and ten times that.
    expect(accuracy.value).toBeCloseTo(1 / 3, 15);
    expect(reward.value).toBeCloseTo(10 / 3, 14);
    // Of all 6⁶ resamples 0.9 % sum to −3 or less and 3.3 % to −2 or less, 92.2 % to 4 or less and
    // 98.4 % to 5 or less: the quantiles are −2/6 and 5/6.
    expect(accuracy.interval!.low).toBeCloseTo(-1 / 3, 15);
    expect(accuracy.interval!.high).toBeCloseTo(5 / 6, 15);
  });

  it('is the difference of a shared resample: equal results have no spread', async () => {
    const cases = casesOf('A', 'B', 'A', '-', 'B');
    const { accuracy, mcnemar } = await compare(cases, structuredClone(cases), 1);
    expect(accuracy).toEqual({ value: 0, interval: { low: 0, high: 0 }, cases: 5 });
    expect(mcnemar.pValue).toBe(1);
  });

  it('is antisymmetric in the difference, and symmetric in p', async () => {
    const [one, other] = [casesOf('A', 'B', 'B', 'A'), casesOf('B', 'A', 'A', 'A')];
    const forth = await compare(one, other, 2);
    const back = await compare(other, one, 2);
    expect(back.accuracy.value).toBe(-forth.accuracy.value!);
    expect(back.mcnemar.pValue).toBe(forth.mcnemar.pValue);
    expect(back.mcnemar.improved).toEqual(forth.mcnemar.regressed);
  });

  it('leaves out cases that only one has, also where the question is another', async () => {
    const before = casesOf('A', 'B', 'B');
    const after = [caseOf(0, 'A'), caseOf(1, 'A', { question: 'Another?' }), caseOf(7, 'A')];
    expect(await compare(before, after, 1)).toMatchObject({ cases: 1, unmatched: 4 });
    await expect(compare(before, [caseOf(7, 'A')], 1)).rejects.toThrow('received two that share none');
  });

  it('compares policies with different numbers of samples by case', async () => {
    // Means per case: ¾ and ½ against 1 and 0.
    const result = await compare(casesOf('AAAB', 'ABAB'), casesOf('A', 'B'), 1);
    expect(result.accuracy.value).toBeCloseTo((0.25 - 0.5) / 2, 15);
    // The majority of ABAB is A, a tie that goes to the first seen.
    expect(result.mcnemar).toMatchObject({ bothCorrect: 1, regressed: ['case-1'] });
  });

  it('compares an objective where both have it', async () => {
    const with_ = (value: number | null) => [
      { ...caseOf(0, 'A'), samples: [sampleOf('A', { rewards: { citation: value } })] },
      caseOf(1, 'A'),
    ];
    expect((await compare(with_(0.25), with_(0.75), 1)).objectives.citation).toMatchObject({
      value: 0.5,
      cases: 1,
    });
    expect((await compare(with_(null), with_(0.75), 1)).objectives.citation).toMatchObject({
      value: null,
      cases: 0,
    });
  });
});
