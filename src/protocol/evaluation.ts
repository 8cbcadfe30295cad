/**
 * Evaluations: what is asked for, what is kept of every case, and what is computed from it. A case is
 * the unit that varies between datasets, so every interval is over cases; all are 95 %.
 */
import type { RunConfig } from './config';
import type { DatasetPart } from './datasets';
import type { ClinicalCase, ObjectiveValues } from './records';

export type EvaluatedPolicy =
  /** Of the last run as it is now; without a run, the model as loaded. */
  | { readonly kind: 'current' }
  /** The loaded model before any update. */
  | { readonly kind: 'base' }
  | { readonly kind: 'checkpoint'; readonly id: string };

export interface EvaluatedDataset {
  readonly datasetId: string;
  /** By `config.data`. */
  readonly part: DatasetPart;
  /** Only the first cases of the part; null: all. A whole number ≥ 1. */
  readonly limit: number | null;
}

export interface EvaluationRequest {
  readonly policy: EvaluatedPolicy;
  /** At least one, no dataset and part twice. */
  readonly datasets: readonly EvaluatedDataset[];
  /** Completions per case, 1 … 64. One is decoded greedily, whatever the temperature. */
  readonly samples: number;
  /** Of more than one sample, above 0; the other `sampling` settings of the config hold as well. */
  readonly temperature: number;
  /** Prompt, rewards, completion limit, split and seed; nothing else of it matters. */
  readonly config: RunConfig;
}

/** What came of reading the answer; all but `valid` are extraction failures. */
export type AnswerOutcome =
  /** A letter of the case, or the text of an open answer. */
  | 'valid'
  | 'no-box'
  | 'several-boxes'
  /** One box, but it does not end on its line. */
  | 'box-not-closed'
  /** One box with something else than one capital letter; of an open question, with no text. */
  | 'not-a-letter'
  /** A capital letter that is none of the options. */
  | 'not-an-option'
  /** The prompt leaves no room for a completion in the model's context. */
  | 'no-room';

/** One completion of a case, and what it earned. */
export interface EvaluatedSample {
  readonly completion: string;
  readonly outcome: AnswerOutcome;
  /** The letter, or the normalised text of an open answer; null unless the outcome is `valid`. */
  readonly answer: string | null;
  readonly correct: boolean;
  /** The stop token included; null: an imported completion. */
  readonly tokens: number | null;
  readonly truncated: boolean;
  readonly rewards: ObjectiveValues;
  readonly reward: number | null;
  /** Name of a `ResponseCount` → count; what the objective does not say is missing. */
  readonly counts: Readonly<Record<string, number>>;
}

/** A case with its completions, as it is stored. */
export interface EvaluatedCase {
  /** Position among the evaluated cases of its dataset. */
  readonly index: number;
  readonly case: ClinicalCase;
  readonly prompt: string;
  /** null: imported. */
  readonly promptTokens: number | null;
  readonly samples: readonly EvaluatedSample[];
}

/** `paused`: it can be resumed where it stopped; an evaluation whose tab was closed is paused too. */
export type EvaluationStatus = 'running' | 'paused' | 'finished';

export interface EvaluationProgress {
  readonly id: string;
  /** Index into the evaluation's datasets. */
  readonly dataset: number;
  /** Cases over all datasets. */
  readonly done: number;
  readonly total: number;
  /** Generated so far. */
  readonly tokens: number;
  /** Time at work, pauses left out. */
  readonly elapsedMs: number;
  /** Completions so far, and the correct ones among them. */
  readonly completions: number;
  readonly correct: number;
}

/** Which weights answered. */
export interface EvaluatedPolicyFacts {
  readonly kind: EvaluatedPolicy['kind'] | 'imported';
  readonly modelName: string;
  /** Of the model as loaded, hex; null: imported. */
  readonly modelSha256: string | null;
  readonly runId: string | null;
  readonly runName: string | null;
  readonly checkpointId: string | null;
  /** Updates that the policy has had; null: imported. */
  readonly step: number | null;
}

export interface EvaluationDatasetFacts extends EvaluatedDataset {
  readonly name: string;
  /** Cases to evaluate. */
  readonly cases: number;
}

