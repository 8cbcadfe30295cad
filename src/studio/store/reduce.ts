/**
 * Folds what happened into what is known: `(state, action) → state`, pure. Actions are news from
 * the workers, answers with the command they answer, and the person's own acts.
 */
import type {
  Command,
  CommandResults,
  DatasetCommand,
  DatasetResults,
  DatasetSummary,
  ErrorRecord,
  EvaluationSummary,
  RunConfig,
  RunSummary,
} from '../../protocol';
import type { DatasetNews, TrainerNews } from './client';
import {
  advanceComparison,
  type Comparison,
  draftUnread,
  putOverlap,
  type UnreadFile,
  withoutDataset,
} from './data';
import {
  advanceEvaluation,
  dropEvaluation,
  evaluationAsked,
  evaluationEnded,
  evaluationsWithoutTrainer,
  listEvaluations,
  putEvaluation,
} from './evaluations';
import { appendSteps, emptyHistory } from './history';
import type { MappingDraft } from './mapping';
import { keepRollouts } from './rollouts';
import {
  type BootStage,
  initialState,
  isActive,
  type Notice,
  type Question,
  type StudioState,
} from './state';

/** A command with its result: the pair that `done` stands for. */
type Answered<C extends { type: string }, R> = {
  [T in C['type']]: {
    readonly command: Extract<C, { type: T }>;
    readonly result: T extends keyof R ? R[T] : never;
  };
}[C['type']];

export type TrainerAnswer = Answered<Command, CommandResults>;
export type DatasetAnswer = Answered<DatasetCommand, DatasetResults>;

export type Action =
  | { readonly type: 'trainer-news'; readonly event: TrainerNews }
  | { readonly type: 'trainer-answer'; readonly answer: TrainerAnswer }
  | { readonly type: 'trainer-started' }
  | { readonly type: 'trainer-crashed'; readonly error: ErrorRecord }
  | { readonly type: 'dataset-news'; readonly event: DatasetNews }
  | { readonly type: 'dataset-answer'; readonly answer: DatasetAnswer }
  | { readonly type: 'import-ended' }
  | { readonly type: 'unread'; readonly unread: UnreadFile | null }
  | { readonly type: 'map-columns'; readonly draft: MappingDraft }
  /** A comparison was sent; null: it was answered. */
  | { readonly type: 'comparing'; readonly of: Comparison | null }
  | { readonly type: 'stage'; readonly stage: BootStage }
  | { readonly type: 'loading-model'; readonly name: string | null }
  | { readonly type: 'tokenizer'; readonly of: string | null }
  | { readonly type: 'choose-dataset'; readonly datasetId: string }
  | { readonly type: 'draft'; readonly draft: RunConfig }
  /** A command that evaluates was sent; it ends with its answer. */
  | { readonly type: 'evaluation-asked' }
  | { readonly type: 'evaluation-ended'; readonly failure: ErrorRecord | null }
  | { readonly type: 'error'; readonly error: ErrorRecord }
  | { readonly type: 'close-toast'; readonly id: number }
  | { readonly type: 'clear-errors' }
  | { readonly type: 'notice'; readonly notice: Notice }
  | { readonly type: 'close-notice'; readonly id: number }
  | { readonly type: 'question'; readonly question: Question | null };

/** Distinct errors kept; the oldest leave first. */
const ERROR_LIMIT = 50;

