/** The options of `npm start`, read and checked before anything is installed or built. */
import { parseArgs } from 'node:util';
import { CommandError } from './process.mjs';

export const startUsage = `Usage
  npm start                         serve the studio and open it in the browser
    -- --port N                     serve on this port instead of 4173
  npm start -- --headless [options] train without a window, progress in the terminal
    --dataset FILE                  questions to train on (default: the starter clinic)
    --model DIR                     Hugging Face folder of the policy (default: the starter policy)
    --config FILE                   run settings as JSON: a config, part of one, or an earlier run.json
    --preset released|clinical|grpo objectives and weights
    --steps N                       optimizer updates in total; 0 only evaluates
    --seed N                        decides every random choice of the run
    --backend auto|webgpu|wasm      where the tensors live (default: auto)
    --threads N                     on WebAssembly, 1 to 8 (default: as many as are faster here)
    --resume ZIP                    go on from an earlier checkpoint.zip
    --evaluate FILE                 questions to score before and after; may be repeated
    --samples K                     completions per evaluated question (default: 1, greedy)
    --out DIR                       where the results go (default: runs/<name of the run>)`;

const optionTypes = /** @type {const} */ ({
  headless: { type: 'boolean' },
  port: { type: 'string' },
  dataset: { type: 'string' },
  model: { type: 'string' },
  config: { type: 'string' },
  preset: { type: 'string' },
  steps: { type: 'string' },
  seed: { type: 'string' },
  backend: { type: 'string' },
  threads: { type: 'string' },
  resume: { type: 'string' },
  evaluate: { type: 'string', multiple: true },
  samples: { type: 'string' },
  out: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
});

/**
 * @typedef {'released' | 'clinical' | 'grpo'} Preset
 * @typedef {'auto' | 'webgpu' | 'wasm'} Backend
 *
 * @typedef {object} HeadlessOptions
 * @property {string} [dataset]
 * @property {string} [model]
 * @property {string} [config]
 * @property {Preset} [preset]
 * @property {number} [steps]
 * @property {number} [seed]
 * @property {Backend} backend
 * @property {number} [threads]
 * @property {string} [resume]
 * @property {readonly string[]} evaluate
 * @property {number} samples
 * @property {string} [out]
 *
 * @typedef {{ kind: 'help' }
 *   | { kind: 'serve', port: number | null }
 *   | { kind: 'headless', options: HeadlessOptions }} StartRequest
 */

/**
 * @param {readonly string[]} args
 * @returns {StartRequest} Throws a `CommandError` with the usage and exit code 2.
 */
export function parseStartOptions(args) {
  const values = readArguments(args);
  if (values.help) return { kind: 'help' };
  if (!values.headless) {
    const extra = Object.keys(values).find((name) => name !== 'port');
    if (extra) throw usageError(`--${extra} needs --headless: in the browser the page has this setting.`);
    return { kind: 'serve', port: values.port === undefined ? null : integer('port', values.port, 1, 65535) };
  }
  if (values.port !== undefined) throw usageError('--port goes without --headless.');
  const { dataset, model, config, resume, out } = values;
  return {
    kind: 'headless',
    options: {
      ...(dataset === undefined ? {} : { dataset }),
      ...(model === undefined ? {} : { model }),
      ...(config === undefined ? {} : { config }),
      ...(resume === undefined ? {} : { resume }),
      ...(out === undefined ? {} : { out }),
      ...(values.preset === undefined ? {} : { preset: choice('preset', values.preset, presets) }),
      ...(values.steps === undefined ? {} : { steps: integer('steps', values.steps, 0, 1e9) }),
      ...(values.seed === undefined ? {} : { seed: integer('seed', values.seed, 0, 2 ** 32 - 1) }),
      ...(values.threads === undefined ? {} : { threads: integer('threads', values.threads, 1, 8) }),
      backend: choice('backend', values.backend ?? 'auto', backends),
      evaluate: values.evaluate ?? [],
      samples: values.samples === undefined ? 1 : integer('samples', values.samples, 1, 64),
    },
  };
}

const presets = /** @type {const} */ (['released', 'clinical', 'grpo']);
const backends = /** @type {const} */ (['auto', 'webgpu', 'wasm']);

/** @param {readonly string[]} args */
function readArguments(args) {
  try {
    return parseArgs({ args: [...args], options: optionTypes, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw usageError(error instanceof Error ? error.message : String(error));
  }
}

/**
 * @param {string} name
 * @param {string} text
 * @param {number} min
 * @param {number} max
 */
function integer(name, text, min, max) {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw usageError(`--${name} takes a whole number from ${min} to ${max}, not "${text}".`);
}

/**
 * @template {string} T
 * @param {string} name
 * @param {string} text
 * @param {readonly T[]} choices
 * @returns {T}
 */
function choice(name, text, choices) {
  const found = choices.find((candidate) => candidate === text);
  if (found !== undefined) return found;
  throw usageError(`--${name} takes one of ${choices.join(', ')}, not "${text}".`);
}

/** @param {string} sentence */
function usageError(sentence) {
  return new CommandError(`${sentence}\n\n${startUsage}`, { exitCode: 2 });
}
