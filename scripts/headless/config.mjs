/** The settings of a headless run: the page's defaults, under `--config`, under the single options. */
import { CommandError } from '../lib/process.mjs';

/**
 * @typedef {import('../../src/protocol').RunConfig} RunConfig
 * @typedef {import('../../src/protocol').ObjectiveDescriptor} ObjectiveDescriptor
 * @typedef {import('../../src/protocol').RewardPresetDescriptor} RewardPresetDescriptor
 * @typedef {import('../lib/options.mjs').HeadlessOptions} HeadlessOptions
 */

/**
 * Lays a config, or part of one, over the defaults. Only names are checked here: a misspelt one
 * would otherwise train with its default unnoticed. The trainer checks the values.
 * @param {RunConfig} defaults
 * @param {string} file for messages
 * @param {string} text JSON: a config, part of one, or a `run.json`
 * @returns {RunConfig}
 */
export function mergeConfig(defaults, file, text) {
  let given;
  try {
    given = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`${file} is not JSON: ${reason}.`);
  }
  const config = isObject(given) && isObject(given.config) ? given.config : given;
  return /** @type {RunConfig} */ (overlay(/** @type {any} */ (defaults), config, file, ''));
}

/**
 * @param {unknown} base
 * @param {unknown} given
 * @param {string} file
 * @param {string} path dotted, of the value inside the config
 * @returns {unknown}
 */
function overlay(base, given, file, path) {
  if (!isObject(base)) return given;
  if (!isObject(given)) {
    throw new CommandError(
      `${file}: ${path || 'the config'} must be an object, not ${JSON.stringify(given)}.`,
    );
  }
  // Weights are a list of their own: naming some leaves the others out.
  if (path === 'rewards.weights') return given;
  const unknown = Object.keys(given).find((key) => !Object.hasOwn(base, key));
  if (unknown !== undefined) {
    throw new CommandError(`${file}: there is no setting "${join(path, unknown)}".`, {
      action: `Known here: ${Object.keys(base).join(', ')}.`,
    });
  }
  return Object.fromEntries(
    Object.entries(base).map(([key, value]) => [
      key,
      Object.hasOwn(given, key) ? overlay(value, given[key], file, join(path, key)) : value,
    ]),
  );
}

/**
 * @param {RunConfig} config
 * @param {HeadlessOptions} options
 * @param {readonly RewardPresetDescriptor[]} presets
 * @returns {RunConfig}
 */
export function applyOptions(config, { preset, steps, seed }, presets) {
  const descriptor = presets.find((candidate) => candidate.name === preset);
  return {
    ...config,
    ...(steps === undefined || steps === 0 ? {} : { steps }),
    ...(seed === undefined ? {} : { seed }),
    ...(descriptor
      ? { rewards: { ...config.rewards, preset: descriptor.name, weights: descriptor.weights } }
      : {}),
  };
}

/**
 * The objectives that a run's reward is made of, one's own included, in the order in which it sums them.
 * @param {readonly ObjectiveDescriptor[]} builtIn
 * @param {RunConfig['rewards']} rewards
 * @returns {string[]} names
 */
export function weightedObjectives(builtIn, { weights, custom }) {
  return [
    ...builtIn.map(({ name }) => name).filter((name) => weights[name]),
    ...custom.filter(({ weight }) => weight !== 0).map(({ name }) => name),
  ];
}

/**
 * @param {string} path
 * @param {string} key
 */
function join(path, key) {
  return path === '' ? key : `${path}.${key}`;
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
