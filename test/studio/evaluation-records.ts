/** Evaluations that the studio's tests are made from: small, complete, and each overridable. */
import type {
  DatasetResult,
  Estimate,
  EvaluatedCase,
  EvaluatedSample,
  EvaluationComparison,
  EvaluationProgress,
  EvaluationSummary,
  Proportion,
} from '../../src/protocol';
import { config, model } from './records';

export const estimate = (value: number | null, low?: number, high?: number, cases = 16): Estimate => ({
  value,
  interval: low === undefined || high === undefined ? null : { low, high },
  cases,
});

export const proportion = (count: number, of: number, changes: Partial<Proportion> = {}): Proportion => ({
  count,
  of,
  value: of === 0 ? null : count / of,
  wilson: { low: 0.505, high: 0.898 },
  bootstrap: { low: 0.5, high: 0.9375 },
  ...changes,
});

export const progress = (done: number, changes: Partial<EvaluationProgress> = {}): EvaluationProgress => ({
  id: 'evaluation-1',
  dataset: 0,
  done,
  total: 16,
  tokens: 40 * done,
  elapsedMs: 1000 * done,
  completions: done,
  correct: Math.floor(done / 2),
  ...changes,
});

export const result = (changes: Partial<DatasetResult> = {}): DatasetResult => ({
  datasetId: 'data-1',
  datasetName: 'heldout.jsonl',
  part: 'all',
  cases: 16,
  samplesPerCase: 1,
  accuracy: proportion(12, 16),
  accuracyOfParsable: proportion(12, 15),
  passAt: [{ k: 1, estimate: estimate(0.75, 0.5, 0.94) }],
  majAt: [{ k: 1, estimate: estimate(0.75, 0.5, 0.94) }],
  objectives: {
    accuracy: estimate(0.75, 0.5, 0.94),
    format: estimate(1.2, 1, 1.4),
    language: estimate(null),
  },
  reward: estimate(8.7, 6.1, 10.9),
  counts: [
    {
      name: 'cited',
      label: 'Case findings cited',
      comparableWith: 'CECD (Clinical-R1, judge model)',
      perResponse: estimate(2.5, 2.1, 2.9),
    },
  ],
  tokens: estimate(41.5, 38, 45),
  truncated: proportion(1, 16),
  outcomes: { valid: 15, 'no-box': 1 },
  letters: {
    letters: [
      { letter: 'A', gold: 8, predicted: 12 },
      { letter: 'B', gold: 8, predicted: 3 },
    ],
    totalVariation: 0.3,
  },
  slices: [
    { facet: 'specialty', value: 'neurology', cases: 9, accuracy: proportion(8, 9) },
    { facet: 'specialty', value: 'urology', cases: 7, accuracy: proportion(4, 7) },
  ],
  ...changes,
});

export const evaluation = (changes: Partial<EvaluationSummary> = {}): EvaluationSummary => ({
  id: 'evaluation-1',
  name: 'brisk-heron step 40',
  createdAt: '2026-11-22T09:30:00.000Z',
  status: 'finished',
  policy: {
    kind: 'checkpoint',
    modelName: model.name,
    modelSha256: model.sha256,
    runId: 'run-1',
    runName: 'brisk-heron',
    checkpointId: 'checkpoint-40',
    step: 40,
  },
  datasets: [{ datasetId: 'data-1', part: 'all', limit: 16, name: 'heldout.jsonl', cases: 16 }],
  samples: 1,
  temperature: 1,
  config,
  progress: progress(16),
  results: [result()],
  ...changes,
});

/** Half way: stored, without results. */
export const pausedEvaluation = (changes: Partial<EvaluationSummary> = {}): EvaluationSummary =>
  evaluation({ status: 'paused', progress: progress(6), results: [], ...changes });

export const sample = (changes: Partial<EvaluatedSample> = {}): EvaluatedSample => ({
  completion: '<dx>Because.</dx><conclusion>So \\boxed{A}</conclusion>',
  outcome: 'valid',
  answer: 'A',
  correct: true,
  tokens: 20,
  truncated: false,
  rewards: { accuracy: 1, format: 1.5, language: null },
  reward: 11.5,
  counts: { cited: 2 },
  ...changes,
});

export const wrongSample = (answer = 'B'): EvaluatedSample =>
  sample({ completion: `It is \\boxed{${answer}}`, answer, correct: false, reward: 0.5 });

export const unparsableSample = (): EvaluatedSample =>
  sample({ completion: 'It is measles', outcome: 'no-box', answer: null, correct: false, reward: 0 });

export const evaluatedCase = (index: number, ...samples: EvaluatedSample[]): EvaluatedCase => ({
  index,
  case: {
    id: `case-${index}`,
    line: index + 1,
    question: `Question ${index}?`,
    options: { A: 'Measles', B: 'Asthma' },
    answer: 'A',
    facets: { specialty: 'neurology' },
  },
  prompt: `Question ${index}?`,
  promptTokens: 12,
  samples: samples.length === 0 ? [sample()] : samples,
});

export const comparison = (changes: Partial<EvaluationComparison> = {}): EvaluationComparison => ({
  first: { id: 'evaluation-0', dataset: 0 },
  second: { id: 'evaluation-1', dataset: 0 },
  cases: 16,
  unmatched: 2,
  accuracy: estimate(0.125, -0.0625, 0.3125),
  reward: estimate(1.5, 0.2, 2.8),
  objectives: { format: estimate(-0.1, -0.3, 0.1) },
  tokens: estimate(3, -2, 8),
  mcnemar: {
    improved: ['case-1', 'case-3'],
    regressed: [],
    bothCorrect: 10,
    bothWrong: 4,
    pValue: 0.5,
  },
  ...changes,
});
