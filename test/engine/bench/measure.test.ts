import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type BenchHost, measure, spreadOf, type Work } from '../../../src/engine/bench/measure';
import { benchConfig, MODELS } from '../../../src/engine/bench/model';
import { PLANS, SHORT_PLANS } from '../../../src/engine/bench/plans';
import {
  describeRow,
  type Job,
  jobsOf,
  keyOf,
  type Outcome,
  type RowPlan,
  rowOf,
} from '../../../src/engine/bench/rows';
import { countParameters } from '../../../src/engine/policy/parameters';

describe('measuring', () => {
  it('takes the median of the repeats after the warm-up, each with its device’s time', async () => {
    let now = 0;
    const host: BenchHost = {
      clock: () => now,
      timeKind: 'cpu',
      wallClock: () => now,
      counter: null,
      breathe: async () => {
        now += 1000; // is not counted
      },
    };
    const durations = [500, 300, 7, 1, 4];
    const side = {
      run: async (run: number) => {
        now += durations[run]!;
        return run + 0.5;
      },
      settle: async () => {
        now += 10;
      },
      dispose: () => undefined,
    };
    const { time, result, gpu, work } = await measure(side, { warmUp: 2, repeats: 3 }, host);
    expect(time).toEqual({ median: 14, lowest: 11, highest: 17, repeats: 3 });
    expect(result).toBe(0.5);
    expect([gpu, work]).toEqual([null, null]);
  });

  it('has the middle of two as the median of an even number', () => {
    expect(spreadOf([4, 1, 3, 10]).median).toBe(3.5);
  });
});

const measured = (median: number, dispatches: number, result = 2, work: Work | null = null): Outcome => ({
  measurement: {
    time: { median, lowest: median - 1, highest: median + 1, repeats: 5 },
    result,
    work,
    gpu: {
      ...{
        dispatches,
        submits: 1,
        writes: 0,
        readbacks: 1,
        buffers: 0,
        bindGroups: dispatches,
        pipelines: 0,
      },
      ...{ peakBytes: 3e6, workingBytes: 2e6, grownBytes: 0, pipelinesSoFar: 9 },
    },
  },
});

const plan: RowPlan = {
  ...{ name: 'step', quantity: 'time', backend: 'webgpu', caseName: 'training-d128' },
  ...{ baseline: 'plain', target: 2 },
};

function outcomes(entries: readonly (readonly [Job, Outcome])[]): Map<string, Outcome> {
  return new Map(entries.map(([job, outcome]) => [keyOf(job), outcome]));
}

