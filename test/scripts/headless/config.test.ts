import { describe, expect, it } from 'vitest';
import { applyOptions, mergeConfig, weightedObjectives } from '../../../scripts/headless/config.mjs';
import type {
  CustomObjective,
  ObjectiveDescriptor,
  RewardPresetDescriptor,
  RunConfig,
} from '../../../src/protocol';

const defaults: RunConfig = {
  version: 1,
  name: 'run',
  seed: 1,
  steps: 10,
  prompt: { tags: 'think', system: 's', addOpeningTag: false, maxTokens: 100 },
  rewards: {
    preset: 'released',
    weights: { accuracy: 1, format: 0.5 },
    accuracyFloor: null,
    integrityGate: true,
    custom: [],
  },
  data: { heldOutFraction: 0, splitSeed: 1 },
  sampling: {
    promptsPerBatch: 2,
    groupSize: 4,
    maxCompletionTokens: 16,
    temperature: 1,
    topK: 0,
    topP: 1,
    minP: 0,
    repetitionPenalty: 1,
  },
  advantage: { scale: 'std', combine: 'sum-then-normalize', epsilon: 1e-6 },
  loss: {
    clipRangeLow: 0.2,
    clipRangeHigh: 0.2,
    dualClip: null,
    klCoefficient: 0.001,
    klClamp: null,
    entropyCoefficient: 0,
    aggregation: 'token-mean',
    maskTruncated: false,
  },
  optimizer: {
    learningRate: 1e-3,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0,
    warmupSteps: 0,
    schedule: 'constant',
    maxGradNorm: 1,
  },
  update: { miniBatches: 1, epochs: 1, microBatchSize: 8, gpuMemory: 4096 },
  training: { mode: 'full', loraRank: 8, loraAlpha: 16, loraTargets: ['q_proj'] },
  checkpoint: { everySteps: 5, keep: 3 },
};

const merge = (given: unknown) => mergeConfig(defaults, 'c.json', JSON.stringify(given));

describe('mergeConfig', () => {
  it('keeps the defaults of what is not named', () => {
    const merged = merge({ seed: 7, loss: { klCoefficient: 0 } });
    expect(merged).toEqual({ ...defaults, seed: 7, loss: { ...defaults.loss, klCoefficient: 0 } });
  });

  it('reads a whole config and an earlier run.json alike', () => {
    const whole = { ...defaults, steps: 99 };
    expect(merge(whole)).toEqual(whole);
    expect(merge({ config: whole, steps: [], summary: {} })).toEqual(whole);
  });

  it('takes weights as a whole: what is not named has none', () => {
    expect(merge({ rewards: { weights: { accuracy: 2 } } }).rewards.weights).toEqual({ accuracy: 2 });
  });

  it('takes custom objectives from a config and from a run.json, whole and in order', () => {
    const match = { kind: 'terms', terms: ['maybe'] };
    const custom = [
      { name: 'hedging', match, where: 'reasoning', cap: 3, weight: -0.5 },
      { name: 'signs', match, where: 'response', cap: 1, weight: 1 },
    ];
    expect(merge({ rewards: { custom } }).rewards).toEqual({ ...defaults.rewards, custom });
    const recorded = { ...defaults, rewards: { ...defaults.rewards, custom } };
    expect(merge({ config: recorded, steps: [] })).toEqual(recorded);
  });

  it('keeps null and lists as values', () => {
    expect(merge({ rewards: { accuracyFloor: -1 } }).rewards.accuracyFloor).toBe(-1);
    expect(merge({ training: { loraTargets: [] } }).training.loraTargets).toEqual([]);
  });

  it.each([
    [{ optimizer: { learningrate: 1 } }, 'c.json: there is no setting "optimizer.learningrate".'],
    [{ lr: 1 }, 'c.json: there is no setting "lr".'],
    [{ loss: 3 }, 'c.json: loss must be an object, not 3.'],
    [[], 'c.json: the config must be an object, not [].'],
    [{ constructor: {} }, 'c.json: there is no setting "constructor".'],
  ])('refuses %j', (given, sentence) => {
    expect(() => merge(given)).toThrow(sentence);
  });

  it('says where JSON ends', () => {
    expect(() => mergeConfig(defaults, 'c.json', '{"seed": ')).toThrow(/^c\.json is not JSON: /);
  });
});

describe('applyOptions', () => {
  const presets: RewardPresetDescriptor[] = [
    { name: 'released', label: 'r', weights: { accuracy: 1 }, source: 's' },
    { name: 'grpo', label: 'g', weights: { accuracy: 3 }, source: 's' },
    { name: 'clinical', label: 'c', weights: { citation: 0.4 }, source: 's' },
  ];
  const apply = (options: object) =>
    applyOptions(defaults, { backend: 'auto', evaluate: [], samples: 1, ...options }, presets);

  it('puts the single options over the config', () => {
    const config = apply({ seed: 0, steps: 3, preset: 'grpo' });
    expect([config.seed, config.steps]).toEqual([0, 3]);
    expect(config.rewards).toEqual({ ...defaults.rewards, preset: 'grpo', weights: { accuracy: 3 } });
  });

  it('changes nothing that was not asked for, and 0 steps are not a setting', () => {
    expect(apply({})).toEqual(defaults);
    expect(apply({ steps: 0 })).toEqual(defaults);
  });
});

describe('weightedObjectives', () => {
  it('names what the reward is made of: built-in objectives with a weight, then one’s own', () => {
    const builtIn = ['format', 'accuracy', 'language'].map(
      (name): ObjectiveDescriptor => ({
        name,
        label: name,
        help: 'h',
        aim: 'form',
        min: 0,
        max: 1,
        source: 's',
      }),
    );
    const own = (name: string, weight: number): CustomObjective => ({
      name,
      match: { kind: 'pattern', pattern: 'a' },
      where: 'response',
      cap: 1,
      weight,
    });
    const rewards = { ...defaults.rewards, custom: [own('penalty', -1), own('watched', 0), own('cites', 2)] };
    expect(weightedObjectives(builtIn, rewards)).toEqual(['format', 'accuracy', 'penalty', 'cites']);
  });
});
