import { describe, expect, it } from 'vitest';
import type { EvaluationProgress, EvaluationSummary } from '../../../src/protocol';
import {
  advanceEvaluation,
  evaluatedCases,
  evaluationAsked,
  evaluationEnded,
  evaluationEta,
  evaluationsWithoutTrainer,
  listEvaluations,
  noEvaluations,
  putEvaluation,
} from '../../../src/studio/store/evaluations';
import { evaluation, pausedEvaluation, progress } from '../evaluation-records';

const running = (done: number, changes: Partial<EvaluationSummary> = {}) =>
  evaluation({ status: 'running', progress: progress(done), results: [], ...changes });
const fault = { boundary: 'model', code: 'policy-gone', message: 'It is gone.' } as const;
const advance = (state: typeof noEvaluations, ...steps: EvaluationProgress[]) =>
  steps.reduce(advanceEvaluation, state);

describe('the evaluation at work', () => {
  it('is known from the moment it is asked for, through its progress, to its end', () => {
    const asked = evaluationAsked({ ...noEvaluations, failure: fault });
    expect(asked).toEqual({ list: null, atWork: { progress: null, marks: [] }, failure: null });
    const listed = listEvaluations(asked, [running(0)]);
    expect(listed.atWork?.progress?.done).toBe(0);
    const further = advance(listed, progress(4));
    expect(further.atWork?.progress?.done).toBe(4);
    const done = putEvaluation(further, evaluation());
    expect(done).toMatchObject({ atWork: null, list: [{ status: 'finished' }] });
    expect(evaluationEnded(done, fault)).toMatchObject({ atWork: null, failure: fault });
  });

  it('is seen whoever started it, and gone once it is paused', () => {
    const seen = listEvaluations(noEvaluations, [running(3), pausedEvaluation({ id: 'other' })]);
    expect(seen.atWork?.progress).toMatchObject({ id: 'evaluation-1', done: 3 });
    const paused = listEvaluations(seen, [pausedEvaluation()]);
    expect(paused.atWork).toBeNull();
    expect(advance(paused, progress(7)).atWork).toBeNull(); // news from before the pause
  });

  it('becomes resumable when its worker dies', () => {
    const state = evaluationsWithoutTrainer(listEvaluations(noEvaluations, [running(3)]));
    expect(state).toMatchObject({ atWork: null, list: [{ status: 'paused', progress: { done: 3 } }] });
  });
});

describe('the estimate', () => {
  /** Batches of 4 cases; the first, of 20 s, compiles. */
  const at = (done: number, seconds: number) => progress(done, { total: 100, elapsedMs: 1000 * seconds });

  it('waits for two batches after the first, then multiplies the median pace', () => {
    const first = advance(listEvaluations(noEvaluations, [running(0)]), at(4, 20), at(8, 22));
    expect(evaluationEta(first.atWork!)).toBeNull();
    // 2 s / 4 cases, 4 s / 4, 6 s / 4: median 1 s per case, quartiles 0.75 and 1.25.
    const more = advance(first, at(12, 26), at(16, 32));
    expect(evaluationEta(more.atWork!)).toEqual({ lowSeconds: 84 * 0.75, highSeconds: 84 * 1.25 });
  });

  it('is not misled by news within a batch', () => {
    const state = advance(
      listEvaluations(noEvaluations, [running(0)]),
      ...[at(4, 20), at(4, 20.5), at(4, 21), at(8, 22), at(8, 23), at(12, 24)],
    );
    expect(state.atWork!.marks.map(({ done }) => done)).toEqual([0, 4, 8, 12]);
    expect(evaluationEta(state.atWork!)).toEqual({ lowSeconds: 44, highSeconds: 44 }); // 88 cases at 2 s / 4
  });
});

describe('how many cases of a dataset are through', () => {
  it('goes by the order of the datasets', () => {
    const [one] = evaluation().datasets;
    const datasets = [
      { ...one!, cases: 10 },
      { ...one!, datasetId: 'data-2', cases: 20 },
      { ...one!, datasetId: 'data-3', cases: 5 },
    ];
    const half = evaluation({ datasets, progress: progress(17, { dataset: 1, total: 35 }) });
    expect([0, 1, 2, 3].map((dataset) => evaluatedCases(half, dataset))).toEqual([10, 7, 0, 0]);
  });
});
