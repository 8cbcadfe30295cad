import { describe, expect, it } from 'vitest';
import {
  applyChanges,
  defaultConfig,
  paperConfig,
  SETTINGS,
  validateConfig,
} from '../../../src/engine/crpo/settings';
import { OBJECTIVES } from '../../../src/engine/rewards';
import type { CustomObjective, RunConfig, SettingDescriptor } from '../../../src/protocol';

const valueAt = (config: unknown, path: string): unknown =>
  path
    .split('.')
    .reduce((section, key) => (section as Record<string, unknown> | undefined)?.[key], config as unknown);

/** A JSON copy of the defaults with one value replaced; undefined removes it. */
function changed(path: string, value: unknown): unknown {
  const copy = JSON.parse(JSON.stringify(defaultConfig()));
  const keys = path.split('.');
  const last = keys.pop()!;
  const section = keys.reduce((inner, key) => inner[key], copy);
  if (value === undefined) delete section[last];
  else section[last] = value;
  return copy;
}

const hedging: CustomObjective = {
  name: 'hedging',
  match: { kind: 'pattern', pattern: 'maybe' },
  where: 'reasoning',
  cap: 3,
  weight: -0.5,
};

/** Paths of all leaves of a configuration. */
function leaves(value: unknown, prefix = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [prefix];
  return Object.entries(value).flatMap(([key, inner]) =>
    leaves(inner, prefix === '' ? key : `${prefix}.${key}`),
  );
}

describe('the table', () => {
  it('describes every field of a configuration, each once', () => {
    const paths = SETTINGS.map(({ path }) => path);
    expect(new Set(paths).size).toBe(paths.length);
    const fields = leaves(defaultConfig()).filter((path) => path !== 'version');
    expect(fields.filter((path) => !paths.includes(path))).toEqual([]);
    const known = new Set([
      ...fields,
      ...OBJECTIVES.map(({ descriptor }) => `rewards.weights.${descriptor.name}`),
    ]);
    expect(paths.filter((path) => !known.has(path))).toEqual([]);
  });

  it('names the source of every value of the paper', () => {
    for (const { path, paper, source } of SETTINGS)
      expect(paper === undefined, path).toBe(source === undefined);
  });
});

describe('defaultConfig and paperConfig', () => {
  it('are valid and survive JSON', () => {
    for (const config of [defaultConfig(), paperConfig()])
      expect(validateConfig(JSON.parse(JSON.stringify(config)))).toEqual(config);
  });

  it('gives Clinical-R1’s values, but for what a tab cannot carry', () => {
    const scale = [
      'sampling.promptsPerBatch',
      'update.miniBatches',
      'prompt.maxTokens',
      'sampling.maxCompletionTokens',
    ];
    const config = paperConfig();
    for (const { path, paper } of SETTINGS) {
      if (paper === undefined) continue;
      expect(valueAt(config, path), path).toEqual(
        scale.includes(path) ? valueAt(defaultConfig(), path) : paper,
      );
    }
    // Gu et al., and the released scripts: G 5, lr 1e-6, T 1.0, β 0.001, clip 0.2, entropy 0.001, LoRA r 32, α 16.
    expect(config.sampling).toMatchObject({ groupSize: 5, temperature: 1 });
    expect(config.optimizer.learningRate).toBe(1e-6);
    expect(config.loss).toMatchObject({
      klCoefficient: 0.001,
      klClamp: 10,
      clipRangeLow: 0.2,
      clipRangeHigh: 0.2,
      entropyCoefficient: 0.001,
      dualClip: null,
    });
    expect(config.training).toMatchObject({ mode: 'lora', loraRank: 32, loraAlpha: 16 });
  });

  it('asks in the system prompt for both tags and one box', () => {
    const { system } = defaultConfig().prompt;
    for (const part of ['{open}', '{close}', '{openAnswer}', '{closeAnswer}', '\\boxed{LETTER}'])
      expect(system).toContain(part);
  });
});

