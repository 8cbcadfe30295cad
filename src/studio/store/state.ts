/**
 * All that the page knows, as plain JSON: a snapshot can be printed, compared and replayed. Made
 * only by `reduce`; no React, no clock, no worker.
 */
import type {
  CheckpointSummary,
  DatasetSummary,
  ErrorRecord,
  ModelSummary,
  Phase,
  PhaseTimes,
  ReadyReport,
  RolloutRecord,
  RunConfig,
  RunSummary,
  StorageReport,
} from '../../protocol';
import { type DataState, noData } from './data';
import { type EvaluationsState, noEvaluations } from './evaluations';
import { emptyHistory, type StepHistory } from './history';

/** `failed`: the trainer worker never answered; `errors` says why. */
export type BootStage = 'starting' | 'loading-starter' | 'ready' | 'failed';

/** An error as shown: once, however often it came. */
export interface ShownError {
  readonly id: number;
  readonly record: ErrorRecord;
  readonly count: number;
  /** Set until the person has seen the toast or closed it; the panel keeps the error. */
  readonly toast: boolean;
}

/** A passing remark, with an offer to take back what it tells of. */
export interface Notice {
  readonly id: number;
  readonly text: string;
  /** The checkpoint that Undo brings back. */
  readonly undoCheckpoint?: string;
}

export interface PhaseProgress {
  readonly step: number;
  readonly phase: Phase;
  readonly done: number;
  readonly total: number;
}

/** A question that only the person can answer; the answer goes to the session. */
export interface Question {
  readonly title: string;
  readonly text: string;
  readonly confirm: string;
}

export interface StudioState {
  readonly stage: BootStage;
  readonly ready: ReadyReport | null;
  /** false: another tab trains, this one only looks. */
  readonly holdsLock: boolean;
  readonly trainerAlive: boolean;
  readonly model: ModelSummary | null;
  readonly loadingModel: string | null;
  /** The model whose tokenizer the dataset worker counts with. */
  readonly tokenizerOf: string | null;
  readonly datasets: readonly DatasetSummary[];
  /** The dataset that Train uses. */
  readonly datasetId: string | null;
  readonly importing: {
    readonly name: string;
    readonly bytes: number;
    readonly totalBytes: number;
    readonly rows: number;
    readonly badLines: number;
  } | null;
  readonly data: DataState;
  /** What the next run starts with. */
  readonly draft: RunConfig | null;
  readonly run: RunSummary | null;
  readonly phase: PhaseProgress | null;
  /** Of the last step. */
  readonly phaseMs: PhaseTimes | null;
  readonly history: StepHistory;
  /** Newest step last; bounded, see `rollouts.ts`. */
  readonly rollouts: readonly RolloutRecord[];
  readonly checkpoints: readonly CheckpointSummary[];
  readonly storage: StorageReport | null;
  readonly evaluations: EvaluationsState;
  readonly errors: readonly ShownError[];
  readonly notices: readonly Notice[];
  readonly question: Question | null;
}

export const initialState: StudioState = {
  stage: 'starting',
  ready: null,
  holdsLock: true,
  trainerAlive: false,
  model: null,
  loadingModel: null,
  tokenizerOf: null,
  datasets: [],
  datasetId: null,
  importing: null,
  data: noData,
  draft: null,
  run: null,
  phase: null,
  phaseMs: null,
  history: emptyHistory,
  rollouts: [],
  checkpoints: [],
  storage: null,
  evaluations: noEvaluations,
  errors: [],
  notices: [],
  question: null,
};

/** A run that holds the policy: loading another model or starting another run would end it. */
export function isActive(run: RunSummary | null): run is RunSummary {
  return run !== null && (run.status === 'running' || run.status === 'pausing' || run.status === 'paused');
}
