/**
 * The settings of a run: one table validates them, draws the page's controls and says what Clinical-R1
 * used. What comes from a file or the page goes through `validateConfig`, which names the path, what
 * was expected and what came.
 */
import type { RunConfig, SettingDescriptor, SettingValue, StudioError } from '../../protocol';
import { configError, invalidSetting } from '../config-error';
import { LORA_TARGETS } from '../policy';
import { presetRewards } from '../rewards';
import { validateCustom } from '../rewards/custom-definition';
import { ALGORITHM_SETTINGS } from './settings-algorithm';
import { RUN_SETTINGS } from './settings-run';

export const SETTINGS: readonly SettingDescriptor[] = [...RUN_SETTINGS, ...ALGORITHM_SETTINGS];

/** For the starter and other policies of about a million parameters. */
export function defaultConfig(): RunConfig {
  return {
    version: 1,
    name: 'starter',
    seed: 1,
    steps: 30,
    prompt: {
      tags: 'dx',
      system:
        'You answer a multiple-choice question about a patient. Reason inside {open} and {close}: name the ' +
        'findings of the case that decide, and say why the other options fit less well. Then conclude inside ' +
        '{openAnswer} and {closeAnswer} with your answer and exactly one \\boxed{LETTER}.',
      addOpeningTag: false,
      maxTokens: 768,
    },
    rewards: presetRewards('released'),
    data: { heldOutFraction: 0, splitSeed: 1 },
    sampling: {
      promptsPerBatch: 4,
      groupSize: 8,
      maxCompletionTokens: 128,
      temperature: 1,
      topK: 0,
      topP: 1,
      minP: 0,
      repetitionPenalty: 1,
    },
    advantage: { scale: 'std', combine: 'sum-then-normalize', epsilon: 1e-4 },
    loss: {
      clipRangeLow: 0.2,
      clipRangeHigh: 0.28,
      dualClip: null,
      klCoefficient: 0.001,
      klClamp: null,
      entropyCoefficient: 0,
      aggregation: 'token-mean',
      maskTruncated: false,
    },
    optimizer: {
      learningRate: 1e-4,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 0,
      warmupSteps: 0,
      schedule: 'constant',
      maxGradNorm: 1,
    },
    update: { miniBatches: 1, epochs: 1, microBatchSize: 8, gpuMemory: 4096 },
    training: { mode: 'full', loraRank: 16, loraAlpha: 32, loraTargets: LORA_TARGETS },
    checkpoint: { everySteps: 10, keep: 3 },
  };
}

/**
 * Clinical-R1's algorithm as `defaultConfig` with its values, at the scale of one tab: prompts per
 * batch, mini-batches and token limits stay (the table tells the paper's: 512, 32, 1,024 and 4,096).
 */
export function paperConfig(): RunConfig {
  const scale = [
    'sampling.promptsPerBatch',
    'update.miniBatches',
    'prompt.maxTokens',
    'sampling.maxCompletionTokens',
  ];
  const values = SETTINGS.filter(({ path, paper }) => paper !== undefined && !scale.includes(path));
  return validateConfig({
    ...withValues(defaultConfig(), Object.fromEntries(values.map(({ path, paper }) => [path, paper!]))),
    name: 'clinical-r1',
    training: { ...defaultConfig().training, mode: 'lora', loraRank: 32, loraAlpha: 16 },
  });
}

/**
 * Settings that came after the first files: a configuration without them means these values. Nothing
 * else has a default in a file.
 */
const LATER_SETTINGS: Readonly<Record<string, SettingValue>> = {
  'rewards.integrityGate': true,
  'rewards.custom': [],
  'data.heldOutFraction': 0,
  'data.splitSeed': 1,
  'sampling.minP': 0,
  'sampling.repetitionPenalty': 1,
  'update.gpuMemory': 4096,
};

/** A complete and consistent configuration, or a `config-invalid` error that names the first fault. */
export function validateConfig(value: unknown): RunConfig {
  refuseUnknown(value, '');
  if (at(value, 'version') !== 1) throw invalidSetting('version', 'the number 1', at(value, 'version'));
  const values: [string, unknown][] = [];
  for (const setting of SETTINGS) {
    const given = at(value, setting.path);
    const received = given === undefined ? LATER_SETTINGS[setting.path] : given;
    if (received === undefined && isWeight(setting)) continue;
    if (!fits(setting, received)) throw invalidSetting(setting.path, expectation(setting), received);
    values.push([setting.path, setting.kind === 'objectives' ? validateCustom(received) : received]);
  }
  const config = assemble(values);
  refuseContradictions(config);
  return config;
}

/**
 * The configuration with settings of a running run changed, path → value. Refuses a `new-run`
 * setting and, in full training, a β that leaves 0: the weights of the run's begin were not kept. With
 * LoRA they are still there, and β counts from the next rollout batch on.
 */
export function applyChanges(config: RunConfig, changes: Readonly<Record<string, SettingValue>>): RunConfig {
  for (const [path, value] of Object.entries(changes)) {
    const setting = SETTINGS.find((candidate) => candidate.path === path);
    if (setting === undefined) throw unknownSetting(path, settingPaths());
    const now = at(config, path);
    if (setting.applies === 'new-run' && JSON.stringify(now) !== JSON.stringify(value))
      throw invalidSetting(path, `${JSON.stringify(now)}, because a change needs a new run`, value);
  }
  const changed = validateConfig(withValues(config, changes));
  const { klCoefficient } = changed.loss;
  if (config.training.mode === 'full' && config.loss.klCoefficient === 0 && klCoefficient !== 0)
    throw invalidSetting(
      'loss.klCoefficient',
      '0, because this run keeps no reference policy',
      klCoefficient,
    );
  return changed;
}

