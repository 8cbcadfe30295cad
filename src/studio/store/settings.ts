/**
 * Run settings by their dotted paths: read, write, check, compare. What a setting is called, may
 * be and applies to comes from its descriptor; nothing here knows a setting by name but the weights,
 * which may be absent: an objective without a weight has weight 0.
 */
import {
  type CustomObjective,
  type RunConfig,
  type SettingDescriptor,
  type SettingValue,
  StudioError,
} from '../../protocol';
import { customChanges, customListProblem } from './customObjectives';

type Tree = Readonly<Record<string, unknown>>;

/** The value at `path`; 0 for a weight that is not there. */
export function getSetting(config: RunConfig, path: string): SettingValue | undefined {
  const value = valueAt(config, path) as SettingValue | undefined;
  return value === undefined && isWeight(path) ? 0 : value;
}

export const isWeight = (path: string): boolean => path.startsWith('rewards.weights.');

function valueAt(tree: unknown, path: string): unknown {
  let at = tree;
  for (const key of path.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Tree)[key];
  }
  return at;
}

/** A new config with `value` at `path`; everything else is shared. */
export function setSetting(config: RunConfig, path: string, value: SettingValue): RunConfig {
  return setAt(config as unknown as Tree, path.split('.'), value) as unknown as RunConfig;
}

function setAt(tree: Tree, [key, ...rest]: readonly string[], value: unknown): Tree {
  if (rest.length === 0) return { ...tree, [key!]: value };
  return { ...tree, [key!]: setAt((tree[key!] ?? {}) as Tree, rest, value) };
}

/** Why `value` cannot be, in a sentence for beside the control; null: it can. */
export function checkSetting(descriptor: SettingDescriptor, value: unknown): string | null {
  const { kind, min, max, choices } = descriptor;
  if (value === null) return descriptor.nullable ? null : 'A value is needed.';
  switch (kind) {
    case 'number':
    case 'integer':
      if (typeof value !== 'number' || !Number.isFinite(value)) return 'This needs a number.';
      if (kind === 'integer' && !Number.isSafeInteger(value)) return 'This needs a whole number.';
      if (min !== undefined && value < min) return `At least ${min}.`;
      if (max !== undefined && value > max) return `At most ${max}.`;
      return null;
    case 'boolean':
      return typeof value === 'boolean' ? null : 'This is on or off.';
    case 'text':
      if (typeof value !== 'string') return 'This needs text.';
      if (min !== undefined && value.length < min) return `At least ${min} characters.`;
      if (max !== undefined && value.length > max) return `At most ${max} characters.`;
      return null;
    case 'choice':
      return choices?.includes(value as string) ? null : `One of: ${choices?.join(', ')}.`;
    case 'choices':
      return Array.isArray(value) && value.length > 0 && value.every((each) => choices?.includes(each))
        ? null
        : `One or more of: ${choices?.join(', ')}.`;
    case 'objectives':
      return customListProblem(value);
    default:
      return kind satisfies never;
  }
}

/** What keeps `config` from starting: path → reason. */
export function checkConfig(
  config: RunConfig,
  descriptors: readonly SettingDescriptor[],
): ReadonlyMap<string, string> {
  const problems = new Map<string, string>();
  for (const descriptor of descriptors) {
    const problem = checkSetting(descriptor, getSetting(config, descriptor.path));
    if (problem) problems.set(descriptor.path, problem);
  }
  return problems;
}

/** Text for a value in a sentence: `1e-5`, `off`, `q_proj, v_proj`. */
export function showSetting(value: SettingValue | undefined): string {
  if (value === null || value === undefined) return 'off';
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value === 'number')
    return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : String(value);
  if (typeof value === 'string') return value;
  return value.map((each) => (typeof each === 'string' ? each : each.name)).join(', ');
}

export interface SettingChange {
  readonly path: string;
  readonly label: string;
  readonly from: SettingValue | undefined;
  readonly to: SettingValue;
  readonly applies: SettingDescriptor['applies'];
}

/** `1e-4 → 3e-4`; for objectives of one's own, only those that differ. */
export function showChange({ from, to }: Pick<SettingChange, 'from' | 'to'>): string {
  if (isObjectives(from) && isObjectives(to)) return customChanges(from, to);
  return `${showSetting(from)} → ${showSetting(to)}`;
}

/** An empty list is one of objectives as well as of texts. */
function isObjectives(value: SettingValue | undefined): value is readonly CustomObjective[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'object');
}

/** What `to` changes against `from`, in the table's order. */
export function changes(
  from: RunConfig,
  to: RunConfig,
  descriptors: readonly SettingDescriptor[],
): SettingChange[] {
  const out: SettingChange[] = [];
  for (const { path, label, applies } of descriptors) {
    const before = getSetting(from, path);
    const after = getSetting(to, path) ?? null;
    if (JSON.stringify(before ?? null) !== JSON.stringify(after))
      out.push({ path, label, from: before, to: after, applies });
  }
  return out;
}

/**
 * A config file's text, or a run record's with its "config": `base` with every setting that the
 * file names. A value out of bounds or a name that is no setting is refused, never ignored.
 */
export function readConfig(
  text: string,
  file: string,
  base: RunConfig,
  descriptors: readonly SettingDescriptor[],
): RunConfig {
  const refuse = (message: string) =>
    new StudioError({
      boundary: 'data',
      code: 'config-invalid',
      message: `${file}: ${message}`,
      action: 'Correct the file and drop it again.',
      file,
    });
  let tree: unknown;
  try {
    tree = JSON.parse(text);
  } catch (cause) {
    throw refuse(`expected a run configuration as JSON; ${(cause as Error).message}`);
  }
  tree = valueAt(tree, 'config') ?? tree;
  const version = valueAt(tree, 'version');
  if (version !== 1) throw refuse(`expected "version": 1, got ${JSON.stringify(version)}.`);

  const known = new Map(descriptors.map((descriptor) => [descriptor.path, descriptor]));
  // The file's weights are all of them: an objective that it leaves out has none, also one of one's own.
  const weightless = { ...base, rewards: { ...base.rewards, weights: {}, custom: [] } };
  let config = valueAt(tree, 'rewards.weights') === undefined ? base : weightless;
  for (const [path, value] of leaves(tree as Tree)) {
    if (path === 'version') continue;
    const descriptor = known.get(path);
    if (!descriptor) throw refuse(`"${path}" is no setting.`);
    const problem = checkSetting(descriptor, value);
    if (problem) throw refuse(`${path} is ${JSON.stringify(value)}. ${problem}`);
    config = setSetting(config, path, value as SettingValue);
  }
  return config;
}

/** Sections nest no deeper in a configuration. */
const DEEPEST = 3;

/** Dotted path and value of all that is not a section. */
function leaves(section: Tree, prefix = '', depth = 1): [string, unknown][] {
  return Object.entries(section).flatMap(([key, value]): [string, unknown][] => {
    const nested = typeof value === 'object' && value !== null && !Array.isArray(value) && depth < DEEPEST;
    return nested ? leaves(value as Tree, `${prefix}${key}.`, depth + 1) : [[prefix + key, value]];
  });
}
