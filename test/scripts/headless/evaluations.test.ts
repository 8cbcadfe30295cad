import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Evaluations } from '../../../scripts/headless/evaluations.mjs';
import { RunFolder } from '../../../scripts/headless/outputs.mjs';
import type { StudioPage } from '../../../scripts/headless/page.mjs';
import { NEVER_PAUSED } from '../../../src/engine/crpo/environment';
import { defaultConfig, validateConfig } from '../../../src/engine/crpo/settings';
import { compare } from '../../../src/engine/evaluation/compare';
import { summarize } from '../../../src/engine/evaluation/summary';
import type { Command, DatasetSummary, EvaluatedCase } from '../../../src/protocol';
import { casesOf } from '../../engine/evaluation/made';
import { newBrowser, readyTrainer, tinyConfig } from '../../workers/trainer/bench';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'crpo-evaluations-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const config = { ...defaultConfig(), data: { heldOutFraction: 0.2, splitSeed: 1 } };
const dataset = (name: string) => ({ id: name, name, rows: 40 }) as DatasetSummary;
const datasets = [
  { dataset: dataset('train.jsonl'), isTraining: true, limit: null },
  { dataset: dataset('test.jsonl'), isTraining: false, limit: 4 },
];

/** A page whose policy answers as scripted, and knows how to compare. */
function scriptedPage(answers: readonly (readonly string[])[], status = 'finished') {
  const sent: Command[] = [];
  const evaluated: EvaluatedCase[][] = [];
  const page = {
    async send(command: Command) {
      sent.push(command);
      if (command.type === 'compare-evaluations') {
        const [first, second] = [command.first, command.second].map(({ id }) => evaluated[Number(id)]!);
        return {
          first: command.first,
          second: command.second,
          ...(await compare(first!, second!, 1, NEVER_PAUSED)),
        };
      }
      if (command.type !== 'start-evaluation') throw new Error(`unexpected ${command.type}`);
      const cases = casesOf(...answers[evaluated.length]!);
      const id = `${evaluated.push(cases) - 1}`;
      const results = await Promise.all(
        command.request.datasets.map(({ datasetId, part }) =>
          summarize({ datasetId, name: datasetId, part }, cases, { samples: 1, seed: 1 }, NEVER_PAUSED),
        ),
      );
      return { id, status, policy: { step: Number(id) * 30 }, results: status === 'finished' ? results : [] };
    },
    async exportFile(command: Command, target: string) {
      writeFileSync(target, JSON.stringify(command));
      return { sha256: '' };
    },
  };
  return { sent, page: page as unknown as StudioPage };
}

const read = (name: string) => readFileSync(join(root, name), 'utf8');