describe('a row', () => {
  const job = (side: Job['side'], caseName: Job['caseName'] = 'training-d128'): Job => ({
    ...{ side, caseName, backend: 'webgpu' },
  });

  it('is the ratio of two measurements, with their spread and how far the losses are apart', () => {
    const both = outcomes([
      [job('engine'), measured(10, 100, 2.002)],
      [job('plain'), measured(30, 1000)],
    ]);
    const row = rowOf(plan, 'cpu', both);
    expect(row).toMatchObject({
      unit: 'ms CPU',
      problem: null,
      figures: { ours: 10, baseline: 30, ratio: 3 },
    });
    expect(row.figures!.difference).toBeCloseTo(1e-3, 9);
    expect(row.figures!.spread!.ours).toMatchObject({ lowest: 9, highest: 11 });
    expect(describeRow(row)).not.toContain('MISSED');
    expect(describeRow(rowOf({ ...plan, target: 4 }, 'wall', both))).toMatch(/ms .*target 4 MISSED/);
    expect(rowOf({ ...plan, quantity: 'dispatches' }, 'cpu', both).figures!.ratio).toBe(10);
    expect(rowOf({ ...plan, quantity: 'peakBytes' }, 'cpu', both).figures!.ours).toBe(3);
  });

  it('of dispatches per token is the difference of two rollouts, 32 and 16 tokens long', () => {
    const rollouts = outcomes([
      [job('engine', 'rollout-d128'), measured(1, 700)],
      [job('engine', 'rollout-d128-half'), measured(1, 380)],
      [job('plain', 'rollout-d128'), measured(1, 6400)],
      [job('plain', 'rollout-d128-half'), measured(1, 3200)],
    ]);
    const perToken = { ...plan, caseName: 'rollout-d128', shorter: 'rollout-d128-half' } as const;
    const { figures } = rowOf({ ...perToken, quantity: 'dispatches' }, 'cpu', rollouts);
    expect(figures).toMatchObject({ ours: 20, baseline: 200, ratio: 10, difference: null });
  });

  it('of time per token takes the least of both rollouts, and is none where noise is larger', () => {
    const noisy = (median: number, lowest: number): Outcome => {
      const time = { median, lowest, highest: median, repeats: 5 };
      return { measurement: { time, gpu: null, work: null, result: 1 } };
    };
    const perToken: RowPlan = {
      ...{ ...plan, caseName: 'rollout-d128', shorter: 'rollout-d128-half' },
      ...{ quantity: 'time', baseline: null },
    };
    const took = (half: Outcome) =>
      rowOf(
        perToken,
        'cpu',
        outcomes([
          [job('engine', 'rollout-d128'), noisy(700, 640)],
          [job('engine', 'rollout-d128-half'), half],
        ]),
      );
    expect(took(noisy(690, 320)).figures).toMatchObject({ ours: 20, spread: null });
    expect(took(noisy(690, 650))).toMatchObject({
      figures: null,
      problem: 'engine: the machine was too busy to tell what a token takes',
    });
  });

  it('of the engine against itself is per token', () => {
    const work = (multiplyAdds: number): Work => ({ multiplyAdds, bytes: 0 });
    const both = outcomes([
      [job('engine', 'training-4x512'), measured(4096, 100, 1, work(5e9))],
      [job('engine', 'training-4x64'), measured(1024, 100, 2, work(512e6))],
    ]);
    const against = { ...plan, caseName: 'training-4x512', baseline: { engineIn: 'training-4x64' } } as const;
    const row = rowOf({ ...against, target: null }, 'cpu', both);
    expect(row).toMatchObject({
      against: 'engine',
      figures: { ours: 2, baseline: 4, ratio: 2, difference: null },
    });
    expect(row.figures!.spread!.baseline).toMatchObject({ lowest: 1023 / 256, highest: 1025 / 256 });
    const counted = rowOf({ ...against, quantity: 'multiplyAdds' }, 'cpu', both);
    expect(counted.unit).toBe('M mul-adds');
    expect(counted.figures!.ratio).toBeCloseTo((512e6 / 256 / 5e9) * 2048, 9);
  });

  it('without a baseline is a figure, at most its target', () => {
    const bytes = 4 * countParameters(benchConfig(MODELS.d128));
    const rollouts = outcomes([
      [job('engine', 'rollout-one'), measured(1, 700, 1, { multiplyAdds: 0, bytes: 40 * bytes })],
      [job('engine', 'rollout-one-half'), measured(1, 380, 1, { multiplyAdds: 0, bytes: 20 * bytes })],
    ]);
    const moved: RowPlan = {
      ...{ ...plan, caseName: 'rollout-one', shorter: 'rollout-one-half' },
      ...{ quantity: 'traffic', baseline: null, target: 1.2 },
    };
    expect(jobsOf([moved])).toEqual([job('engine', 'rollout-one'), job('engine', 'rollout-one-half')]);
    const row = rowOf(moved, 'cpu', rollouts);
    expect(row).toMatchObject({ against: null, unit: 'weights', figures: { baseline: null, ratio: null } });
    expect(row.figures!.ours).toBeCloseTo(1.25, 9);
    expect(describeRow(row)).toMatch(/target 1.2 MISSED$/);
    expect(describeRow(rowOf({ ...moved, target: 1.25 }, 'cpu', rollouts))).not.toContain('MISSED');
    const [first, second] = [measured(1, 700), measured(1, 380)];
    const uncounted = outcomes([
      [job('engine', 'rollout-one'), first],
      [job('engine', 'rollout-one-half'), second],
    ]);
    expect(rowOf(moved, 'cpu', uncounted).problem).toBe('no kernels of ours to count');
  });

  it('says why there is none', () => {
    const one = outcomes([
      [job('engine'), measured(10, 100)],
      [job('plain'), { problem: 'no adapter' }],
    ]);
    expect(rowOf(plan, 'cpu', one)).toMatchObject({ figures: null, problem: 'plain: no adapter' });
    expect(rowOf(plan, 'cpu', new Map()).problem).toBe('engine: not measured');
  });

  it('is measured once for several questions', () => {
    const keys = jobsOf(PLANS).map(keyOf);
    expect(new Set(keys).size).toBe(keys.length);
    expect(jobsOf([plan, { ...plan, quantity: 'dispatches' }])).toHaveLength(2);
    for (const { baseline, backend, caseName } of PLANS) {
      expect(keys).toContain(keyOf({ side: 'engine', backend, caseName }));
      if (baseline === null) continue;
      const theirs =
        typeof baseline === 'string'
          ? { side: baseline, caseName }
          : ({ side: 'engine', caseName: baseline.engineIn } as const);
      expect(keys).toContain(keyOf({ ...theirs, backend }));
    }
  });

  it('is named once, among all and among the short ones', () => {
    for (const plans of [PLANS, SHORT_PLANS]) {
      const names = plans.map((row) => `${row.name} ${row.backend} ${JSON.stringify(row.baseline)}`);
      expect(new Set(names).size).toBe(names.length);
    }
  });
});

describe('the baseline’s isolate', () => {
  const importsOf = (file: string): string[] =>
    [...readFileSync(file, 'utf8').matchAll(/^(?:import|export)(?! type)[^;]*? from '(\.[^']+)'/gms)].map(
      ([, path]) => join(dirname(file), path!),
    );
  const resolved = (path: string): string => {
    for (const candidate of [`${path}.ts`, join(path, 'index.ts')]) {
      try {
        readFileSync(candidate);
        return candidate;
      } catch {}
    }
    throw new Error(`no such module: ${path}`);
  };
  const reached = (entry: string): Set<string> => {
    const found = new Set<string>();
    const visit = (file: string): void => {
      if (found.has(file)) return;
      found.add(file);
      for (const path of importsOf(file)) visit(resolved(path));
    };
    visit(entry);
    return new Set([...found].map((file) => relative('src/engine', file)));
  };

  it('does not load what the engine registers with tfjs', () => {
    const plain = reached('src/engine/bench/plain-isolate.ts');
    expect(plain).toContain('bench/plain-model.ts');
    expect(plain).toContain('tensor/tf.ts');
    expect(plain).not.toContain('tensor/index.ts');
    expect(plain).not.toContain('tensor/matmul.ts');
    expect(reached('src/engine/bench/engine-isolate.ts')).toContain('tensor/matmul.ts');
  });
});
