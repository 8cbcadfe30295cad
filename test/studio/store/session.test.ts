import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAutomation } from '../../../src/studio/store/automation';
import { checkpoint, config, dataset, ready, run, storage } from '../records';
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

const blob = new Blob(['{"question":"?"}\n']);
const modelFiles = [
  { path: 'm/config.json', file: new Blob(['{}']) },
  { path: 'm/model.safetensors', file: new Blob(['w']) },
];

describe('boot', () => {
  it('loads the bundled starter, so that one click trains', async () => {
    const { session, trainer, datasetWorkers } = scriptedSession();
    await session.boot();
    expect(session.state()).toMatchObject({
      stage: 'ready',
      datasetId: 'starter-cases.jsonl',
      model: { name: 'starter policy' },
      tokenizerOf: 'starter policy',
      errors: [],
    });
    expect(trainer().commands[0]).toEqual({ type: 'hello', protocolVersion: 1, backend: 'wasm' });
    expect(fetched.every((path) => path.startsWith('./starter/'))).toBe(true);
    // The tokenizer goes to the dataset worker without the weights.
    const tokenizer = datasetWorkers[0]!.commands.find(({ type }) => type === 'set-tokenizer');
    expect(tokenizer?.type === 'set-tokenizer' && tokenizer.files.map(({ path }) => path)).toEqual([
      'config.json',
      'tokenizer.json',
      'tokenizer_config.json',
      'generation_config.json',
    ]);
    expect(await session.train()).toBe(true);
    expect(trainer().commands.at(-1)).toEqual({
      type: 'start',
      config: ready.defaults,
      datasetId: 'starter-cases.jsonl',
    });
  });

  it('comes back to the person’s own dataset', async () => {
    const { session, memory } = scriptedSession({}, { list: () => [dataset({ id: 'mine' })] });
    memory.set('crpo-dataset', 'mine');
    await session.boot();
    expect(session.state().datasetId).toBe('mine');
    expect(session.state().datasets.map(({ id }) => id)).toEqual(['mine', 'starter-cases.jsonl']);
  });

  it('names a missing starter and is usable without it', async () => {
    vi.stubGlobal('fetch', async () => new Response('', { status: 404 }));
    const { session } = scriptedSession();
    await session.boot();
    const { stage, errors } = session.state();
    expect(stage).toBe('ready');
    expect(errors.map(({ record }) => record.code)).toEqual(['starter-missing', 'starter-missing']);
    await session.take([{ path: 'mine.jsonl', file: blob }]);
    expect(session.state().datasetId).toBe('mine.jsonl');
  });

  it('fails for whoever waits, and on the page, when the trainer cannot start; datasets still open', async () => {
    const { session } = scriptedSession({
      hello: () => {
        throw failure({ boundary: 'device', code: 'no-backend', message: 'No backend.' });
      },
    });
    await expect(session.boot()).rejects.toMatchObject({ record: { code: 'no-backend' } });
    expect(session.state()).toMatchObject({ stage: 'failed', datasetId: 'starter-cases.jsonl', model: null });
    expect(session.state().errors.map(({ record }) => record.code)).toEqual(['no-backend']);
  });

  it('only looks while another tab trains, and takes over with the lock', async () => {
    const { session, trainer } = scriptedSession({ hello: () => ({ ...ready, holdsLock: false }) });
    await session.boot();
    expect(session.state()).toMatchObject({ holdsLock: false, model: null });
    expect(trainer().types()).not.toContain('load-model');
    trainer().say({ type: 'lock', holdsLock: true });
    await settle();
    expect(session.state()).toMatchObject({ holdsLock: true, model: { name: 'starter policy' } });
  });
});

