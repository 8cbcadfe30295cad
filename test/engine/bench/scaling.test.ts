/** A step costs in proportion to its tokens, attention aside: by the multiply-adds that its kernels count. */
import { describe, expect, it } from 'vitest';
import { CASES, type CaseName, tokensOf } from '../../../src/engine/bench/cases';
import { learnerSide } from '../../../src/engine/bench/learner-side';
import { measure } from '../../../src/engine/bench/measure';
import {
  benchConfig,
  benchRollouts,
  MODELS,
  OBJECTIVE,
  OPTIMIZER,
  TRAINING_BATCH,
} from '../../../src/engine/bench/model';
import { PLANS } from '../../../src/engine/bench/plans';
import { keyOf, type Outcome, rowOf } from '../../../src/engine/bench/rows';
import { FusedDevice } from '../../../src/engine/fused/device';
import { FusedLearner } from '../../../src/engine/fused/learner';
import { DryGpu } from '../../../src/engine/gpu/dry-gpu';
import { LIMITS } from '../gpu/limits';

const HOST = {
  clock: () => 0,
  timeKind: 'cpu' as const,
  wallClock: () => 0,
  counter: null,
  breathe: async () => undefined,
};

const PAUSABLE = { breathe: HOST.breathe, signal: { throwIfAborted: () => undefined } };

/** The bench's small model on a GPU that only counts. */
function dryLearner() {
  const gpu = new DryGpu(LIMITS);
  return { gpu, learner: new FusedLearner(new FusedDevice(gpu), benchConfig(MODELS.d128), '{}', null) };
}

/** The bench's own measurement on it. */
async function counted(caseName: CaseName): Promise<Outcome> {
  const benchCase = CASES[caseName];
  if (!('model' in benchCase) || benchCase.model !== MODELS.d128) throw new Error(`${caseName} is another`);
  const { gpu, learner } = dryLearner();
  const side = { ...learnerSide(benchCase, learner, PAUSABLE), work: gpu.counters };
  const measurement = await measure(side, { warmUp: 0, repeats: 1 }, HOST);
  side.dispose();
  return { measurement };
}

/** Multiply-adds of a step. */
async function ofStep(caseName: CaseName): Promise<number> {
  const outcome = await counted(caseName);
  if ('problem' in outcome) throw new Error(outcome.problem);
  return outcome.measurement.work!.multiplyAdds;
}

/** Of its update, which every step takes once, however many tokens it has. */
async function ofUpdate(): Promise<number> {
  const { gpu, learner } = dryLearner();
  await learner.addGradient(benchRollouts(learner.config, TRAINING_BATCH), OBJECTIVE, PAUSABLE);
  const before = gpu.counters.multiplyAdds;
  await learner.applyGradient({ step: 1, learningRate: 1e-3, settings: OPTIMIZER });
  return gpu.counters.multiplyAdds - before;
}

const perToken = async (caseName: CaseName) => (await ofStep(caseName)) / tokensOf(caseName);
const gradientPerToken = async (caseName: CaseName) =>
  ((await ofStep(caseName)) - (await ofUpdate())) / tokensOf(caseName);

describe('multiply-adds per token of a training step', () => {
  it('grow with the sequences by attention alone', async () => {
    const { layers, width } = MODELS.d128;
    // Causal, so over half of the sequence: q·k and p·v forward; backward again q·k and dp for dq, which is
    // a third, and q·k, dp, dk and dv for the keys.
    const attention = (tokens: number) => (2 + 3 + 4) * width * (tokens / 2) * layers;
    const rest = async (caseName: CaseName, tokens: number) =>
      (await gradientPerToken(caseName)) - attention(tokens);
    const least = await rest('training-4x64', 64);
    const others = [
      ['training-d128', 128],
      ['training-4x256', 256],
      ['training-4x512', 512],
    ] as const;
    for (const [caseName, tokens] of others)
      expect(Math.abs((await rest(caseName, tokens)) / least - 1), caseName).toBeLessThan(0.02);
    // In this narrow model it is much: 8 times the tokens, 8 · 1.38 times the work.
    const growth = (await gradientPerToken('training-4x512')) / (await gradientPerToken('training-4x64'));
    expect(growth).toBeLessThan(1.4);
  });

  it('hold the update, which a step takes once, for a few in a hundred', async () => {
    const share = (await ofUpdate()) / (await ofStep('training-1x128'));
    expect(share).toBeGreaterThan(0);
    expect(share).toBeLessThan(0.05);
  });

  it.each([
    'training-2x128',
    'training-d128',
    'training-8x128',
    'training-16x128',
    'training-32x128',
  ] as const)('apart from that do not depend on the batch: %s', async (caseName) => {
    const ratio = (await gradientPerToken(caseName)) / (await gradientPerToken('training-1x128'));
    expect(Math.abs(ratio - 1)).toBeLessThan(0.01);
  });

  it('are what the rows say', async () => {
    const plan = PLANS.find(({ name }) => name === 'multiply-adds per token, T 512 against T 64')!;
    const outcomes = new Map<string, Outcome>();
    for (const caseName of ['training-4x64', 'training-4x512'] as const)
      outcomes.set(keyOf({ side: 'engine', backend: 'webgpu', caseName }), await counted(caseName));
    const { figures } = rowOf(plan, 'cpu', outcomes);
    const [long, short] = [await perToken('training-4x512'), await perToken('training-4x64')];
    expect(figures!.ratio).toBeCloseTo(short / long, 9);
  });
});

it('a decoded token of one row moves little more than the weights', async () => {
  const plan = PLANS.find(({ quantity }) => quantity === 'traffic')!;
  const outcomes = new Map<string, Outcome>();
  for (const caseName of ['rollout-one', 'rollout-one-half'] as const)
    outcomes.set(keyOf({ side: 'engine', backend: 'webgpu', caseName }), await counted(caseName));
  const { figures, target } = rowOf(plan, 'cpu', outcomes);
  expect(figures!.ours).toBeGreaterThan(0.99);
  expect(figures!.ours).toBeLessThanOrEqual(target!);
});
