/** Records that cross threads or disk. Plain data: structured-clone and JSON both keep them whole. */
import type { RunConfig } from './config';
import type { ColumnMapping } from './datasets';
import type { ErrorRecord } from './errors';
import type { ScoredCase } from './scoring';

/** One clinical question, normalised from whatever layout it came in. */
export interface ClinicalCase {
  /** Unique in its dataset: the row's own id, else its 1-based line number. */
  readonly id: string;
  /** 1-based line of the source file. */
  readonly line: number;
  readonly question: string;
  /** Letter → text, in order A, B, C, …; empty for an open question. */
  readonly options: Readonly<Record<string, string>>;
  /** Gold letter; null: an open question, or unlabelled, so no reward and no evaluation. */
  readonly answer: string | null;
  /** Gold text of an open question: accuracy is then a normalised text match. */
  readonly openAnswer?: string;
  /** Facets of the row that are safe to show and slice by (specialty, exam step); never the explanation. */
  readonly facets?: Readonly<Record<string, string>>;
}

/** Objective name → value; null: the objective does not apply to this case. */
export type ObjectiveValues = Readonly<Record<string, number | null>>;

/** A prompt, one sampled completion, and what it earned. */
export interface RolloutRecord {
  /** `step/group/index`, unique in a run. */
  readonly id: string;
  readonly step: number;
  /** Position of the prompt in its rollout batch. */
  readonly group: number;
  /** Position in the group, 0 … G−1. */
  readonly index: number;
  readonly caseId: string;
  /** What was scored against; the rollouts of a group share it. */
  readonly case: ScoredCase;
  readonly prompt: string;
  readonly completion: string;
  readonly gold: string | null;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** The completion ran into the token limit. */
  readonly truncated: boolean;
  readonly rewards: ObjectiveValues;
  /** Objective → its part of the reward. */
  readonly contributions: Readonly<Record<string, number>>;
  /** Σ contributions; null: unscored, outside the group's baseline, advantage 0. */
  readonly reward: number | null;
  readonly unscored?: string;
  readonly advantage: number;
  /** Nats per token at the sampling temperature. */
  readonly meanLogprob: number;
}

/** Milliseconds spent in each phase of a step. */
export interface PhaseTimes {
  readonly sample: number;
  readonly score: number;
  readonly reference: number;
  readonly update: number;
}

/** All that the page learns of a step. Metric keys are TRL's. */
export interface StepRecord {
  readonly step: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly phaseMs: PhaseTimes;
  /** Fresh rollouts; empty where the step is a further update on an earlier batch. */
  readonly rollouts: readonly RolloutRecord[];
}

export type BackendChoice = 'auto' | 'webgpu' | 'wasm';

/** On wasm: TensorFlow.js' module makes so many workers. */
export const MOST_THREADS = 8;

export interface BackendReport {
  readonly name: 'webgpu' | 'wasm';
  readonly requested: BackendChoice;
  /** Vendor and architecture, or why there is none. */
  readonly adapter: string;
  readonly software: boolean;
  /** On wasm: how many compute; absent in records from before there was a choice. */
  readonly threads?: number;
  /** On wasm, where nobody asked for a number: milliseconds of a trial with one thread and with so many. */
  readonly threadsTrial?: { readonly threads: number; readonly oneMs: number; readonly manyMs: number };
  /** Our own kernels, or plain TensorFlow.js ops; absent in records from before there were kernels. */
  readonly engine?: 'fused' | 'plain';
  /** Which variants of the kernels were fastest here; a resumed run on the same adapter takes the same. */
  readonly tuning?: unknown;
  /** One sentence when the choice needs explaining: no adapter, a software adapter, forced. */
  readonly notice?: string;
}

/** GPU memory that a run will need, counted before it starts. */
export interface MemoryPlan {
  /** The most that is held at one time. */
  readonly bytes: number;
  /** What that consists of: weights, adapter, reference, gradient, moments, kv, activations, scratch. */
  readonly parts: Readonly<Record<string, number>>;
  /** The limit of the settings, beyond which activations are computed twice. */
  readonly limitBytes: number;
}