describe('what is dropped', () => {
  it('goes where its content says', async () => {
    const { session, trainer } = scriptedSession();
    await session.boot();
    await session.take([
      ...modelFiles,
      { path: 'run.json', file: new Blob([JSON.stringify({ ...config, seed: 9 })]) },
    ]);
    expect(trainer().commands.at(-1)).toMatchObject({ type: 'load-model', name: 'm' });
    // The test's settings know no seed: the file is refused, and the draft stays.
    expect(session.state().errors[0]?.record.message).toMatch(/^run\.json: "seed" is no setting/);
    await session.take([{ path: 'ok.json', file: new Blob(['{"version":1,"sampling":{"topK":5}}']) }]);
    expect(session.state().draft?.sampling.topK).toBe(5);
  });

  it('shows why a dataset was refused, and ends its progress', async () => {
    const { session } = scriptedSession(
      {},
      {
        open: () => {
          throw failure({ boundary: 'data', code: 'dataset-array', message: 'This is a JSON array.' });
        },
      },
    );
    await session.take([{ path: 'a.json', file: blob }]);
    expect(session.state().errors.map(({ record }) => record.code)).toEqual(['dataset-array']);
    expect(session.state().importing).toBeNull();
  });

  it('treats a cancelled import as what the person asked for', async () => {
    const { session } = scriptedSession(
      {},
      {
        open: () => {
          throw failure({ code: 'import-cancelled', message: 'The import was cancelled.' });
        },
      },
    );
    await session.take([{ path: 'a.jsonl', file: blob }]);
    expect(session.state().errors).toEqual([]);
    expect(session.state().notices.map(({ text }) => text)).toEqual(['The import was cancelled.']);
  });
});

describe('a running run', () => {
  const running = async () => {
    const scripted = scriptedSession();
    await scripted.session.boot();
    await scripted.session.train();
    return scripted;
  };

  it('is replaced only after the person agreed, and is stopped first', async () => {
    const { session, trainer } = await running();
    const loading = session.take(modelFiles);
    await settle();
    expect(session.state().question?.title).toBe('Replace the running session?');
    expect(trainer().types().slice(-1)).toEqual(['start']);
    session.voice.answer(true);
    await loading;
    expect(trainer().types().slice(-2)).toEqual(['stop', 'load-model']);
    expect(session.state().question).toBeNull();
  });

  it('goes on when the person declines', async () => {
    const { session, trainer } = await running();
    const starting = session.train();
    await settle();
    session.voice.answer(false);
    expect(await starting).toBe(false);
    expect(trainer().types()).not.toContain('stop');
  });

  it('lets a dataset in without a question', async () => {
    const { session } = await running();
    await session.take([{ path: 'mine.jsonl', file: blob }]);
    expect(session.state()).toMatchObject({ question: null, datasetId: 'mine.jsonl' });
  });

  it('is saved when the page is hidden', async () => {
    const { session, trainer } = await running();
    session.pageHidden();
    expect(trainer().types().at(-1)).toBe('page-hidden');
    trainer().say({ type: 'run', run: run({ status: 'paused' }) });
    const before = trainer().commands.length;
    session.pageHidden();
    expect(trainer().commands.length).toBe(before);
  });

  it('fails with its worker, which can be restarted with the same model', async () => {
    const scripted = await running();
    const { session, trainers } = scripted;
    await session.take([{ path: 'x.jsonl', file: blob }]);
    const saving = session.saveCheckpoint();
    trainers[0]!.script['save-checkpoint'] = () => new Promise(() => {});
    trainers[0]!.crash('out of memory');
    await saving;
    expect(session.state()).toMatchObject({ trainerAlive: false, model: null, run: { status: 'failed' } });
    expect(session.state().errors.map(({ record, count }) => [record.code, count])).toEqual([
      ['trainer-worker-stopped', 1],
    ]);
    expect(await session.restartTrainer()).toBe(true);
    expect(trainers.length).toBe(2);
    expect(session.state()).toMatchObject({ trainerAlive: true, model: { name: 'starter policy' } });
  });
});