export function reduce(state: StudioState, action: Action): StudioState {
  switch (action.type) {
    case 'trainer-news':
      return onTrainerNews(state, action.event);
    case 'trainer-answer':
      return onTrainerAnswer(state, action.answer);
    case 'trainer-started':
      return { ...withoutTrainer(state), trainerAlive: true };
    case 'trainer-crashed':
      return addError(onCrash(state, action.error), action.error);
    case 'dataset-news':
      return onDatasetNews(state, action.event);
    case 'dataset-answer':
      return onDatasetAnswer(state, action.answer);
    case 'import-ended':
      return { ...state, importing: null };
    case 'unread':
      return { ...state, data: { ...state.data, unread: action.unread } };
    case 'map-columns':
      return { ...state, data: draftUnread(state.data, action.draft) };
    case 'comparing': {
      const comparing = action.of && { of: action.of, done: 0, total: 0 };
      return { ...state, data: { ...state.data, comparing } };
    }
    case 'stage':
      return { ...state, stage: action.stage };
    case 'loading-model':
      return { ...state, loadingModel: action.name };
    case 'tokenizer':
      return { ...state, tokenizerOf: action.of };
    case 'choose-dataset':
      return { ...state, datasetId: action.datasetId };
    case 'draft':
      return { ...state, draft: action.draft };
    case 'evaluation-asked':
      return { ...state, evaluations: evaluationAsked(state.evaluations) };
    case 'evaluation-ended':
      return { ...state, evaluations: evaluationEnded(state.evaluations, action.failure) };
    case 'error':
      return addError(state, action.error);
    case 'close-toast':
      return {
        ...state,
        errors: state.errors.map((error) => (error.id === action.id ? { ...error, toast: false } : error)),
      };
    case 'clear-errors':
      return { ...state, errors: [] };
    case 'notice':
      return { ...state, notices: [...state.notices, action.notice] };
    case 'close-notice':
      return { ...state, notices: state.notices.filter(({ id }) => id !== action.id) };
    case 'question':
      return { ...state, question: action.question };
    default:
      return action satisfies never;
  }
}

function onTrainerNews(state: StudioState, event: TrainerNews): StudioState {
  switch (event.type) {
    case 'run':
      return onRun(state, event.run);
    case 'phase':
      if (event.runId !== state.run?.runId) return state;
      return {
        ...state,
        phase: { step: event.step, phase: event.phase, done: event.done, total: event.total },
      };
    case 'step':
      if (event.runId !== state.run?.runId) return state;
      return {
        ...state,
        history: appendSteps(state.history, [event.record]),
        rollouts: keepRollouts(state.rollouts, event.record.rollouts),
        phaseMs: event.record.phaseMs,
        run: { ...state.run, step: event.record.step },
      };
    case 'history': {
      if (event.runId !== state.run?.runId) return state;
      const rollouts = event.records.flatMap((record) => record.rollouts);
      return {
        ...state,
        history: appendSteps(emptyHistory, event.records),
        rollouts: keepRollouts([], rollouts),
        phaseMs: event.records.at(-1)?.phaseMs ?? null,
      };
    }
    case 'model':
      return { ...state, model: event.model };
    case 'checkpoints':
      return { ...state, checkpoints: event.checkpoints, storage: event.storage };
    case 'evaluation-progress':
      return { ...state, evaluations: advanceEvaluation(state.evaluations, event.progress) };
    case 'evaluations':
      return { ...state, evaluations: listEvaluations(state.evaluations, event.evaluations) };
    case 'lock':
      return { ...state, holdsLock: event.holdsLock };
    case 'fault':
      return addError(state, event.error);
    default:
      return event satisfies never;
  }
}

/** A new run empties the curves and shows its settings; the same run only changes its state. */
function onRun(state: StudioState, run: RunSummary): StudioState {
  const moving = run.status === 'running' || run.status === 'pausing';
  const phase = moving ? state.phase : null;
  if (run.runId === state.run?.runId) return { ...state, run, phase };
  return {
    ...state,
    run,
    draft: run.config,
    phase: null,
    phaseMs: null,
    history: emptyHistory,
    rollouts: [],
  };
}

function onTrainerAnswer(state: StudioState, { command, result }: TrainerAnswer): StudioState {
  switch (command.type) {
    case 'hello': {
      const ready = result as CommandResults['hello'];
      return { ...state, ready, holdsLock: ready.holdsLock, draft: state.draft ?? ready.defaults };
    }
    case 'load-model':
      return { ...state, model: result as CommandResults['load-model'] };
    case 'start':
    case 'pause':
    case 'continue':
    case 'single-step':
    case 'stop':
    case 'resume-checkpoint':
      return onRun(state, result as RunSummary);
    case 'change-settings':
      return state.run ? { ...state, run: { ...state.run, config: result as RunConfig } } : state;
    case 'list-checkpoints':
      return { ...state, checkpoints: result as CommandResults['list-checkpoints'] };
    case 'save-checkpoint':
    case 'import-checkpoint': {
      const saved = result as CommandResults['save-checkpoint'];
      return { ...state, checkpoints: [saved, ...state.checkpoints.filter(({ id }) => id !== saved.id)] };
    }
    case 'start-evaluation':
    case 'resume-evaluation':
      return { ...state, evaluations: putEvaluation(state.evaluations, result as EvaluationSummary) };
    case 'import-evaluation': {
      const { evaluation } = result as CommandResults['import-evaluation'];
      return { ...state, evaluations: putEvaluation(state.evaluations, evaluation) };
    }
    case 'list-evaluations':
      return {
        ...state,
        evaluations: listEvaluations(state.evaluations, result as CommandResults['list-evaluations']),
      };
    case 'delete-evaluation':
      return { ...state, evaluations: dropEvaluation(state.evaluations, command.id) };
    case 'plan-memory':
    case 'page-hidden':
    case 'delete-checkpoint':
    case 'restore-checkpoint':
    case 'empty-trash':
    case 'export-checkpoint':
    case 'pause-evaluation':
    case 'evaluation-cases':
    case 'compare-evaluations':
    case 'export-evaluation':
      return state; // what they change comes as news
    default:
      return command satisfies never;
  }
}