export interface ModelSummary {
  readonly name: string;
  readonly architecture: string;
  readonly parameters: number;
  readonly layers: number;
  readonly hiddenSize: number;
  readonly vocabularySize: number;
  readonly contextLength: number;
  /** The tokenizer's end-of-sequence text. */
  readonly eosToken: string;
  readonly storedType: string;
  /** SHA-256 over the weights as loaded, hex. */
  readonly sha256: string;
  /** Why our kernels, which run here, cannot compute this model, so that plain ops do. */
  readonly plainBecause?: string;
}

export type RunStatus = 'idle' | 'running' | 'pausing' | 'paused' | 'finished' | 'stopped' | 'failed';

export interface RunSummary {
  readonly runId: string;
  readonly status: RunStatus;
  readonly config: RunConfig;
  readonly datasetId: string;
  readonly datasetName: string;
  readonly modelName: string;
  /** Updates done. */
  readonly step: number;
  readonly startedAt: string;
  /** The checkpoint this run was resumed from. */
  readonly resumedFrom?: string;
  readonly error?: ErrorRecord;
}

export interface CheckpointSummary {
  readonly id: string;
  readonly runId: string;
  readonly runName: string;
  readonly modelName: string;
  readonly step: number;
  readonly createdAt: string;
  readonly bytes: number;
  /** Metrics of its last step. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly reason: 'interval' | 'pause' | 'hide' | 'finish' | 'manual' | 'import';
  /** SHA-256 over the manifest, hex. */
  readonly sha256: string;
  /** Deleted, still restorable. */
  readonly deleted: boolean;
}

export interface StorageReport {
  readonly checkpointBytes: number;
  readonly trashBytes: number;
  /** From `navigator.storage.estimate()`, where there is one. */
  readonly usageBytes: number | null;
  readonly quotaBytes: number | null;
  readonly persisted: boolean | null;
  /** What was stored before is gone (the browser cleared it or the database was damaged). */
  readonly lost?: ErrorRecord;
}

export interface DatasetIssue {
  /** 1-based. */
  readonly line: number;
  /** 1-based, where the fault is known to a column. */
  readonly column?: number;
  /** Byte offset of the line in the file. */
  readonly byteOffset: number;
  readonly kind: string;
  readonly message: string;
  /** At most 120 characters of the line. */
  readonly excerpt: string;
}

export interface DatasetSummary {
  /** SHA-256 of the file's bytes, hex; of that and of how it is read, where a person had to say it. */
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  /** e.g. `medqa`; the label says `MedQA, 5 options`. */
  readonly layout: string;
  readonly layoutLabel: string;
  readonly licence?: string;
  readonly citation?: string;
  /** `jsonl`, `json-array`, `json-object`, `csv`, `tsv`. */
  readonly container?: string;
  /** How the columns were mapped, where no known layout fits. */
  readonly mapping?: ColumnMapping;
  readonly rows: number;
  /** Rows with a gold text instead of a letter; absent: none. */
  readonly open?: number;
  /** Rows with neither a gold letter nor a gold text. */
  readonly unlabelled: number;
  readonly badLines: number;
  /** Bad lines stay out of the run; the person said so. */
  readonly badLinesSkipped: boolean;
  /** Kind → count. */
  readonly issueCounts: Readonly<Record<string, number>>;
  /** The first 100. */
  readonly issues: readonly DatasetIssue[];
  /** What cleaning changed: kind → count of rows. */
  readonly repairs: Readonly<Record<string, number>>;
  readonly optionCounts: Readonly<Record<string, number>>;
  readonly answerCounts: Readonly<Record<string, number>>;
  readonly synthetic?: boolean;
}

/** A row with its rendered prompt. */
export interface DatasetRow {
  readonly index: number;
  readonly case: ClinicalCase;
  readonly prompt: string;
  /** null: no tokenizer loaded yet. */
  readonly promptTokens: number | null;
  readonly tooLong: boolean;
}
