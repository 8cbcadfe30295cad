/** The evaluated cases of one dataset → its result: every figure with its interval over cases. */
import type {
  AnswerOutcome,
  AtK,
  DatasetResult,
  EvaluatedCase,
  EvaluatedSample,
  EvaluationDatasetFacts,
  LetterBias,
  ResultSlice,
} from '../../protocol';
import type { Pausable } from '../crpo/environment';
import type { Ratio } from './bootstrap';
import { RESPONSE_COUNTS } from './counts';
import { estimates, perCase, perSample, proportion } from './figures';
import { majorityAnswer, passAtK, totalVariation } from './statistics';

/** A facet value with fewer cases says nothing. */
const SLICE_CASES = 5;

export interface SummarySettings {
  /** Completions that every case has; an import may have fewer for some. */
  readonly samples: number;
  /** Of the bootstrap. */
  readonly seed: number;
}

/** Deterministic: the same cases, the same result to the last bit, wherever the host breathes. */
export async function summarize(
  { datasetId, name, part }: Pick<EvaluationDatasetFacts, 'datasetId' | 'name' | 'part'>,
  cases: readonly EvaluatedCase[],
  { samples: samplesPerCase, seed }: SummarySettings,
  host: Pausable,
): Promise<DatasetResult> {
  const objectives = objectiveNames(cases);
  const counts = RESPONSE_COUNTS.filter((count) => cases.some((each) => hasCount(each, count.name)));
  const ks = sampleCounts(
    cases.reduce((least, { samples }) => Math.min(least, samples.length), samplesPerCase),
  );
  const slices = slicesOf(cases);
  const accuracy = perSample(cases, isCorrect);
  const parsable = perSample(cases, (sample) => (sample.outcome === 'valid' ? isCorrect(sample) : null));
  const truncated = perSample(cases, (sample) => Number(sample.truncated));
  const figures = await estimates<string>(
    {
      accuracy,
      parsable,
      truncated,
      reward: perSample(cases, ({ reward }) => reward),
      tokens: perSample(cases, ({ tokens }) => tokens),
      ...named('objective', objectives, (objective) =>
        perSample(cases, ({ rewards }) => rewards[objective] ?? null),
      ),
      ...named(
        'count',
        counts.map((count) => count.name),
        (count) => perSample(cases, (sample) => sample.counts[count] ?? null),
      ),
      ...named('pass', ks, (k) =>
        perCase(cases, ({ samples }) => passAtK(samples.length, correctOf(samples), k)),
      ),
      ...named('maj', ks, (k) => perCase(cases, ({ samples }) => majorityCorrect(samples.slice(0, k)))),
      ...Object.fromEntries(slices.map(({ ratio }, index) => [`slice/${index}`, ratio])),
    },
    cases.length,
    seed,
    host,
  );
  const independent = samplesPerCase === 1;
  const share = (ratio: Ratio, figure: string) => proportion(ratio, figures[figure]!.interval, independent);
  const atK = (kind: 'pass' | 'maj'): AtK[] => ks.map((k) => ({ k, estimate: figures[`${kind}/${k}`]! }));
  return {
    datasetId,
    datasetName: name,
    part,
    cases: cases.length,
    samplesPerCase,
    accuracy: share(accuracy, 'accuracy'),
    accuracyOfParsable: share(parsable, 'parsable'),
    passAt: atK('pass'),
    majAt: atK('maj'),
    objectives: Object.fromEntries(objectives.map((each) => [each, figures[`objective/${each}`]!])),
    reward: figures.reward!,
    counts: counts.map(({ name: count, label, comparableWith }) => ({
      name: count,
      label,
      comparableWith,
      perResponse: figures[`count/${count}`]!,
    })),
    tokens: figures.tokens!,
    truncated: share(truncated, 'truncated'),
    outcomes: outcomesOf(cases),
    letters: letterBias(cases),
    slices: slices.map(({ facet, value, cases: size, ratio }, index): ResultSlice => {
      return { facet, value, cases: size, accuracy: share(ratio, `slice/${index}`) };
    }),
  };
}

/** 1, 2, 4, … below n, and n. */
export function sampleCounts(n: number): number[] {
  const counts: number[] = [];
  for (let k = 1; k < n; k *= 2) counts.push(k);
  return [...counts, n];
}

/** 1 or 0: whether the majority answer is right. */
export function majorityCorrect(samples: readonly EvaluatedSample[]): number {
  const winner = majorityAnswer(samples.map(({ answer }) => answer));
  return Number(winner !== null && samples.some(({ answer, correct }) => correct && answer === winner));
}

export function objectiveNames(cases: readonly EvaluatedCase[]): string[] {
  return [...new Set(cases.flatMap(({ samples }) => samples.flatMap(({ rewards }) => Object.keys(rewards))))];
}

function named<Key extends string | number>(
  kind: string,
  keys: readonly Key[],
  ratio: (key: Key) => Ratio,
): Record<string, Ratio> {
  return Object.fromEntries(keys.map((key) => [`${kind}/${key}`, ratio(key)]));
}

function isCorrect({ correct }: EvaluatedSample): number {
  return Number(correct);
}

function correctOf(samples: readonly EvaluatedSample[]): number {
  return samples.filter(({ correct }) => correct).length;
}

function hasCount({ samples }: EvaluatedCase, name: string): boolean {
  return samples.some(({ counts }) => counts[name] !== undefined);
}

function outcomesOf(cases: readonly EvaluatedCase[]): DatasetResult['outcomes'] {
  const outcomes: Partial<Record<AnswerOutcome, number>> = {};
  for (const { samples } of cases) {
    for (const { outcome } of samples) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  return outcomes;
}

/** Open questions have no letters; null where all are open, or no letter was answered. */
function letterBias(cases: readonly EvaluatedCase[]): LetterBias | null {
  const lettered = cases.filter(({ case: { answer } }) => answer !== null);
  const letters = [...new Set(lettered.flatMap((each) => Object.keys(each.case.options)))].sort();
  const golds = lettered.map((each) => each.case.answer);
  const answers = lettered.flatMap(({ samples }) => samples.map(({ answer }) => answer));
  const tally = (values: readonly (string | null)[]) =>
    letters.map((letter) => values.filter((value) => value === letter).length);
  const [gold, predicted] = [tally(golds), tally(answers)];
  if (predicted.every((count) => count === 0)) return null;
  return {
    letters: letters.map((letter, i) => ({ letter, gold: gold[i]!, predicted: predicted[i]! })),
    totalVariation: totalVariation(predicted, gold),
  };
}

/** One value of one facet, and the cases that have it. */
interface Slice {
  readonly facet: string;
  readonly value: string;
  readonly cases: number;
  readonly ratio: Ratio;
}

function slicesOf(cases: readonly EvaluatedCase[]): Slice[] {
  const facets = [...new Set(cases.flatMap((each) => Object.keys(each.case.facets ?? {})))].sort();
  return facets.flatMap((facet) => {
    const groups = new Map<string, number[]>();
    for (const [position, each] of cases.entries()) {
      const value = each.case.facets?.[facet];
      if (value === undefined) continue;
      const group = groups.get(value);
      if (group === undefined) groups.set(value, [position]);
      else group.push(position);
    }
    return [...groups]
      .filter(([, positions]) => positions.length >= SLICE_CASES)
      .sort(([, a], [, b]) => b.length - a.length)
      .map(([value, positions]): Slice => {
        const own = positions.map((position) => cases[position]!);
        const ratio = { ...perSample(own, isCorrect), positions: Uint32Array.from(positions) };
        return { facet, value, cases: positions.length, ratio };
      });
  });
}
