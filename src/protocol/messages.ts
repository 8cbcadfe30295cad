/**
 * What crosses between the page and its workers. Every command is answered exactly once, by
 * `done` or by `failed` with the same `requestId`; everything else is news.
 */
import type {
  ObjectiveDescriptor,
  RewardPresetDescriptor,
  RunConfig,
  SettingDescriptor,
  SettingValue,
  TagSet,
} from './config';
import type {
  ColumnMapping,
  ColumnReport,
  DatasetPart,
  MappingPreview,
  OverlapReport,
  PartOfDataset,
  SplitReport,
} from './datasets';
import type { ErrorRecord } from './errors';
import type {
  EvaluatedCase,
  EvaluationComparison,
  EvaluationFormat,
  EvaluationImport,
  EvaluationProgress,
  EvaluationRequest,
  EvaluationSummary,
  ResultReference,
} from './evaluation';
import type {
  BackendChoice,
  BackendReport,
  CheckpointSummary,
  DatasetRow,
  DatasetSummary,
  MemoryPlan,
  ModelSummary,
  RunSummary,
  StepRecord,
  StorageReport,
} from './records';
import type { ScoredCompletion, ScoringInput } from './scoring';

/** Page and worker come from one build; a cached page with a newer worker must notice. */
export const PROTOCOL_VERSION = 1;

/** A file by its path inside the folder or zip it came from. */
export interface NamedFile {
  readonly path: string;
  readonly file: Blob;
}

/** To the trainer worker. */
export type Command =
  | {
      readonly type: 'hello';
      readonly protocolVersion: number;
      readonly backend: BackendChoice;
      /** On wasm, from 1; absent: many if they are faster here. */
      readonly threads?: number;
    }
  | { readonly type: 'load-model'; readonly name: string; readonly files: readonly NamedFile[] }
  /** What a run with this configuration would take on the GPU. */
  | { readonly type: 'plan-memory'; readonly config: RunConfig }
  | { readonly type: 'start'; readonly config: RunConfig; readonly datasetId: string }
  | { readonly type: 'pause' }
  | { readonly type: 'continue' }
  | { readonly type: 'single-step' }
  | { readonly type: 'stop' }
  | { readonly type: 'change-settings'; readonly changes: Readonly<Record<string, SettingValue>> }
  | { readonly type: 'page-hidden' }
  | { readonly type: 'save-checkpoint' }
  | { readonly type: 'list-checkpoints' }
  | { readonly type: 'resume-checkpoint'; readonly id: string; readonly steps?: number }
  | { readonly type: 'delete-checkpoint'; readonly id: string }
  | { readonly type: 'restore-checkpoint'; readonly id: string }
  | { readonly type: 'empty-trash' }
  | { readonly type: 'export-checkpoint'; readonly id: string }
  | { readonly type: 'import-checkpoint'; readonly name: string; readonly file: Blob }
  /** Answered once the evaluation is finished or paused. */
  | { readonly type: 'start-evaluation'; readonly request: EvaluationRequest }
  /** Answered as `start-evaluation`. A checkpoint that is gone, or another loaded model, is refused. */
  | { readonly type: 'resume-evaluation'; readonly id: string }
  /** What was evaluated so far is stored. */
  | { readonly type: 'pause-evaluation' }
  | { readonly type: 'list-evaluations' }
  | { readonly type: 'delete-evaluation'; readonly id: string }
  /** Cases [from, to) of one dataset, as far as they are evaluated. */
  | {
      readonly type: 'evaluation-cases';
      readonly result: ResultReference;
      readonly from: number;
      readonly to: number;
    }
  | {
      readonly type: 'compare-evaluations';
      readonly first: ResultReference;
      readonly second: ResultReference;
    }
  | {
      readonly type: 'export-evaluation';
      readonly id: string;
      readonly format: EvaluationFormat;
      /** Index into its datasets; null: all, which `lm-eval` allows only where there is one. */
      readonly dataset: number | null;
    }
  /** Completions made elsewhere: a sample log of lm-evaluation-harness, or rows of prompt and completion. */
  | {
      readonly type: 'import-evaluation';
      readonly name: string;
      readonly file: Blob;
      readonly datasetId: string;
      readonly part: DatasetPart;
      readonly config: RunConfig;
    };

/** What `done` carries for each command. */
export interface CommandResults {
  hello: ReadyReport;
  'load-model': ModelSummary;
  /** null: the loaded model does not run in the fused engine, whose memory alone is known beforehand. */
  'plan-memory': MemoryPlan | null;
  start: RunSummary;
  pause: RunSummary;
  continue: RunSummary;
  'single-step': RunSummary;
  stop: RunSummary;
  'change-settings': RunConfig;
  'page-hidden': null;
  'save-checkpoint': CheckpointSummary;
  'list-checkpoints': readonly CheckpointSummary[];
  'resume-checkpoint': RunSummary;
  'delete-checkpoint': null;
  'restore-checkpoint': null;
  'empty-trash': null;
  'export-checkpoint': ExportedFile;
  'import-checkpoint': CheckpointSummary;
  'start-evaluation': EvaluationSummary;
  'resume-evaluation': EvaluationSummary;
  'pause-evaluation': null;
  /** Newest first. */
  'list-evaluations': readonly EvaluationSummary[];
  'delete-evaluation': null;
  'evaluation-cases': readonly EvaluatedCase[];
  'compare-evaluations': EvaluationComparison;
  'export-evaluation': ExportedFile;
  'import-evaluation': EvaluationImport;
}