describe('validateConfig', () => {
  const refusals: [string, unknown, string][] = [
    ['optimizer.learningRate', 'x', 'optimizer.learningRate: expected a number from 0 to 1, received "x"'],
    [
      'optimizer.learningRate',
      Number.NaN,
      'optimizer.learningRate: expected a number from 0 to 1, received NaN',
    ],
    ['optimizer.learningRate', 1.5, 'optimizer.learningRate: expected a number from 0 to 1, received 1.5'],
    [
      'optimizer.learningRate',
      undefined,
      'optimizer.learningRate: expected a number from 0 to 1, received nothing',
    ],
    [
      'optimizer.learningRat',
      1,
      'optimizer.learningRat: no such setting; expected one of learningRate, beta1, beta2',
    ],
    ['optimizer', undefined, 'optimizer: expected an object, received nothing'],
    ['optimizer', [1], 'optimizer: expected an object, received a list of 1'],
    ['seed', 2 ** 32, 'seed: expected an integer from 0 to 4294967295, received 4294967296'],
    ['steps', 1.5, 'steps: expected an integer from 0 to 1000000, received 1.5'],
    ['name', '', 'name: expected a text of 1 to 80 characters, received ""'],
    ['prompt.tags', 'xml', 'prompt.tags: expected one of "think", "dx", received "xml"'],
    ['prompt.addOpeningTag', 1, 'prompt.addOpeningTag: expected true or false, received 1'],
    ['loss.dualClip', 0.5, 'loss.dualClip: expected a number from 1 to 100, or null, received 0.5'],
    ['loss.clipRangeLow', null, 'loss.clipRangeLow: expected a number from 0 to 1, received null'],
    ['rewards.weights.speed', 1, 'rewards.weights.speed: no such setting; expected one of accuracy, format'],
    ['rewards.weights', {}, 'rewards.weights: expected at least one weight above 0, received an object'],
    ['version', 2, 'version: expected the number 1, received 2'],
  ];
  it.each(refusals)('%s = %j', (path, value, message) => {
    const refused = () => validateConfig(changed(path, value));
    expect(refused).toThrow(message);
    expect(refused).toThrow(
      expect.objectContaining({
        record: expect.objectContaining({ boundary: 'protocol', code: 'config-invalid' }),
      }),
    );
  });

  it.each([[null], [7], ['{}'], [[]], [undefined]])('refuses %j as a configuration', (value) => {
    expect(() => validateConfig(value)).toThrow(/^configuration: expected an object/);
  });

  it('refuses targets that are unknown, doubled or none', () => {
    for (const targets of [['q_proj', 'q_proj'], ['lm_head'], [], 'q_proj'])
      expect(() => validateConfig(changed('training.loraTargets', targets))).toThrow(
        /^training\.loraTargets: expected one or more of/,
      );
  });

  it('refuses mini-batches that would drop a remainder, with the reason', () => {
    // 4 prompts · 8 completions = 32 rollouts.
    expect(() => validateConfig(changed('update.miniBatches', 5))).toThrow(
      'update.miniBatches: expected a divisor of the 32 rollouts of a batch (4 prompts · 8), so that none is dropped, received 5',
    );
    for (const parts of [1, 2, 4, 8, 16, 32])
      expect(() => validateConfig(changed('update.miniBatches', parts))).not.toThrow();
  });

  it('refuses GDPO with another scale than the deviation', () => {
    const config = changed('advantage.combine', 'normalize-then-sum') as { advantage: { scale: string } };
    config.advantage.scale = 'none';
    expect(() => validateConfig(config)).toThrow(/^advantage\.scale: expected "std"/);
  });

  it('refuses every number just outside its bounds and takes the bounds', () => {
    for (const { path, kind, min, max, nullable } of SETTINGS as readonly SettingDescriptor[]) {
      if (kind !== 'number' && kind !== 'integer') continue;
      const step = kind === 'integer' ? 1 : 1e-3;
      for (const value of [min! - step, max! + step])
        expect(() => validateConfig(changed(path, value)), path).toThrow(path);
      if (nullable) expect(() => validateConfig(changed(path, null)), path).not.toThrow();
    }
    for (const path of [
      'sampling.temperature',
      'loss.klCoefficient',
      'optimizer.beta2',
      'training.loraRank',
      'checkpoint.keep',
    ]) {
      const { min, max } = SETTINGS.find((setting) => setting.path === path)!;
      for (const value of [min, max]) expect(() => validateConfig(changed(path, value)), path).not.toThrow();
    }
  });

  it('does not confuse a prototype with a setting', () => {
    const config = JSON.parse(JSON.stringify(defaultConfig()).replace('{', '{"__proto__": {"x": 1}, '));
    expect(() => validateConfig(config)).toThrow(/^__proto__: no such setting/);
    expect(() => validateConfig(Object.create(defaultConfig()))).toThrow();
  });
});

describe('files from before a setting', () => {
  it('take its default', () => {
    const older = JSON.parse(JSON.stringify(defaultConfig()));
    delete older.rewards.integrityGate;
    delete older.rewards.custom;
    delete older.data;
    delete older.sampling.minP;
    delete older.sampling.repetitionPenalty;
    delete older.update.gpuMemory;
    expect(validateConfig(older)).toEqual({
      ...defaultConfig(),
      rewards: { ...defaultConfig().rewards, integrityGate: true, custom: [] },
      data: { heldOutFraction: 0, splitSeed: 1 },
      sampling: { ...defaultConfig().sampling, minP: 0, repetitionPenalty: 1 },
    });
    expect(validateConfig({ ...older, data: { heldOutFraction: 0.2 } }).data).toEqual({
      heldOutFraction: 0.2,
      splitSeed: 1,
    });
  });

  it('are refused for anything else that is missing or wrong', () => {
    for (const { path } of SETTINGS) {
      const later = [
        'rewards.integrityGate',
        'rewards.custom',
        'data.heldOutFraction',
        'data.splitSeed',
        'sampling.minP',
        'sampling.repetitionPenalty',
        'update.gpuMemory',
      ];
      if (later.includes(path) || path.startsWith('rewards.weights.')) continue;
      expect(() => validateConfig(changed(path, undefined)), path).toThrow(`${path}: expected`);
    }
    expect(() => validateConfig(changed('data', null))).toThrow('data: expected an object, received null');
    expect(() => validateConfig(changed('data.seed', 1))).toThrow('data.seed: no such setting');
    expect(() => validateConfig(changed('rewards.integrityGate', null))).toThrow(
      'rewards.integrityGate: expected true or false, received null',
    );
  });
});

