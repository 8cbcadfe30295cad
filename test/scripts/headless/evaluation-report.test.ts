import { describe, expect, it } from 'vitest';
import { evaluationStatus, evaluationTable } from '../../../scripts/headless/evaluation-report.mjs';
import type { DatasetResult, Estimate, EvaluationComparison, Proportion } from '../../../src/protocol';

const estimate = (value: number | null, low?: number, high?: number): Estimate => ({
  value,
  interval: low === undefined ? null : { low, high: high! },
  cases: 32,
});

const share = (count: number, of: number, changes: Partial<Proportion> = {}): Proportion => ({
  count,
  of,
  value: of === 0 ? null : count / of,
  wilson: null,
  bootstrap: null,
  ...changes,
});

const result: DatasetResult = {
  datasetId: 'd',
  datasetName: 'heldout.jsonl',
  part: 'all',
  cases: 32,
  samplesPerCase: 1,
  accuracy: share(8, 32, { wilson: { low: 0.1325, high: 0.4211 }, bootstrap: { low: 0.1, high: 0.4 } }),
  accuracyOfParsable: share(8, 20),
  passAt: [{ k: 1, estimate: estimate(0.25, 0.1, 0.4) }],
  majAt: [{ k: 1, estimate: estimate(0.25, 0.1, 0.4) }],
  objectives: { accuracy: estimate(0.25, 0.1, 0.4), faithfulness: estimate(null) },
  reward: estimate(-0.5, -1, 0),
  counts: [
    { name: 'cited', label: 'Case findings cited', comparableWith: 'CECD', perResponse: estimate(1.5, 1, 2) },
  ],
  tokens: estimate(40.25, 38, 42),
  truncated: share(16, 32),
  outcomes: { valid: 20, 'no-box': 12 },
  letters: { letters: [], totalVariation: 0.125 },
  slices: [],
};

const before = { when: 'before', step: 0, result } as const;

describe('evaluationTable', () => {
  it('sets before beside after, with n and intervals, and says what changed', () => {
    const after = {
      when: 'after',
      step: 9,
      result: { ...result, accuracy: share(24, 32), reward: estimate(1.5, 1, 2), letters: null },
    } as const;
    const comparison: EvaluationComparison = {
      first: { id: 'a', dataset: 0 },
      second: { id: 'b', dataset: 0 },
      cases: 32,
      unmatched: 0,
      accuracy: estimate(0.5, 0.3, 0.7),
      reward: estimate(-2, -3, -1),
      objectives: {},
      tokens: estimate(0),
      mcnemar: {
        improved: ['1', '2', '3'],
        regressed: ['4'],
        bothCorrect: 8,
        bothWrong: 20,
        pValue: 0.00001,
      },
    };
    expect(evaluationTable([before, after], comparison).split('\n')).toEqual([
      'heldout.jsonl: n = 32 cases, greedy; 95 % intervals',
      '                                                       before                  after',
      '  correct / total                  8/32 (25.0 %) [13.3, 42.1]         24/32 (75.0 %)',
      '  correct / parsable                            8/20 (40.0 %)          8/20 (40.0 %)',
      '  mean accuracy                          0.250 [0.100, 0.400]   0.250 [0.100, 0.400]',
      '  mean faithfulness                                         –                      –',
      '  mean reward                          -0.500 [-1.000, 0.000]   1.500 [1.000, 2.000]',
      '  case findings cited / response         1.500 [1.000, 2.000]   1.500 [1.000, 2.000]',
      '  mean tokens                               40.3 [38.0, 42.0]      40.3 [38.0, 42.0]',
      '  cut at the limit                             16/32 (50.0 %)         16/32 (50.0 %)',
      '  without a valid answer                                12/32                  12/32',
      '  letter bias (total variation)                         0.125                      –',
      '  after − before, paired over 32 cases: accuracy +0.500 [0.300, 0.700], reward -2.000 [-3.000, -1.000]',
      '  3 improved, 1 regressed, 28 unchanged; exact McNemar p = 1.0e-5',
    ]);
  });

  it('adds pass@k and maj@k where there are more samples, with the bootstrap’s interval', () => {
    const two = {
      ...result,
      samplesPerCase: 2,
      accuracy: share(16, 64, { bootstrap: { low: 0.1, high: 0.4 } }),
      passAt: [1, 2].map((k) => ({ k, estimate: estimate(k / 4, 0.1, 0.9) })),
      majAt: [1, 2].map((k) => ({ k, estimate: estimate(k / 8) })),
    };
    const table = evaluationTable([{ ...before, result: two }], null);
    expect(table).toContain('n = 32 cases, 2 samples each');
    expect(table).toMatch(/correct \/ total +16\/64 \(25\.0 %\) \[10\.0, 40\.0\]/);
    expect(table).toMatch(/pass@2 +0\.500 \[0\.100, 0\.900\]/);
    expect(table).toMatch(/maj@2 +0\.250\n/);
    expect(table).not.toContain('McNemar');
  });

  it('divides nothing by zero', () => {
    const none = { ...result, accuracyOfParsable: share(0, 0) };
    expect(evaluationTable([{ ...before, result: none }], null)).toMatch(/correct \/ parsable +0\/0\n/);
  });
});

describe('evaluationStatus', () => {
  const progress = { id: 'e', dataset: 0, completions: 4, correct: 1 };

  it('says how far, how fast and what is left', () => {
    // 4 of 10 cases in 20 s: 5 s each, six left. 300 tokens in 20 s.
    expect(evaluationStatus({ ...progress, done: 4, total: 10, tokens: 300, elapsedMs: 20_000 })).toBe(
      'evaluating 4/10  15 tokens/s  ETA 30 s',
    );
  });

  it('does not guess before the first case, nor after the last', () => {
    expect(evaluationStatus({ ...progress, done: 0, total: 10, tokens: 0, elapsedMs: 0 })).toBe(
      'evaluating 0/10',
    );
    expect(evaluationStatus({ ...progress, done: 10, total: 10, tokens: 10, elapsedMs: 1000 })).toBe(
      'evaluating 10/10  10 tokens/s',
    );
  });
});