describe('checkpoints', () => {
  it('come back by the notice’s Undo', async () => {
    const { session, trainer } = scriptedSession();
    await session.boot();
    trainer().say({ type: 'checkpoints', checkpoints: [checkpoint(5)], storage });
    await session.deleteCheckpoint('checkpoint-5');
    const [notice] = session.state().notices;
    expect(notice).toMatchObject({
      undoCheckpoint: 'checkpoint-5',
      text: 'Step 5 of "brisk-heron" is in the trash.',
    });
    await session.restoreCheckpoint(notice!.undoCheckpoint!);
    expect(trainer().commands.at(-1)).toEqual({ type: 'restore-checkpoint', id: 'checkpoint-5' });
  });

  it('leave the trash for good only after a question', async () => {
    const { session, trainer } = scriptedSession();
    await session.boot();
    const emptying = session.emptyTrash();
    expect(session.state().question?.confirm).toBe('Empty trash');
    session.voice.answer(true);
    expect(await emptying).toBe(true);
    expect(trainer().types().at(-1)).toBe('empty-trash');
  });

  it('resume with their own total of steps, or with a new one', async () => {
    const { session, trainer } = scriptedSession({ 'resume-checkpoint': () => run({ status: 'finished' }) });
    await session.boot();
    await session.resume('a');
    await session.resume('a', 40);
    expect(trainer().commands.slice(-2)).toEqual([
      { type: 'resume-checkpoint', id: 'a' },
      { type: 'resume-checkpoint', id: 'a', steps: 40 },
    ]);
  });
});

describe('the dataset worker', () => {
  it('starts again with the next command after a crash, with its tokenizer', async () => {
    const { session, datasetWorkers } = scriptedSession();
    await session.boot();
    datasetWorkers[0]!.crash('gone');
    expect(session.state().errors.map(({ record }) => record.code)).toEqual(['dataset-worker-stopped']);
    await session.openDataset('mine.jsonl', blob);
    await settle();
    expect(datasetWorkers.length).toBe(2);
    expect(datasetWorkers[1]!.types().sort()).toEqual(['open', 'set-tokenizer']);
  });
});

describe('notices', () => {
  it('leave after ten seconds', async () => {
    vi.useFakeTimers();
    const { session } = scriptedSession();
    session.voice.notify('Saved.');
    expect(session.state().notices.length).toBe(1);
    vi.advanceTimersByTime(10_000);
    expect(session.state().notices).toEqual([]);
    vi.useRealTimers();
  });
});

describe('window.crpoStudio', () => {
  it('sends, tells all news as it comes, and gives the state as JSON', async () => {
    const { session, trainer } = scriptedSession();
    const automation = createAutomation(session, session.boot());
    const heard: string[] = [];
    const stop = automation.onEvent((event) => heard.push(event.type));
    await automation.ready;
    const { draft, datasetId } = automation.state();
    await automation.send({ type: 'start', config: { ...draft!, steps: 2 }, datasetId: datasetId! });
    trainer().say({ type: 'lock', holdsLock: true });
    stop();
    trainer().say({ type: 'lock', holdsLock: true });
    expect(heard).toEqual(['lock']);
    expect(automation.state().run?.config.steps).toBe(2);
    expect(JSON.parse(JSON.stringify(automation.state())).stage).toBe('ready');
    await automation.sendDataset({ type: 'open', name: 'b.jsonl', file: blob });
    expect(automation.state().datasetId).toBe('b.jsonl');
  });

  it('rejects with the record, and leaves showing it to the caller', async () => {
    const { session } = scriptedSession({
      start: () => {
        throw failure({ code: 'config-invalid' });
      },
    });
    const automation = createAutomation(session, session.boot());
    await automation.ready;
    await expect(automation.send({ type: 'start', config, datasetId: 'x' })).rejects.toMatchObject({
      record: { code: 'config-invalid' },
    });
    expect(automation.state().errors).toEqual([]);
  });
});