function onDatasetNews(state: StudioState, event: DatasetNews): StudioState {
  switch (event.type) {
    case 'progress': {
      const { type: _, ...importing } = event;
      return { ...state, importing };
    }
    case 'comparing':
      return { ...state, data: advanceComparison(state.data, event.done, event.total) };
    default:
      return event satisfies never;
  }
}

function onDatasetAnswer(state: StudioState, { command, result }: DatasetAnswer): StudioState {
  switch (command.type) {
    case 'open': {
      const next = { ...putDataset(state, result as DatasetSummary), importing: null };
      return {
        ...next,
        datasetId: command.synthetic && state.datasetId ? state.datasetId : (result as DatasetSummary).id,
      };
    }
    case 'list':
      return { ...state, datasets: result as DatasetResults['list'] };
    case 'skip-bad-lines':
      return putDataset(state, result as DatasetSummary);
    case 'remove': {
      const datasets = state.datasets.filter(({ id }) => id !== command.datasetId);
      const datasetId = state.datasetId === command.datasetId ? (datasets[0]?.id ?? null) : state.datasetId;
      return { ...state, datasets, datasetId, data: withoutDataset(state.data, command.datasetId) };
    }
    case 'overlap': {
      const { train, test, split } = command;
      const report = result as DatasetResults['overlap'];
      return { ...state, data: putOverlap(state.data, { train, test, split }, report) };
    }
    case 'cancel':
      return { ...state, importing: null };
    case 'bad-lines':
    case 'columns':
    case 'preview-mapping':
    case 'split':
    case 'set-tokenizer':
    case 'rows':
      return state;
    default:
      return command satisfies never;
  }
}

function putDataset(state: StudioState, dataset: DatasetSummary): StudioState {
  const known = state.datasets.some(({ id }) => id === dataset.id);
  const datasets = known
    ? state.datasets.map((each) => (each.id === dataset.id ? dataset : each))
    : [...state.datasets, dataset];
  return { ...state, datasets };
}

/** A run cannot go on without its worker; what was measured stays on screen. */
function onCrash(state: StudioState, error: ErrorRecord): StudioState {
  const next = withoutTrainer(state);
  if (!isActive(state.run)) return next;
  return { ...next, run: { ...state.run, status: 'failed', error } };
}

/** What only lived in the worker is gone with it. */
function withoutTrainer(state: StudioState): StudioState {
  const { model, loadingModel, phase, trainerAlive } = initialState;
  const evaluations = evaluationsWithoutTrainer(state.evaluations);
  return { ...state, model, loadingModel, evaluations, phase, trainerAlive };
}

/**
 * The same error again only counts up: one line per cause, not per occurrence. The very same record
 * is one occurrence heard twice: a crash rejects the commands that waited for it.
 */
function addError(state: StudioState, record: ErrorRecord): StudioState {
  const same = state.errors.find(
    (error) => error.record.code === record.code && error.record.message === record.message,
  );
  const id = same?.id ?? 1 + state.errors.reduce((highest, error) => Math.max(highest, error.id), 0);
  const count = same ? same.count + (same.record === record ? 0 : 1) : 1;
  const shown = { id, record, count, toast: true };
  const errors = [...state.errors.filter((error) => error !== same), shown].slice(-ERROR_LIMIT);
  return { ...state, errors };
}
