import { createStore, type UseStore } from 'idb-keyval';
import { describe, expect, it } from 'vitest';
import { tf } from '../../../src/engine/tensor';
import type {
  EvaluatedCase,
  EvaluationRequest,
  EvaluationSummary,
  ResultReference,
} from '../../../src/protocol';
import {
  newBrowser,
  openDataset,
  openTrainer,
  readyTrainer,
  type Trainer,
  tinyConfig,
  tinyModel,
} from './bench';

const config = {
  ...tinyConfig,
  data: { heldOutFraction: 0.5, splitSeed: 3 },
  sampling: { ...tinyConfig.sampling, promptsPerBatch: 1, groupSize: 2, maxCompletionTokens: 12 },
};

function requestOn(datasetId: string, changes: Partial<EvaluationRequest> = {}): EvaluationRequest {
  return {
    policy: { kind: 'current' },
    datasets: [
      { datasetId, part: 'train', limit: 4 },
      { datasetId, part: 'held-out', limit: 3 },
    ],
    samples: 2,
    temperature: 1,
    config,
    ...changes,
  };
}

const allCases = (trainer: Trainer, result: ResultReference) =>
  trainer.send({ type: 'evaluation-cases', result, from: 0, to: 1000 });

/** What must not depend on pauses or the clock. */
async function recordOf(trainer: Trainer, { id, results, progress }: EvaluationSummary) {
  const { elapsedMs: _time, id: _id, ...counts } = progress;
  const cases: EvaluatedCase[][] = [];
  for (const dataset of results.keys()) cases.push([...(await allCases(trainer, { id, dataset }))]);
  return { results, counts, cases };
}

const hello = { type: 'hello', protocolVersion: 1, backend: 'wasm' } as const;

async function trainedTrainer(
  training: typeof config.training = config.training,
  changes: Partial<typeof config> = {},
) {
  const browser = newBrowser();
  const { trainer, datasetId } = await readyTrainer(browser);
  const optimizer = { ...tinyConfig.optimizer, learningRate: 0.05 }; // so much that the answers change
  await trainer.send({
    type: 'start',
    config: { ...tinyConfig, ...changes, optimizer, training, steps: 2 },
    datasetId,
  });
  await trainer.status('finished');
  // A run is told to have ended just before it is stored.
  const { checkpoints } = await trainer.until(
    (event): event is typeof event & { type: 'checkpoints' } =>
      event.type === 'checkpoints' && event.checkpoints[0]?.step === 2,
  );
  const [checkpoint] = checkpoints;
  return { browser, trainer, datasetId, checkpoint: checkpoint! };
}

