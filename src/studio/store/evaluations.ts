/**
 * What is known of evaluations: the stored ones, the one at work with its pace, and why the last
 * one stopped. Pure: `reduce` calls these with what the trainer says.
 */
import type { ErrorRecord, EvaluationProgress, EvaluationSummary } from '../../protocol';
import { type Eta, quantile } from './eta';

/** How far it was at some moment of its work. */
interface Mark {
  readonly done: number;
  readonly elapsedMs: number;
}

export interface EvaluationAtWork {
  /** null: asked for, nothing heard yet. */
  readonly progress: EvaluationProgress | null;
  /** Newest last, since it was started or resumed. */
  readonly marks: readonly Mark[];
}

export interface EvaluationsState {
  /** Newest first; null: not asked for yet. */
  readonly list: readonly EvaluationSummary[] | null;
  readonly atWork: EvaluationAtWork | null;
  /** Why the last one could not start or go on. */
  readonly failure: ErrorRecord | null;
}

export const noEvaluations: EvaluationsState = { list: null, atWork: null, failure: null };

/** Batches differ; this many ends of them are looked back on. */
const MARKS_KEPT = 21;

/** A command that evaluates was sent. */
export const evaluationAsked = (state: EvaluationsState): EvaluationsState => ({
  ...state,
  atWork: { progress: null, marks: [] },
  failure: null,
});

/** That command was answered: with an error, or because the evaluation is finished or paused. */
export const evaluationEnded = (state: EvaluationsState, failure: ErrorRecord | null): EvaluationsState => ({
  ...state,
  atWork: null,
  failure,
});

/** Whoever started it, what runs is at work, and what stopped is not. */
export function listEvaluations(
  state: EvaluationsState,
  list: readonly EvaluationSummary[],
): EvaluationsState {
  const running = list.find(({ status }) => status === 'running');
  const stopped = list.some(({ id }) => id === state.atWork?.progress?.id) && !running;
  if (stopped) return { ...state, list, atWork: null };
  if (!running || state.atWork?.progress?.id === running.id) return { ...state, list };
  return { ...state, list, atWork: { progress: running.progress, marks: [markOf(running.progress)] } };
}

/** Puts one evaluation into the list, or in the place of its earlier self. */
export function putEvaluation(state: EvaluationsState, evaluation: EvaluationSummary): EvaluationsState {
  const list = state.list ?? [];
  const known = list.some(({ id }) => id === evaluation.id);
  const next = known
    ? list.map((each) => (each.id === evaluation.id ? evaluation : each))
    : [evaluation, ...list];
  return listEvaluations(state, next);
}

export function dropEvaluation(state: EvaluationsState, id: string): EvaluationsState {
  return { ...state, list: state.list?.filter((each) => each.id !== id) ?? null };
}

/** News of one that has stopped meanwhile is old news. */
export function advanceEvaluation(state: EvaluationsState, progress: EvaluationProgress): EvaluationsState {
  const listed = state.list?.find(({ id }) => id === progress.id);
  if (listed && listed.status !== 'running' && !state.atWork) return state;
  const earlier = state.atWork?.progress?.id === progress.id ? state.atWork.marks : [];
  // Within a batch only its tokens count up.
  const moved = earlier.at(-1)?.done !== progress.done;
  if (!moved) return { ...state, atWork: { progress, marks: earlier } };
  const marks = [...earlier, markOf(progress)].slice(-MARKS_KEPT);
  const list = state.list?.map((each) => (each === listed ? { ...each, progress } : each)) ?? null;
  return { ...state, list, atWork: { progress, marks } };
}

/** Without its worker nothing runs; what was stored of it can be resumed. */
export const evaluationsWithoutTrainer = (state: EvaluationsState): EvaluationsState => ({
  ...state,
  atWork: null,
  list:
    state.list?.map((each) => (each.status === 'running' ? { ...each, status: 'paused' as const } : each)) ??
    null,
});

const markOf = ({ done, elapsedMs }: EvaluationProgress): Mark => ({ done, elapsedMs });

/**
 * Cases left × (median time per case of the last batches ∓ half their quartile distance). The first
 * batch compiles and is left out; null until two more are through.
 */
export function evaluationEta({ progress, marks }: EvaluationAtWork): Eta | null {
  if (!progress) return null;
  const perCase: number[] = [];
  for (let at = 2; at < marks.length; at++) {
    const cases = marks[at]!.done - marks[at - 1]!.done;
    if (cases > 0) perCase.push((marks[at]!.elapsedMs - marks[at - 1]!.elapsedMs) / 1000 / cases);
  }
  if (perCase.length < 2) return null;
  perCase.sort((a, b) => a - b);
  const left = progress.total - progress.done;
  const median = quantile(perCase, 0.5);
  const spread = (quantile(perCase, 0.75) - quantile(perCase, 0.25)) / 2;
  return { lowSeconds: left * (median - spread), highSeconds: left * (median + spread) };
}

/** How many cases of one dataset are through: datasets are evaluated one after another. */
export function evaluatedCases({ datasets, progress }: EvaluationSummary, dataset: number): number {
  const before = datasets.slice(0, dataset).reduce((sum, { cases }) => sum + cases, 0);
  return Math.min(datasets[dataset]?.cases ?? 0, Math.max(0, progress.done - before));
}
