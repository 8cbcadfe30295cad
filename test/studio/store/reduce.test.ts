import { describe, expect, it } from 'vitest';
import type { ErrorRecord } from '../../../src/protocol';
import type { TrainerNews } from '../../../src/studio/store/client';
import { type Action, reduce, type TrainerAnswer } from '../../../src/studio/store/reduce';
import { initialState, isActive, type StudioState } from '../../../src/studio/store/state';
import { checkpoint, config, dataset, model, ready, rollout, run, step, storage } from '../records';

const fold = (actions: readonly Action[], from: StudioState = initialState) => actions.reduce(reduce, from);
const news = (...events: TrainerNews[]): Action[] => events.map((event) => ({ type: 'trainer-news', event }));
const answer = (command: object, result: unknown): Action => ({
  type: 'trainer-answer',
  answer: { command, result } as unknown as TrainerAnswer,
});
const fault: ErrorRecord = { boundary: 'device', code: 'loss-not-finite', message: 'The loss is NaN.' };

const started = fold([
  { type: 'trainer-started' },
  answer({ type: 'hello' }, ready),
  answer({ type: 'load-model' }, model),
]);

describe('a run, from its events', () => {
  const events = news(
    { type: 'run', run: run() },
    { type: 'phase', runId: 'run-1', step: 1, phase: 'sample', done: 3, total: 4 },
    { type: 'step', runId: 'run-1', record: step(1) },
    { type: 'step', runId: 'run-1', record: step(2) },
    { type: 'run', run: run({ status: 'paused', step: 2 }) },
  );

  it('grows the curves, keeps the rollouts and knows where it stands', () => {
    const state = fold(events, started);
    expect(state.history.steps).toEqual([1, 2]);
    expect(state.history.columns.reward).toEqual([1, 2]);
    expect(state.rollouts.length).toBe(8);
    expect(state.run).toMatchObject({ status: 'paused', step: 2 });
    expect(state.phaseMs).toEqual(step(2).phaseMs);
  });

  it('shows the phase while it moves, and none once it is paused', () => {
    expect(fold(events.slice(0, 2), started).phase).toEqual({ step: 1, phase: 'sample', done: 3, total: 4 });
    expect(fold(events, started).phase).toBeNull();
  });

  it('counts the step before the worker sums the run up again', () => {
    expect(fold(events.slice(0, 4), started).run?.step).toBe(2);
  });

  it('is plain JSON throughout', () => {
    const state = fold(events, started);
    expect(JSON.parse(JSON.stringify(state))).toEqual({
      ...state,
      history: { ...state.history, columns: { ...state.history.columns } },
    });
  });

  it('ignores what an earlier run still says', () => {
    const state = fold([...events, ...news({ type: 'step', runId: 'run-0', record: step(9) })], started);
    expect(state.history.steps).toEqual([1, 2]);
  });

  it('starts the curves anew for another run, and shows that run’s settings', () => {
    const other = run({ runId: 'run-2', config: { ...config, seed: 7 } });
    const state = fold([...events, ...news({ type: 'run', run: other })], started);
    expect(state.history.steps).toEqual([]);
    expect(state.rollouts).toEqual([]);
    expect(state.draft?.seed).toBe(7);
  });

  it('takes a resumed run’s past whole', () => {
    const records = [step(1), { ...step(2), rollouts: [rollout(2, 0, 0)] }];
    const state = fold(
      [...news({ type: 'run', run: run({ step: 2 }) }, { type: 'history', runId: 'run-1', records })],
      started,
    );
    expect(state.history.steps).toEqual([1, 2]);
    expect(state.rollouts.map(({ id }) => id)).toEqual(['1/0/0', '1/0/1', '1/1/0', '1/1/1', '2/0/0']);
  });

  it('takes changed settings into the run', () => {
    const changed = { ...config, steps: 99 };
    const state = fold(
      [...events, answer({ type: 'change-settings', changes: { steps: 99 } }, changed)],
      started,
    );
    expect(state.run?.config.steps).toBe(99);
  });
});