/** What no single setting can tell. */
function refuseContradictions(config: RunConfig): void {
  const { advantage, rewards, sampling, update } = config;
  const rollouts = sampling.promptsPerBatch * sampling.groupSize;
  if (rollouts % update.miniBatches !== 0) {
    const reason = `a divisor of the ${rollouts} rollouts of a batch (${sampling.promptsPerBatch} prompts · ${sampling.groupSize}), so that none is dropped`;
    throw invalidSetting('update.miniBatches', reason, update.miniBatches);
  }
  if (advantage.combine === 'normalize-then-sum' && advantage.scale !== 'std')
    throw invalidSetting(
      'advantage.scale',
      '"std", because normalize-then-sum divides by the deviation',
      advantage.scale,
    );
  const weights = [...Object.values(rewards.weights), ...rewards.custom.map(({ weight }) => weight)];
  if (!weights.some((weight) => weight > 0))
    throw invalidSetting('rewards.weights', 'at least one weight above 0', rewards.weights);
}

function fits(setting: SettingDescriptor, value: unknown): boolean {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, choices = [] } = setting;
  if (value === null) return setting.nullable === true;
  switch (setting.kind) {
    case 'integer':
    case 'number': {
      const right = setting.kind === 'integer' ? Number.isSafeInteger(value) : Number.isFinite(value);
      return right && (value as number) >= min && (value as number) <= max;
    }
    case 'text':
      return typeof value === 'string' && value.length >= min && value.length <= max;
    case 'boolean':
      return typeof value === 'boolean';
    case 'choice':
      return choices.includes(value as string);
    case 'choices':
      return (
        Array.isArray(value) &&
        value.length > 0 &&
        value.length <= choices.length &&
        new Set(value).size === value.length &&
        value.every((item) => choices.includes(item))
      );
    case 'objectives':
      return Array.isArray(value);
    default:
      return setting.kind satisfies never;
  }
}

function expectation({ kind, min, max, choices = [], nullable }: SettingDescriptor): string {
  const listed = choices.map((choice) => `"${choice}"`).join(', ');
  const expected = {
    number: `a number from ${min} to ${max}`,
    integer: `an integer from ${min} to ${max}`,
    text: `a text of ${min} to ${max} characters`,
    boolean: 'true or false',
    choice: `one of ${listed}`,
    choices: `one or more of ${listed}, each once`,
    objectives: 'a list of objectives',
  }[kind];
  return nullable ? `${expected}, or null` : expected;
}

function unknownSetting(path: string, known: readonly string[]): StudioError {
  return configError(`${path.slice(0, 80)}: no such setting; expected one of ${known.join(', ')}`);
}

function settingPaths(): string[] {
  return SETTINGS.map(({ path }) => path);
}

type Section = Readonly<Record<string, unknown>>;

/** Weights are optional: an objective without one has weight 0. */
function isWeight({ path }: SettingDescriptor): boolean {
  return path.startsWith('rewards.weights.');
}

function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A misspelt setting must not pass for its default. */
function refuseUnknown(value: unknown, prefix: string): void {
  if (!isSection(value)) throw invalidSetting(prefix.slice(0, -1) || 'configuration', 'an object', value);
  const known = SETTINGS.filter(({ path }) => path.startsWith(prefix));
  const names = new Set(known.map(({ path }) => path.slice(prefix.length).split('.')[0]!));
  if (prefix === '') names.add('version');
  for (const key of Object.keys(value))
    if (!names.has(key)) throw unknownSetting(`${prefix}${key}`, [...names]);
  for (const name of names) {
    const inside = known.filter(({ path }) => path.startsWith(`${prefix}${name}.`));
    const mayLack = inside.every(({ path }) => path in LATER_SETTINGS);
    if (inside.length > 0 && !(mayLack && value[name] === undefined))
      refuseUnknown(value[name], `${prefix}${name}.`);
  }
}

/** The value at a dotted path; undefined where there is none. */
function at(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce(
      (section: unknown, key) =>
        isSection(section) && Object.hasOwn(section, key) ? section[key] : undefined,
      value,
    );
}

function withValues(config: RunConfig, changes: Readonly<Record<string, SettingValue>>): RunConfig {
  const kept = SETTINGS.map(({ path }): [string, unknown] => [path, at(config, path)]);
  return assemble([...kept.filter(([, value]) => value !== undefined), ...Object.entries(changes)]);
}

/** Paths and their values, later ones winning, as a configuration that shares nothing with its source. */
function assemble(values: readonly (readonly [string, unknown])[]): RunConfig {
  const config: Record<string, unknown> = { version: 1, rewards: { weights: {} } };
  for (const [path, value] of values) {
    const keys = path.split('.');
    const last = keys.pop()!;
    let section = config;
    for (const key of keys) {
      section[key] ??= {};
      section = section[key] as Record<string, unknown>;
    }
    section[last] = Array.isArray(value) ? [...value] : value;
  }
  return config as unknown as RunConfig;
}