describe('evaluations', () => {
  it('are kept with every case, and told as they are made', async () => {
    const { trainer, datasetId } = await readyTrainer(newBrowser());
    const finished = await trainer.send({ type: 'start-evaluation', request: requestOn(datasetId) });
    expect(finished).toMatchObject({ status: 'finished', name: 'tiny-policy, untrained', samples: 2 });
    expect(finished.progress).toMatchObject({ done: 7, total: 7, completions: 14 });
    expect(finished.results.map(({ part, cases, samplesPerCase }) => [part, cases, samplesPerCase])).toEqual([
      ['train', 4, 2],
      ['held-out', 3, 2],
    ]);
    const cases = await allCases(trainer, { id: finished.id, dataset: 0 });
    expect(cases.map(({ index, samples }) => [index, samples.length])).toEqual([
      [0, 2],
      [1, 2],
      [2, 2],
      [3, 2],
    ]);
    const tokens = cases.flatMap(({ samples }) => samples.map((sample) => sample.tokens!));
    const mean = tokens.reduce((sum, count) => sum + count, 0) / tokens.length;
    expect(finished.results[0]!.tokens.value).toBeCloseTo(mean, 12);

    const told = trainer.news.flatMap((event) =>
      event.type === 'evaluation-progress' ? [event.progress] : [],
    );
    expect(told.at(-1)).toMatchObject({ done: 7, total: 7, dataset: 1 });
    for (const [index, progress] of told.entries()) {
      expect(progress.tokens).toBeGreaterThanOrEqual(told[index - 1]?.tokens ?? 0);
    }
    const lists = trainer.news.flatMap((event) => (event.type === 'evaluations' ? [event.evaluations] : []));
    expect(lists.map(([newest]) => newest!.status)).toEqual(['running', 'finished']);
    expect(await trainer.send({ type: 'list-evaluations' })).toEqual([finished]);

    // The two parts share no question.
    const heldOut = await allCases(trainer, { id: finished.id, dataset: 1 });
    const questions = new Set(cases.map((each) => each.case.question));
    expect(heldOut.some((each) => questions.has(each.case.question))).toBe(false);
  });

  it('paused after any batch, reloaded and resumed, are the same to the last bit', async () => {
    const { trainer, datasetId } = await readyTrainer(newBrowser());
    const whole = await trainer.send({ type: 'start-evaluation', request: requestOn(datasetId) });
    const expected = await recordOf(trainer, whole);
    for (const pauseAt of [1, 3, 4, 6, 7]) {
      const browser = newBrowser();
      const { trainer: first } = await readyTrainer(browser);
      const pausing = first
        .until(
          (event): event is typeof event =>
            event.type === 'evaluation-progress' && event.progress.done === pauseAt,
        )
        .then(() => first.send({ type: 'pause-evaluation' }));
      const paused = await first.send({ type: 'start-evaluation', request: requestOn(datasetId) });
      await pausing;
      expect(paused.status).toBe('paused');
      expect(paused.progress.done).toBe(pauseAt);

      const reloaded = openTrainer(browser);
      await reloaded.send(hello);
      await expect(reloaded.send({ type: 'resume-evaluation', id: paused.id })).rejects.toMatchObject({
        boundary: 'model',
        code: 'policy-gone',
      });
      await reloaded.send({ type: 'load-model', name: 'tiny-policy', files: tinyModel() });
      const resumed = await reloaded.send({ type: 'resume-evaluation', id: paused.id });
      expect(resumed.progress.elapsedMs).toBeGreaterThan(paused.progress.elapsedMs);
      expect(await recordOf(reloaded, resumed)).toEqual(expected);
      // Nothing more to do: a finished one stays as it is.
      expect(await reloaded.send({ type: 'resume-evaluation', id: paused.id })).toEqual(resumed);
    }
  });

  it('of a tab that was killed are paused, and go on where it died', async () => {
    const { trainer, datasetId } = await readyTrainer(newBrowser());
    const whole = await trainer.send({ type: 'start-evaluation', request: requestOn(datasetId) });
    const expected = await recordOf(trainer, whole);
    const browser = newBrowser();
    const database = createStore(`${browser}-evaluations`, 'evaluations');
    let isDead = false;
    const mortal: UseStore = (mode, callback) =>
      isDead ? new Promise(() => undefined) : database(mode, callback);
    const dying = openTrainer(browser, { evaluationDatabase: mortal });
    await dying.send(hello);
    await dying.send({ type: 'load-model', name: 'tiny-policy', files: tinyModel() });
    await openDataset(browser);
    void dying.send({ type: 'start-evaluation', request: requestOn(datasetId) });
    await dying.until(
      (event): event is typeof event => event.type === 'evaluation-progress' && event.progress.done === 2,
    );
    isDead = true;

    const next = openTrainer(browser);
    await next.send(hello);
    const [found] = await next.send({ type: 'list-evaluations' });
    expect(found).toMatchObject({ status: 'paused', progress: { total: 7 } });
    expect(found!.progress.done).toBeGreaterThanOrEqual(2);
    await next.send({ type: 'load-model', name: 'tiny-policy', files: tinyModel() });
    const resumed = await next.send({ type: 'resume-evaluation', id: found!.id });
    expect(await recordOf(next, resumed)).toEqual(expected);
  });

  it.each([
    ['full fine-tuning', config.training],
    ['LoRA', { ...config.training, mode: 'lora' as const }],
  ])('of a checkpoint, the base and the current policy leave the run alone: %s', async (_, training) => {
    const { trainer, datasetId, checkpoint } = await trainedTrainer(training);
    const datasets = [{ datasetId, part: 'all', limit: 3 }] as const;
    const evaluate = (policy: EvaluationRequest['policy']) =>
      trainer.send({ type: 'start-evaluation', request: requestOn(datasetId, { policy, datasets }) });

    const untrained = await readyTrainer(newBrowser());
    const fresh = await untrained.trainer.send({
      type: 'start-evaluation',
      request: requestOn(datasetId, { datasets }),
    });
    const current = await evaluate({ kind: 'current' });
    const { numTensors } = tf.memory();
    const base = await evaluate({ kind: 'base' });
    const stored = await evaluate({ kind: 'checkpoint', id: checkpoint.id });
    expect(tf.memory().numTensors).toBe(numTensors);
    const again = await evaluate({ kind: 'current' });

    const cases = async (of: Trainer, { id }: EvaluationSummary) => allCases(of, { id, dataset: 0 });
    const currentCases = await cases(trainer, current);
    expect(await cases(trainer, stored)).toEqual(currentCases);
    expect(await cases(trainer, again)).toEqual(currentCases);
    expect(await cases(trainer, base)).toEqual(await cases(untrained.trainer, fresh));
    expect(currentCases).not.toEqual(await cases(trainer, base));
    expect([base, current, stored].map(({ policy }) => [policy.kind, policy.step])).toEqual([
      ['base', 0],
      ['current', 2],
      ['checkpoint', 2],
    ]);
  });

  it.each([
    ['its reference policy, full fine-tuning with KL', 0.001, 'full', null],
    ['its frozen base, LoRA', 0, 'lora', null],
    ['nothing, full fine-tuning without KL', 0, 'full', 'base-unavailable'],
  ] as const)('find the base of a resumed checkpoint in %s', async (_, klCoefficient, mode, refusal) => {
    const { browser, datasetId, checkpoint } = await trainedTrainer(
      { ...config.training, mode },
      { loss: { ...tinyConfig.loss, klCoefficient } },
    );
    const reloaded = openTrainer(browser);
    await reloaded.send(hello);
    await reloaded.send({ type: 'resume-checkpoint', id: checkpoint.id });
    await reloaded.status('finished');
    const datasets = [{ datasetId, part: 'all', limit: 3 }] as const;
    const policy = { kind: 'base' } as const;
    const evaluating = reloaded.send({
      type: 'start-evaluation',
      request: requestOn(datasetId, { policy, datasets }),
    });
    if (refusal !== null) {
      await expect(evaluating).rejects.toMatchObject({ boundary: 'model', code: refusal });
      return;
    }
    const untrained = await readyTrainer(newBrowser());
    const fresh = await untrained.trainer.send({
      type: 'start-evaluation',
      request: requestOn(datasetId, { datasets }),
    });
    const base = await allCases(reloaded, { id: (await evaluating).id, dataset: 0 });
    expect(base).toEqual(await allCases(untrained.trainer, { id: fresh.id, dataset: 0 }));
  });

  it('of a run that is gone go on with its checkpoint of that step', async () => {
    const { browser, trainer, datasetId } = await trainedTrainer();
    const pausing = trainer
      .until(
        (event): event is typeof event => event.type === 'evaluation-progress' && event.progress.done === 1,
      )
      .then(() => trainer.send({ type: 'pause-evaluation' }));
    const paused = await trainer.send({ type: 'start-evaluation', request: requestOn(datasetId) });
    await pausing;
    const reloaded = openTrainer(browser);
    await reloaded.send(hello);
    const resumed = await reloaded.send({ type: 'resume-evaluation', id: paused.id });
    const whole = await trainer.send({ type: 'start-evaluation', request: requestOn(datasetId) });
    expect(await recordOf(reloaded, resumed)).toEqual(await recordOf(trainer, whole));
  });

  it('are compared, exported, imported and deleted', async () => {
    const { trainer, datasetId } = await readyTrainer(newBrowser());
    const datasets = [{ datasetId, part: 'all', limit: 4 }] as const;
    const one = await trainer.send({
      type: 'start-evaluation',
      request: requestOn(datasetId, { datasets, samples: 1 }),
    });
    const log = await trainer.send({ type: 'export-evaluation', id: one.id, format: 'lm-eval', dataset: 0 });
    expect(log.name).toBe('samples_tiny-policy-untrained_medqa-layout.jsonl');
    const imported = await trainer.send({
      type: 'import-evaluation',
      name: 'elsewhere.jsonl',
      file: log.file,
      datasetId,
      part: 'all',
      config,
    });
    expect(imported).toMatchObject({ lines: 4, completions: 4, badLines: 0, issues: [] });
    expect(imported.evaluation.policy).toMatchObject({ kind: 'imported', modelName: 'elsewhere.jsonl' });
    const first = { id: one.id, dataset: 0 };
    const second = { id: imported.evaluation.id, dataset: 0 };
    const compared = await trainer.send({ type: 'compare-evaluations', first, second });
    expect(compared).toMatchObject({ first, second, cases: 4, unmatched: 0 });
    // Judged by the same rules, so nothing has changed but what an import cannot know: lengths.
    expect(compared.accuracy.value).toBe(0);
    expect(compared.tokens).toMatchObject({ value: null, cases: 0 });

    const json = await trainer.send({ type: 'export-evaluation', id: one.id, format: 'json', dataset: null });
    const parsed = JSON.parse(await json.file.text());
    expect(parsed.evaluation).toEqual(one);
    expect(parsed.datasets[0].cases).toEqual(await allCases(trainer, first));

    await trainer.send({ type: 'delete-evaluation', id: imported.evaluation.id });
    expect((await trainer.send({ type: 'list-evaluations' })).map(({ id }) => id)).toEqual([one.id]);
    await expect(allCases(trainer, second)).rejects.toMatchObject({ code: 'evaluation-not-found' });
    await expect(allCases(trainer, { id: one.id, dataset: 5 })).rejects.toMatchObject({
      code: 'no-such-result',
    });
  });

  it('are refused while a run is active, beside another one, and without a model', async () => {
    const browser = newBrowser();
    const { trainer, datasetId } = await readyTrainer(browser);
    const request = requestOn(datasetId);
    await trainer.send({ type: 'start', config: { ...tinyConfig, steps: 1000 }, datasetId });
    await expect(trainer.send({ type: 'start-evaluation', request })).rejects.toMatchObject({ code: 'busy' });
    await trainer.send({ type: 'stop' });
    const running = trainer.send({ type: 'start-evaluation', request });
    await expect(trainer.send({ type: 'start-evaluation', request })).rejects.toMatchObject({ code: 'busy' });
    await expect(trainer.send({ type: 'start', config: tinyConfig, datasetId })).rejects.toMatchObject({
      code: 'busy',
    });
    const { id } = await running;
    expect(await trainer.send({ type: 'pause-evaluation' })).toBeNull();
    await expect(trainer.send({ type: 'resume-evaluation', id: 'none' })).rejects.toMatchObject({
      code: 'evaluation-not-found',
    });

    const empty = openTrainer(browser);
    await empty.send(hello);
    await expect(empty.send({ type: 'start-evaluation', request })).rejects.toMatchObject({
      code: 'no-model',
    });
    expect((await empty.send({ type: 'list-evaluations' })).map((each) => each.id)).toEqual([id]);
  });
});
