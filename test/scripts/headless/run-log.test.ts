import { describe, expect, it } from 'vitest';
import { RunLog } from '../../../scripts/headless/run-log.mjs';
import type { RunStatus, StepRecord } from '../../../src/protocol';

function listen() {
  const lines: string[] = [];
  const log = new RunLog({ line: (line) => lines.push(line), status: () => {} });
  const run = (status: RunStatus) =>
    log.hear({ type: 'run', run: { status, config: { steps: 4 } } } as unknown as Parameters<
      typeof log.hear
    >[0]);
  return { log, lines, run };
}

const record = (step: number): StepRecord => ({
  step,
  metrics: { reward: step, kl: 0, step_time: 2 },
  phaseMs: { sample: 1, score: 1, reference: 1, update: 1 },
  rollouts: [],
});

describe('RunLog', () => {
  it('prints a line per step, counts it and hands it on', () => {
    const { log, lines, run } = listen();
    const handed: number[] = [];
    void log.follow({ objectives: [], onStep: ({ step }) => handed.push(step) });
    run('running');
    for (const step of [1, 2]) log.hear({ type: 'step', runId: 'r', record: record(step) });
    // Two steps of 2 s, 4 in all: 3 · 2 s are left, then 2 · 2 s.
    expect(lines).toEqual([
      'step 1/4  reward 1.000  kl 0.000  ETA 6 s',
      'step 2/4  reward 2.000  kl 0.000  ETA 4 s',
    ]);
    expect(handed).toEqual([1, 2]);
    expect(log.steps.map(({ step }) => step)).toEqual([1, 2]);
  });

  it('takes the past of a resumed run as its own, without printing it or handing it on', () => {
    const { log, lines, run } = listen();
    const handed: number[] = [];
    void log.follow({ objectives: [], onStep: ({ step }) => handed.push(step) });
    run('running');
    log.hear({ type: 'history', runId: 'r', records: [record(1), record(2)] });
    log.hear({ type: 'history', runId: 'r', records: [record(1), record(2)] });
    log.hear({ type: 'step', runId: 'r', record: record(3) });
    expect(log.steps.map(({ step }) => step)).toEqual([1, 2, 3]);
    expect(lines).toHaveLength(1);
    expect(handed).toEqual([3]);
  });

  it('ends as failed when the worker dies without another word', async () => {
    const { log, run } = listen();
    const ended = log.follow({ objectives: [], onStep: () => {} });
    run('running');
    const error = { boundary: 'protocol', code: 'trainer-worker-stopped', message: 'It stopped.' } as const;
    log.hear({ type: 'fault', runId: null, error });
    expect(await ended).toMatchObject({ status: 'failed', error });
  });

  it.each(['finished', 'stopped', 'failed', 'paused'] as const)('ends when the run is %s', async (status) => {
    const { log, run } = listen();
    const ended = log.follow({ objectives: [], onStep: () => {} });
    run('running');
    run('pausing');
    expect(log.isTraining).toBe(true);
    run(status);
    expect((await ended).status).toBe(status);
    expect(log.isTraining).toBe(false);
  });
});
