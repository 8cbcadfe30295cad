import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HELD_OUT_CASES } from '../../../src/studio/store/evaluator';
import { comparison, evaluatedCase, evaluation, pausedEvaluation } from '../evaluation-records';
import { config, ready } from '../records';
import { failure, scriptedSession, settle } from '../scripted';

const fetched: string[] = [];
beforeEach(() => {
  fetched.length = 0;
  vi.stubGlobal('fetch', async (path: string) => {
    fetched.push(path);
    return new Response(new Blob(['x']));
  });
});
afterEach(() => vi.unstubAllGlobals());

const request = (datasetId: string) =>
  ({
    policy: { kind: 'current' },
    datasets: [{ datasetId, part: 'all', limit: 20 }],
    samples: 1,
    temperature: 1,
    config,
  }) as const;

describe('starting', () => {
  it('opens the starter’s held-out cases when they are asked for, and does not train on them', async () => {
    const { session, trainer } = scriptedSession({ 'start-evaluation': () => evaluation() });
    await session.boot();
    expect((await session.evaluator.start(request(HELD_OUT_CASES)))?.status).toBe('finished');
    expect(fetched.at(-1)).toBe('./starter/heldout.jsonl');
    expect(trainer().commands.at(-1)).toEqual({
      type: 'start-evaluation',
      request: request('starter-heldout.jsonl'),
    });
    const { datasetId, evaluations, notices } = session.state();
    expect(datasetId).toBe('starter-cases.jsonl');
    expect(evaluations).toMatchObject({ atWork: null, failure: null, list: [{ id: 'evaluation-1' }] });
    expect(notices.at(-1)?.text).toBe('Evaluated: brisk-heron step 40.');
  });

  it('shows what hinders it, once, and keeps it beside until the next', async () => {
    const record = { code: 'busy', message: 'A run is active.' };
    const { session, trainer } = scriptedSession({
      'start-evaluation': () => {
        throw failure(record);
      },
    });
    await session.boot();
    expect(await session.evaluator.start(request('data-1'))).toBeNull();
    expect(session.state().evaluations).toMatchObject({ atWork: null, failure: record });
    expect(session.state().errors.map(({ record: { code }, count }) => [code, count])).toEqual([['busy', 1]]);
    trainer().script['resume-evaluation'] = () => pausedEvaluation();
    await session.evaluator.resume('evaluation-1');
    expect(session.state().evaluations).toMatchObject({ failure: null, list: [{ status: 'paused' }] });
    expect(session.state().notices).toEqual([]); // paused again: nothing is evaluated
  });

  it('ends with its worker', async () => {
    const { session, trainer } = scriptedSession();
    await session.boot();
    const started = session.evaluator.start(request('data-1'));
    await settle();
    expect(session.state().evaluations.atWork).toEqual({ progress: null, marks: [] });
    trainer().crash('out of memory');
    expect(await started).toBeNull();
    expect(session.state().evaluations.failure?.code).toBe('trainer-worker-stopped');
    expect(session.state().errors.map(({ count }) => count)).toEqual([1]);
  });
});

describe('stored evaluations', () => {
  it('are listed, and leave only after a yes', async () => {
    const { session, trainer } = scriptedSession({
      'list-evaluations': () => [evaluation()],
      'delete-evaluation': () => null,
    });
    await session.boot();
    await session.evaluator.list();
    const refused = session.evaluator.delete(evaluation());
    expect(session.state().question?.text).toContain('"brisk-heron step 40" will be gone for good');
    session.voice.answer(false);
    expect(await refused).toBe(false);
    const agreed = session.evaluator.delete(evaluation());
    session.voice.answer(true);
    expect(await agreed).toBe(true);
    expect(trainer().commands.at(-1)).toEqual({ type: 'delete-evaluation', id: 'evaluation-1' });
    expect(session.state().evaluations.list).toEqual([]);
  });

  it('give cases, comparisons and imports to whoever asked, errors too', async () => {
    const { session, trainer } = scriptedSession({
      'evaluation-cases': () => [evaluatedCase(2)],
      'compare-evaluations': () => comparison(),
      'import-evaluation': () => {
        throw failure({ code: 'nothing-imported' });
      },
    });
    await session.boot();
    const result = { id: 'evaluation-1', dataset: 0 };
    expect(await session.evaluator.cases(result, 2, 3)).toHaveLength(1);
    expect((await session.evaluator.compare({ ...result, id: 'evaluation-0' }, result)).unmatched).toBe(2);
    const file = new Blob(['{}']);
    await expect(
      session.evaluator.import('samples.jsonl', file, { datasetId: 'data-1', part: 'held-out' }),
    ).rejects.toMatchObject({ record: { code: 'nothing-imported' } });
    expect(trainer().commands.at(-1)).toEqual({
      type: 'import-evaluation',
      name: 'samples.jsonl',
      file,
      datasetId: 'data-1',
      part: 'held-out',
      config: ready.defaults,
    });
    expect(session.state().errors).toEqual([]);
  });
});