describe('Evaluations', () => {
  it('asks for all datasets at once, and of the training one for what was held out', async () => {
    const { page, sent } = scriptedPage([['A', 'B']]);
    const said: string[] = [];
    const evaluations = new Evaluations(datasets, 3, new RunFolder(root));
    await evaluations.evaluate(page, 'before', config, (line) => said.push(line));
    expect(said).toEqual([
      'Evaluating before training on the held-out cases of train.jsonl, 4 cases of test.jsonl …',
    ]);
    expect(sent).toEqual([
      {
        type: 'start-evaluation',
        request: {
          policy: { kind: 'current' },
          datasets: [
            { datasetId: 'train.jsonl', part: 'held-out', limit: null },
            { datasetId: 'test.jsonl', part: 'all', limit: 4 },
          ],
          samples: 3,
          temperature: config.sampling.temperature,
          config,
        },
      },
    ]);
  });

  it('leaves results, samples and the comparison on disk, and prints them', async () => {
    const { page } = scriptedPage([
      ['A', 'B', '-', 'B'],
      ['A', 'A', 'A', 'B'],
    ]);
    const evaluations = new Evaluations(datasets.slice(1), 1, new RunFolder(root));
    await evaluations.evaluate(page, 'before', config, () => undefined);
    expect(JSON.parse(read('evaluation-test.json')).comparison).toBeNull();
    await evaluations.evaluate(page, 'after', config, () => undefined);

    expect(readdirSync(root).sort()).toEqual([
      'evaluation-test.json',
      'evaluations.jsonl',
      'rollouts.jsonl',
      'samples_test_after.jsonl',
      'samples_test_before.jsonl',
    ]);
    const lines = read('evaluations.jsonl')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ when, result }) => [when, result.accuracy.count])).toEqual([
      ['before', 1],
      ['after', 3],
    ]);
    const { rounds, comparison } = JSON.parse(read('evaluation-test.json'));
    expect(rounds.map(({ when, step }: { when: string; step: number }) => [when, step])).toEqual([
      ['before', 0],
      ['after', 30],
    ]);
    expect(comparison.mcnemar).toMatchObject({ improved: ['case-1', 'case-2'], regressed: [], pValue: 0.5 });
    expect(JSON.parse(read('samples_test_after.jsonl'))).toEqual({
      type: 'export-evaluation',
      id: '1',
      format: 'lm-eval',
      dataset: 0,
    });
    const [table] = evaluations.report();
    expect(table).toMatch(/correct \/ total +1\/4 .* 3\/4/);
    expect(table).toContain('2 improved, 0 regressed, 2 unchanged; exact McNemar p = 0.500');
    // What run.json has always had, and its interval.
    const entry = evaluations.records()[1]!;
    expect(entry).toMatchObject({ when: 'after', step: 30, total: 4, parsable: 4, correct: 3, truncated: 0 });
    expect(entry).toMatchObject({ objectives: { accuracy: 0.75 }, reward: 7.5, meanTokens: 10 });
    expect(entry.accuracyInterval!.low).toBeLessThan(0.75);
  });

  it('leaves nothing of a paused one', async () => {
    const { page } = scriptedPage([['A']], 'paused');
    const evaluations = new Evaluations(datasets, 1, new RunFolder(root));
    await evaluations.evaluate(page, 'before', config, () => undefined);
    expect(evaluations.records()).toEqual([]);
    expect(evaluations.report()).toEqual([]);
    expect(readdirSync(root)).toEqual(['rollouts.jsonl']);
  });

  it('does nothing without datasets', async () => {
    const { page, sent } = scriptedPage([]);
    await new Evaluations([], 1, new RunFolder(root)).evaluate(page, 'before', config, () => undefined);
    expect(sent).toEqual([]);
  });
});

describe('with the trainer itself', () => {
  it('compares what training changed, and its sample logs are taken back', async () => {
    const { trainer, datasetId } = await readyTrainer(newBrowser());
    const page = {
      send: (command: Command) => trainer.send(command),
      async exportFile(command: Extract<Command, { type: 'export-evaluation' }>, target: string) {
        const { file, sha256 } = await trainer.send(command);
        writeFileSync(target, new Uint8Array(await file.arrayBuffer()));
        return { sha256 };
      },
    } as unknown as StudioPage;
    const facts = { id: datasetId, name: 'medqa-layout.jsonl', rows: 12 } as DatasetSummary;
    const evaluations = new Evaluations(
      [{ dataset: facts, isTraining: true, limit: null }],
      2,
      new RunFolder(root),
    );
    const run = { ...tinyConfig, optimizer: { ...tinyConfig.optimizer, learningRate: 0.05 }, steps: 2 };
    await evaluations.evaluate(page, 'before', validateConfig(run), () => undefined);
    await trainer.send({ type: 'start', config: run, datasetId });
    await trainer.status('finished');
    await evaluations.evaluate(page, 'after', validateConfig(run), () => undefined);

    expect(evaluations.records().map(({ when, step, total }) => [when, step, total])).toEqual([
      ['before', 0, 24],
      ['after', 2, 24],
    ]);
    const { comparison } = JSON.parse(read('evaluation-medqa-layout.json'));
    const { improved, regressed, bothCorrect, bothWrong } = comparison.mcnemar;
    expect(improved.length + regressed.length + bothCorrect + bothWrong).toBe(12);
    expect(evaluations.report()[0]).toMatch(/pass@2 .*\n +maj@1 /);

    const { evaluation, ...report } = await trainer.send({
      type: 'import-evaluation',
      name: 'samples.jsonl',
      file: new Blob([read('samples_medqa-layout_after.jsonl')]),
      datasetId,
      part: 'all',
      config: run,
    });
    expect(report).toMatchObject({ lines: 12, completions: 24, badLines: 0, casesWithout: 0 });
    expect(evaluation.results[0]!.accuracy.count).toBe(evaluations.records()[1]!.correct);
  });
});