describe('custom objectives', () => {
  it('are part of the configuration and survive JSON', () => {
    const config = validateConfig(changed('rewards.custom', [hedging]));
    expect(config.rewards.custom).toEqual([hedging]);
    expect(validateConfig(JSON.parse(JSON.stringify(config)))).toEqual(config);
  });

  it('are refused by their path', () => {
    expect(() => validateConfig(changed('rewards.custom', 'hedging'))).toThrow(
      'rewards.custom: expected a list of objectives, received "hedging"',
    );
    expect(() => validateConfig(changed('rewards.custom', [{ ...hedging, cap: 0 }]))).toThrow(
      'rewards.custom[0].cap: expected an integer from 1 to 1000, received 0',
    );
  });

  it('count among the weights of which one must be above 0', () => {
    const config = JSON.parse(JSON.stringify(defaultConfig()));
    config.rewards.weights = {};
    config.rewards.custom = [hedging];
    expect(() => validateConfig(config)).toThrow('rewards.weights: expected at least one weight above 0');
    config.rewards.custom = [hedging, { ...hedging, name: 'cites', weight: 0.1 }];
    expect(() => validateConfig(config)).not.toThrow();
  });

  it('may be declared, changed and removed in a running run', () => {
    const config = defaultConfig();
    const declared = applyChanges(config, { 'rewards.custom': [hedging] });
    expect(declared.rewards.custom).toEqual([hedging]);
    expect(config.rewards.custom).toEqual([]);
    const heavier = applyChanges(declared, { 'rewards.custom': [{ ...hedging, weight: -2 }] });
    expect(heavier.rewards.custom[0]?.weight).toBe(-2);
    expect(applyChanges(heavier, { 'rewards.custom': [] })).toEqual(config);
    expect(() => applyChanges(config, { 'rewards.custom': [hedging, hedging] })).toThrow(
      'rewards.custom[1].name',
    );
    expect(() => applyChanges(config, { 'data.splitSeed': 2 })).toThrow(/needs a new run/);
  });
});

describe('applyChanges', () => {
  const config: RunConfig = defaultConfig();

  it('changes what a running run may take up, and shares nothing', () => {
    const after = applyChanges(config, {
      'optimizer.learningRate': 0.01,
      'rewards.weights.language': 2,
      'loss.dualClip': 3,
    });
    expect(after.optimizer.learningRate).toBe(0.01);
    expect(after.rewards.weights).toEqual({ ...config.rewards.weights, language: 2 });
    expect(after.loss.dualClip).toBe(3);
    expect(config).toEqual(defaultConfig());
    expect({ ...after, optimizer: config.optimizer, rewards: config.rewards, loss: config.loss }).toEqual(
      config,
    );
  });

  it('refuses what needs a new run, unless nothing changes', () => {
    expect(() => applyChanges(config, { 'sampling.groupSize': 4 })).toThrow(
      'sampling.groupSize: expected 8, because a change needs a new run, received 4',
    );
    expect(() => applyChanges(config, { 'training.loraTargets': ['q_proj'] })).toThrow(/needs a new run/);
    expect(
      applyChanges(config, {
        'sampling.groupSize': 8,
        'training.loraTargets': [...config.training.loraTargets],
      }),
    ).toEqual(config);
  });

  it('refuses unknown paths, sections and bad values', () => {
    for (const path of ['optimizer', 'speed', '__proto__', 'version', 'optimizer.learningRate.x'])
      expect(() => applyChanges(config, { [path]: 1 })).toThrow(path);
    expect(() => applyChanges(config, { 'optimizer.learningRate': -1 })).toThrow(
      /^optimizer\.learningRate: expected a number/,
    );
  });

  it('cannot turn the reference on in a run that began without one', () => {
    const without = applyChanges(config, { 'loss.klCoefficient': 0 });
    expect(() => applyChanges(without, { 'loss.klCoefficient': 0.001 })).toThrow(/no reference policy/);
    const lora = { ...without, training: { ...without.training, mode: 'lora' as const } };
    expect(applyChanges(lora, { 'loss.klCoefficient': 0.001 }).loss.klCoefficient).toBe(0.001);
  });
});