describe('the trainer', () => {
  it('gives settings to start from, and keeps those already edited when it starts again', () => {
    expect(started.draft).toEqual(ready.defaults);
    const edited = { ...config, seed: 5 };
    const again = fold(
      [{ type: 'draft', draft: edited }, { type: 'trainer-started' }, answer({ type: 'hello' }, ready)],
      started,
    );
    expect(again.draft).toEqual(edited);
  });

  it('takes run and model with it when it crashes, not the curves', () => {
    const running = fold(
      news({ type: 'run', run: run() }, { type: 'step', runId: 'run-1', record: step(1) }),
      started,
    );
    const state = fold([{ type: 'trainer-crashed', error: fault }], running);
    expect(isActive(running.run)).toBe(true);
    expect(state).toMatchObject({
      trainerAlive: false,
      model: null,
      run: { status: 'failed', error: fault },
    });
    expect(state.history.steps).toEqual([1]);
    expect(state.errors.map(({ record }) => record)).toEqual([fault]);
  });

  it('leaves a finished run finished when it crashes', () => {
    const finished = fold(news({ type: 'run', run: run({ status: 'finished' }) }), started);
    expect(fold([{ type: 'trainer-crashed', error: fault }], finished).run?.status).toBe('finished');
  });

  it('lists checkpoints and storage, and a new checkpoint at once', () => {
    const listed = fold(news({ type: 'checkpoints', checkpoints: [checkpoint(5)], storage }), started);
    const state = fold([answer({ type: 'save-checkpoint' }, checkpoint(8))], listed);
    expect(state.checkpoints.map((each) => each.step)).toEqual([8, 5]);
    expect(state.storage).toEqual(storage);
  });

  it('becomes read-only and back by the lock', () => {
    expect(fold(news({ type: 'lock', holdsLock: false }), started).holdsLock).toBe(false);
  });
});

describe('datasets', () => {
  const opened = (command: object, result: unknown): Action =>
    ({ type: 'dataset-answer', answer: { command, result } }) as unknown as Action;
  const mine = dataset({ id: 'mine', name: 'mine.jsonl' });
  const starter = dataset({ id: 'starter', synthetic: true });

  it('chooses the person’s own over the starter, whichever came first', () => {
    const own = opened({ type: 'open', name: 'mine.jsonl' }, mine);
    const bundled = opened({ type: 'open', name: 'starter', synthetic: true }, starter);
    expect(fold([bundled]).datasetId).toBe('starter');
    expect(fold([bundled, own]).datasetId).toBe('mine');
    expect(fold([own, bundled]).datasetId).toBe('mine');
  });

  it('updates a dataset in place and falls back to another when the chosen one is removed', () => {
    const both = fold([opened({ type: 'open' }, starter), opened({ type: 'open' }, mine)]);
    const skipped = fold([opened({ type: 'skip-bad-lines' }, { ...mine, badLinesSkipped: true })], both);
    expect(skipped.datasets.map(({ badLinesSkipped }) => badLinesSkipped)).toEqual([false, true]);
    const removed = fold([opened({ type: 'remove', datasetId: 'mine' }, null)], skipped);
    expect([removed.datasetId, removed.datasets.length]).toEqual(['starter', 1]);
  });

  it('shows an import until it ends', () => {
    const progress = { type: 'progress', name: 'm', bytes: 1, totalBytes: 2, rows: 3, badLines: 4 } as const;
    const importing = fold([{ type: 'dataset-news', event: progress }]);
    expect(importing.importing).toEqual({ name: 'm', bytes: 1, totalBytes: 2, rows: 3, badLines: 4 });
    expect(fold([{ type: 'import-ended' }], importing).importing).toBeNull();
  });
});

describe('errors', () => {
  it('counts a repeated error instead of listing it again, and shows it anew', () => {
    const other = { ...fault, message: 'Another.' };
    const state = fold([
      { type: 'error', error: fault },
      { type: 'close-toast', id: 1 },
      { type: 'error', error: other },
      { type: 'error', error: { ...fault } },
    ]);
    expect(state.errors).toEqual([
      { id: 2, record: other, count: 1, toast: true },
      { id: 1, record: fault, count: 2, toast: true },
    ]);
  });

  it('counts one occurrence once, though a crash also rejects what waited for it', () => {
    const state = fold([
      { type: 'trainer-crashed', error: fault },
      { type: 'error', error: fault },
    ]);
    expect(state.errors.map(({ count }) => count)).toEqual([1]);
  });

  it('keeps no more than fifty', () => {
    const many = Array.from(
      { length: 60 },
      (_, at): Action => ({ type: 'error', error: { ...fault, message: `${at}` } }),
    );
    const { errors } = fold(many);
    expect([errors.length, errors[0]!.record.message, new Set(errors.map(({ id }) => id)).size]).toEqual([
      50,
      '10',
      50,
    ]);
  });
});