/** An evaluation as it is listed. */
export interface EvaluationSummary {
  readonly id: string;
  /** For a person: the run or model and its step, or the imported file. */
  readonly name: string;
  readonly createdAt: string;
  readonly status: EvaluationStatus;
  readonly policy: EvaluatedPolicyFacts;
  readonly datasets: readonly EvaluationDatasetFacts[];
  readonly samples: number;
  readonly temperature: number;
  readonly config: RunConfig;
  readonly progress: EvaluationProgress;
  /** One per dataset, in their order; empty until the evaluation is finished. */
  readonly results: readonly DatasetResult[];
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** A mean over cases with its percentile-bootstrap interval. */
export interface Estimate {
  /** null: it applied to no case. */
  readonly value: number | null;
  /** null: fewer than two cases. */
  readonly interval: Interval | null;
  /** Cases it applied to. */
  readonly cases: number;
}

/** A share of completions. */
export interface Proportion {
  readonly count: number;
  readonly of: number;
  /** count / of; null: of nothing. */
  readonly value: number | null;
  /** Wilson's, which needs independent completions: null where cases have more than one. */
  readonly wilson: Interval | null;
  /** Percentile bootstrap over cases; null: fewer than two. */
  readonly bootstrap: Interval | null;
}

/** A share of cases at k completions each. */
export interface AtK {
  readonly k: number;
  readonly estimate: Estimate;
}

/** Something counted per response, beside the column of Clinical-R1's table that it is comparable with. */
export interface ResponseCount {
  /** `cited`, `supported`, `violations`, `rejected`, `verification`, `backtracking`, `subgoals`, `backwardChaining`. */
  readonly name: string;
  readonly label: string;
  /** Counted here by rule, there by a judge model. */
  readonly comparableWith: string;
  readonly perResponse: Estimate;
}

export interface DatasetResult {
  readonly datasetId: string;
  readonly datasetName: string;
  readonly part: DatasetPart;
  readonly cases: number;
  readonly samplesPerCase: number;
  /** Correct completions among all. */
  readonly accuracy: Proportion;
  /** Correct completions among those with a valid answer. */
  readonly accuracyOfParsable: Proportion;
  /** 1 − C(n−c, k) / C(n, k), the mean over cases; k = 1, 2, 4, … and n. */
  readonly passAt: readonly AtK[];
  /** The most frequent valid answer of the first k; ties: the first seen; none valid: wrong. */
  readonly majAt: readonly AtK[];
  readonly objectives: Readonly<Record<string, Estimate>>;
  readonly reward: Estimate;
  readonly counts: readonly ResponseCount[];
  readonly tokens: Estimate;
  readonly truncated: Proportion;
  /** Completions by outcome; the outcomes that did not occur are missing. */
  readonly outcomes: Readonly<Partial<Record<AnswerOutcome, number>>>;
  readonly letters: LetterBias | null;
  /** Facet values with at least 5 cases, by facet and then by size. */
  readonly slices: readonly ResultSlice[];
}

/** Whether the policy prefers letters. */
export interface LetterBias {
  readonly letters: readonly {
    readonly letter: string;
    /** Cases whose gold letter it is. */
    readonly gold: number;
    /** Completions that answer it. */
    readonly predicted: number;
  }[];
  /** ½ Σ |share predicted − share gold|, 0 … 1, over completions with a valid letter. */
  readonly totalVariation: number;
}

export interface ResultSlice {
  readonly facet: string;
  readonly value: string;
  readonly cases: number;
  /** Its interval is Wilson's; with more samples per case, the bootstrap's. */
  readonly accuracy: Proportion;
}

/** One dataset of one evaluation. */
export interface ResultReference {
  readonly id: string;
  /** Index into its datasets. */
  readonly dataset: number;
}

/** Two policies on the same cases: second minus first. Cases match by line, id and question. */
export interface EvaluationComparison {
  readonly first: ResultReference;
  readonly second: ResultReference;
  readonly cases: number;
  /** Cases that only one of the two has; they are left out. */
  readonly unmatched: number;
  /** Paired percentile bootstrap over the shared cases. */
  readonly accuracy: Estimate;
  readonly reward: Estimate;
  readonly objectives: Readonly<Record<string, Estimate>>;
  readonly tokens: Estimate;
  /** A case counts by its majority answer, which with one sample is its answer. */
  readonly mcnemar: {
    /** Wrong in the first, correct in the second, by case id. */
    readonly improved: readonly string[];
    readonly regressed: readonly string[];
    readonly bothCorrect: number;
    readonly bothWrong: number;
    /** Exact two-sided, binomial. */
    readonly pValue: number;
  };
}

/** `lm-eval`: the sample log of lm-evaluation-harness, one file per dataset. */
export type EvaluationFormat = 'json' | 'csv' | 'lm-eval';

/** What became of the lines of an imported file. */
export interface EvaluationImport {
  readonly evaluation: EvaluationSummary;
  readonly lines: number;
  /** Completions taken. */
  readonly completions: number;
  /** Lines that were left out. */
  readonly badLines: number;
  /** The first 100 of these. */
  readonly issues: readonly { readonly line: number; readonly kind: string; readonly message: string }[];
  /** Cases of the dataset without a completion: left out of the evaluation. */
  readonly casesWithout: number;
}