export interface ReadyReport {
  readonly protocolVersion: number;
  readonly build: string;
  readonly backend: BackendReport;
  readonly settings: readonly SettingDescriptor[];
  readonly objectives: readonly ObjectiveDescriptor[];
  readonly rewardPresets: readonly RewardPresetDescriptor[];
  /** For the starter and other tiny policies. */
  readonly defaults: RunConfig;
  /** Clinical-R1's values. */
  readonly paper: RunConfig;
  /** false: another tab of this origin trains; this one is read-only. */
  readonly holdsLock: boolean;
}

export interface ExportedFile {
  readonly name: string;
  readonly file: Blob;
  readonly sha256: string;
}

export type Phase = 'compile' | 'sample' | 'score' | 'reference' | 'update' | 'save' | 'evaluate';

/** From the trainer worker. */
export type TrainerEvent =
  | {
      readonly type: 'done';
      readonly requestId: number;
      readonly result: CommandResults[keyof CommandResults];
    }
  | { readonly type: 'failed'; readonly requestId: number; readonly error: ErrorRecord }
  | { readonly type: 'run'; readonly run: RunSummary }
  | {
      readonly type: 'phase';
      readonly runId: string;
      readonly step: number;
      readonly phase: Phase;
      readonly done: number;
      readonly total: number;
    }
  | { readonly type: 'step'; readonly runId: string; readonly record: StepRecord }
  /** A resumed run's past, so that its curves are whole. */
  | { readonly type: 'history'; readonly runId: string; readonly records: readonly StepRecord[] }
  | { readonly type: 'model'; readonly model: ModelSummary | null }
  | {
      readonly type: 'checkpoints';
      readonly checkpoints: readonly CheckpointSummary[];
      readonly storage: StorageReport;
    }
  /** After each batch of cases. */
  | { readonly type: 'evaluation-progress'; readonly progress: EvaluationProgress }
  /** After each change of the list: started, paused, finished, imported, deleted. Newest first. */
  | { readonly type: 'evaluations'; readonly evaluations: readonly EvaluationSummary[] }
  | { readonly type: 'lock'; readonly holdsLock: boolean }
  /** Not an answer to a command: the run stopped, or something needs saying. */
  | { readonly type: 'fault'; readonly runId: string | null; readonly error: ErrorRecord };

/** To the dataset worker. */
export type DatasetCommand =
  | {
      readonly type: 'open';
      readonly name: string;
      readonly file: Blob;
      readonly synthetic?: boolean;
      /** How to read rows of no known layout. */
      readonly mapping?: ColumnMapping;
      /** MedMCQA: whether `cop` counts the options from 0 or from 1, where the file leaves it open. */
      readonly copBase?: 0 | 1;
    }
  /** The fields of a file, to map them. */
  | { readonly type: 'columns'; readonly name: string; readonly file: Blob }
  /** What a mapping makes of the file's first rows. */
  | {
      readonly type: 'preview-mapping';
      readonly name: string;
      readonly file: Blob;
      readonly mapping: ColumnMapping;
    }
  | { readonly type: 'list' }
  | { readonly type: 'skip-bad-lines'; readonly datasetId: string; readonly skip: boolean }
  | { readonly type: 'bad-lines'; readonly datasetId: string }
  | { readonly type: 'remove'; readonly datasetId: string }
  /** How many cases the split gives each part. */
  | { readonly type: 'split'; readonly datasetId: string; readonly split: RunConfig['data'] }
  /** What a test set shares with a training set; the split decides the parts of either. */
  | {
      readonly type: 'overlap';
      readonly train: PartOfDataset;
      readonly test: PartOfDataset;
      readonly split: RunConfig['data'];
    }
  /** Imports and comparisons under way. */
  | { readonly type: 'cancel' }
  /** The tokenizer files of the loaded model, so that prompts are shown and counted as trained. */
  | { readonly type: 'set-tokenizer'; readonly files: readonly NamedFile[] }
  | {
      readonly type: 'rows';
      readonly datasetId: string;
      readonly from: number;
      readonly to: number;
      readonly prompt: PromptSettings;
    };

export interface PromptSettings {
  readonly tags: TagSet;
  readonly system: string;
  readonly addOpeningTag: boolean;
  readonly maxTokens: number;
}

export interface DatasetResults {
  open: DatasetSummary;
  columns: ColumnReport;
  'preview-mapping': MappingPreview;
  list: readonly DatasetSummary[];
  'skip-bad-lines': DatasetSummary;
  'bad-lines': ExportedFile;
  remove: null;
  split: SplitReport;
  overlap: OverlapReport;
  cancel: null;
  'set-tokenizer': null;
  rows: readonly DatasetRow[];
}

/** From the dataset worker. */
export type DatasetEvent =
  | {
      readonly type: 'done';
      readonly requestId: number;
      readonly result: DatasetResults[keyof DatasetResults];
    }
  | { readonly type: 'failed'; readonly requestId: number; readonly error: ErrorRecord }
  | {
      readonly type: 'progress';
      readonly name: string;
      readonly bytes: number;
      readonly totalBytes: number;
      readonly rows: number;
      readonly badLines: number;
    }
  /** Test rows compared so far. */
  | { readonly type: 'comparing'; readonly done: number; readonly total: number };

/** To the scorer worker. */
export type ScorerCommand = {
  readonly type: 'score';
  readonly input: ScoringInput;
  readonly rewards: RunConfig['rewards'];
};

export interface ScorerResults {
  score: ScoredCompletion;
}

/** From the scorer worker. */
export type ScorerEvent =
  | { readonly type: 'done'; readonly requestId: number; readonly result: ScoredCompletion }
  | { readonly type: 'failed'; readonly requestId: number; readonly error: ErrorRecord };

/** A command on its way, with the number that its answer will carry. */
export type Numbered<C> = C & { readonly requestId: number };
