/**
 * Trains the starter by CRPO on the default settings, once per seed, and tells whether the reward
 * rises: the page's own step, on the wasm backend, with held-out cases before and after.
 */
import { NEVER_PAUSED, type StepEnvironment } from '../../src/engine/crpo/environment';
import { defaultConfig } from '../../src/engine/crpo/settings';
import { initialState } from '../../src/engine/crpo/state';
import { crpoStep } from '../../src/engine/crpo/step';
import { evaluateCases } from '../../src/engine/evaluation/evaluate';
import { summarize } from '../../src/engine/evaluation/summary';
import { chooseBackend } from '../../src/engine/tensor';
import type { DatasetResult, EvaluatedCase, RunConfig, StepRecord } from '../../src/protocol';
import { openStarter } from './open';

export interface RewardCheck {
  /** Holds `cases.jsonl`, `heldout.jsonl` and `policy/`. */
  readonly folder: string;
  readonly seeds: readonly number[];
  /** Of each run; else the default settings'. */
  readonly steps?: number;
}

interface SeedResult {
  readonly seed: number;
  readonly steps: readonly StepRecord[];
  readonly before: DatasetResult;
  readonly after: DatasetResult;
  readonly stepsPerMinute: number;
}

/** Steps whose mean stands for the begin and the end of a run. */
const WINDOW = 5;

export async function checkRewards(
  { folder, seeds, steps }: RewardCheck,
  say: (line: string) => void,
): Promise<void> {
  await chooseBackend('wasm', { gpu: undefined, wasmFolder: undefined });
  for (const seed of seeds) {
    const config = { ...defaultConfig(), seed, ...(steps === undefined ? {} : { steps }) };
    for (const line of summary(await trainOnce(folder, config, say))) say(line);
  }
}

async function trainOnce(
  folder: string,
  config: RunConfig,
  say: (line: string) => void,
): Promise<SeedResult> {
  const { environment, heldOut, dispose } = await openStarter(folder, config);
  const state = initialState();
  const before = await resultOn(heldOut);
  const steps: StepRecord[] = [];
  const begun = performance.now();
  while (steps.length < config.steps) {
    const record = await crpoStep(environment, state);
    steps.push(record);
    say(stepLine(config.seed, record));
  }
  const stepsPerMinute = steps.length / ((performance.now() - begun) / 60_000);
  const after = await resultOn(heldOut);
  dispose();
  return { seed: config.seed, steps, before, after, stepsPerMinute };
}

/** One greedy completion per held-out case. */
async function resultOn(heldOut: StepEnvironment): Promise<DatasetResult> {
  const cases: EvaluatedCase[] = [];
  const decoding = { samples: 1, temperature: 1 };
  const range = { from: 0, total: heldOut.cases.count };
  const batches = evaluateCases(
    { ...heldOut, policy: heldOut.learner, onTokens: () => undefined },
    decoding,
    range,
  );
  for await (const batch of batches) cases.push(...batch);
  const dataset = { datasetId: 'heldout', name: 'heldout', part: 'all' } as const;
  return summarize(dataset, cases, { samples: 1, seed: heldOut.config.seed }, NEVER_PAUSED);
}

function stepLine(seed: number, { step, metrics }: StepRecord): string {
  const shown = {
    reward: 'reward',
    accuracy: 'rewards/accuracy/mean',
    format: 'rewards/format/mean',
    dead: 'frac_reward_zero_std',
    length: 'completions/mean_length',
    clipped: 'completions/clipped_ratio',
    kl: 'kl',
    entropy: 'entropy',
    seconds: 'step_time',
  };
  const values = Object.entries(shown).map(([name, key]) => `${name} ${metrics[key]?.toFixed(3) ?? '–'}`);
  return `seed ${seed}  step ${step}  ${values.join('  ')}`;
}

function summary({ seed, steps, before, after, stepsPerMinute }: SeedResult): string[] {
  const keys = Object.keys(steps[0]!.metrics).filter((key) => /^reward$|^rewards\/.*\/mean$/.test(key));
  const window = (key: string, records: readonly StepRecord[]) =>
    (records.reduce((sum, { metrics }) => sum + metrics[key]!, 0) / records.length).toFixed(3);
  const percent = ({ accuracy }: DatasetResult) => `${(100 * (accuracy.value ?? 0)).toFixed(1)} %`;
  const figure = (value: number | null | undefined) => value?.toFixed(3) ?? '–';
  return [
    `seed ${seed}: first ${WINDOW} steps → last ${WINDOW} steps, ${stepsPerMinute.toFixed(1)} steps per minute`,
    ...keys.map(
      (key) => `  ${key}: ${window(key, steps.slice(0, WINDOW))} → ${window(key, steps.slice(-WINDOW))}`,
    ),
    `  held-out cases, greedy: correct ${percent(before)} → ${percent(after)}, reward ${figure(before.reward.value)} → ${figure(after.reward.value)}`,
    ...Object.entries(before.objectives).map(
      ([name, { value }]) => `    ${name}: ${figure(value)} → ${figure(after.objectives[name]?.value)}`,
    ),
  ];
}
