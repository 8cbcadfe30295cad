/** Results of evaluations as the page reads them: cases in short, filtered; figures with their intervals. */
import type {
  AnswerOutcome,
  Estimate,
  EvaluatedCase,
  EvaluatedPolicyFacts,
  EvaluationSummary,
  Interval,
  Proportion,
} from '../../protocol';
import { preview } from './completion';
import { formatCount, formatFixed, formatNumber, formatPercent } from './format';

export const OUTCOMES: Readonly<Record<AnswerOutcome, string>> = {
  valid: 'a valid answer',
  'no-box': 'no box',
  'several-boxes': 'several boxes',
  'box-not-closed': 'a box that is not closed',
  'not-a-letter': 'no letter in the box',
  'not-an-option': 'a letter that is no option',
  'no-room': 'no room after the prompt',
};

/** What a table shows of a case; its texts stay in storage until it is opened. */
export interface CaseRow {
  readonly index: number;
  readonly id: string;
  readonly question: string;
  readonly gold: string | null;
  /** Answer → completions that gave it, most frequent first; '–' stands for the unparsable ones. */
  readonly answers: readonly (readonly [answer: string, count: number])[];
  /** The answer that was counted as correct; null: none was. */
  readonly rightAnswer: string | null;
  readonly samples: number;
  readonly correct: number;
  readonly unparsable: number;
  /** Means over the samples that have one; null: none has. */
  readonly reward: number | null;
  readonly tokens: number | null;
  readonly truncated: number;
}

const NO_ANSWER = '–';

export function caseRow({ index, case: asked, samples }: EvaluatedCase): CaseRow {
  const answers = new Map<string, number>();
  for (const { answer } of samples)
    answers.set(answer ?? NO_ANSWER, (answers.get(answer ?? NO_ANSWER) ?? 0) + 1);
  return {
    index,
    id: asked.id,
    question: preview(asked.question),
    gold: asked.answer ?? asked.openAnswer ?? null,
    answers: [...answers].sort((a, b) => b[1] - a[1]),
    rightAnswer: samples.find(({ correct }) => correct)?.answer ?? null,
    samples: samples.length,
    correct: samples.filter(({ correct }) => correct).length,
    unparsable: samples.filter(({ outcome }) => outcome !== 'valid').length,
    reward: meanOf(samples.map(({ reward }) => reward)),
    tokens: meanOf(samples.map(({ tokens }) => tokens)),
    truncated: samples.filter(({ truncated }) => truncated).length,
  };
}

function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

export const CASE_FILTERS = {
  all: { label: 'all', keeps: () => true },
  wrong: { label: 'wrong', keeps: ({ correct, samples }) => correct < samples },
  unparsable: { label: 'unparsable', keeps: ({ unparsable }) => unparsable > 0 },
  disagreeing: { label: 'disagreeing', keeps: ({ answers }) => answers.length > 1 },
} as const satisfies Readonly<
  Record<string, { readonly label: string; readonly keeps: (row: CaseRow) => boolean }>
>;

export type CaseFilter = keyof typeof CASE_FILTERS;

/** 0.82 [0.71, 0.93] */
export function formatEstimate({ value, interval }: Estimate, digits = 2): string {
  const format = (each: number) => formatFixed(each, digits);
  return value === null ? '–' : `${format(value)}${interval ? ` ${formatInterval(interval, format)}` : ''}`;
}

export const formatInterval = ({ low, high }: Interval, format: (value: number) => string): string =>
  `[${format(low)}, ${format(high)}]`;

/** A fraction in percent: 75.0 % [50.5, 89.8]. */
export function formatShare(value: number | null, interval: Interval | null): string {
  const points = (each: number) => formatFixed(100 * each, 1);
  return `${formatPercent(value)}${interval ? ` ${formatInterval(interval, points)}` : ''}`;
}

/** Wilson's holds for independent completions only; elsewhere the cases are resampled. */
export const intervalOf = ({ wilson, bootstrap }: Proportion): Interval | null => wilson ?? bootstrap;

/** Where the weights came from; whose they are, the evaluation's name says. */
export const POLICIES: Readonly<Record<EvaluatedPolicyFacts['kind'], string>> = {
  current: 'current at the time',
  base: 'base model',
  checkpoint: 'checkpoint',
  imported: 'made elsewhere',
};

/** An exact test's p as it is worth knowing: 0.032, 0.0004, < 0.0001. */
export function formatP(p: number): string {
  if (p < 1e-4) return '< 0.0001';
  return p < 1e-3 ? p.toFixed(4) : p.toFixed(3);
}

/** How the completions were made: greedy, `4 at 1`, or only how many there are. */
export function decodingText({
  policy,
  samples,
  temperature,
}: Pick<EvaluationSummary, 'policy' | 'samples' | 'temperature'>): string {
  if (policy.kind === 'imported') return `${formatCount(samples)} per case`;
  return samples === 1 ? 'greedy' : `${formatCount(samples)} at ${formatNumber(temperature)}`;
}
