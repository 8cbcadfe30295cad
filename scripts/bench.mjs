/**
 * `npm run bench`: what the engine takes, measured on this machine. JSON on stdout, a table on
 * stderr. Times vary with the machine and its load; no test asserts them.
 */
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { importBundled } from './lib/bundle.mjs';
import { CommandError, runCommand, say } from './lib/process.mjs';

const usage = `Usage
  npm run bench -- [SUBJECT] [options]   what the engine takes on this machine; without SUBJECT all of it
    rewards                              scoring a completion
    engine                               training and sampling against baselines
    trajectory                           the losses of the fast path and of the reference
    --adapter lavapipe|swiftshader|gpu   where WebGPU computes (default: lavapipe, on the CPU)
    --only TEXT                          engine: rows whose name holds this, e.g. "wasm"
    --steps N                            trajectory: steps (default: 50)
    --json FILE                          write the JSON there instead of to stdout`;

const subjects = /** @type {const} */ (['rewards', 'engine', 'trajectory']);
const adapters = /** @type {const} */ (['lavapipe', 'swiftshader', 'gpu']);

await runCommand(async () => {
  const options = readOptions();
  if (options === 'help') {
    say(usage);
    return 0;
  }
  const processor = cpus()[0]?.model ?? 'unknown';
  const machine = { node: process.version, processor, cores: cpus().length, load: loadavg()[0] };
  /** @type {Record<string, object>} */
  const measured = {};
  /** @type {string | null} */
  let adapter = null;
  for (const subject of options.subjects) {
    const { adapter: name = null, ...result } = await benched(subject, options);
    adapter ??= name;
    measured[subject] = result;
  }
  const text = `${JSON.stringify({ machine, versions: versions(), adapter, ...measured }, null, 2)}\n`;
  if (options.json === undefined) process.stdout.write(text);
  else await writeFile(options.json, text);
  return Object.values(measured).some((result) => 'problem' in result) ? 1 : 0;
});

/**
 * What a subject gave.
 * @typedef {{ adapter?: string | null, rows?: readonly object[], comparison?: object, problem?: string }} Result
 */

/**
 * One that cannot be measured must not cost what the others took long to measure.
 * @param {typeof subjects[number]} subject
 * @param {Exclude<ReturnType<typeof readOptions>, 'help'>} options
 * @returns {Promise<Result>} `adapter`: WebGPU's, where it was there
 */
async function benched(subject, { adapter, only, steps }) {
  try {
    if (subject === 'rewards') return { rows: await benchedRewards() };
    const { benchEngine, benchTrajectory } = await import('./bench/engine.mjs');
    if (subject === 'engine') return await benchEngine({ adapter, only });
    return await benchTrajectory({ adapter, steps });
  } catch (failure) {
    if (!(failure instanceof CommandError)) throw failure;
    say(failure.message);
    return { problem: failure.message };
  }
}

async function benchedRewards() {
  const { benchRewards } = /** @type {typeof import('./bench/rewards')} */ (
    await importBundled('bench', 'scripts/bench/rewards.ts')
  );
  const rows = benchRewards(() => performance.now());
  for (const { name, median, worst, unit } of rows)
    say(`${name.padEnd(58)} ${format(median)} ${unit}   worst ${format(worst)}`);
  return rows;
}

function readOptions() {
  let read;
  try {
    read = parseArgs({
      allowPositionals: true,
      options: {
        adapter: { type: 'string', default: 'lavapipe' },
        only: { type: 'string' },
        steps: { type: 'string', default: '50' },
        json: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw usageError(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = read;
  if (values.help) return 'help';
  const chosen = subjects.filter((name) => positionals.length === 0 || name === positionals[0]);
  const adapter = adapters.find((name) => name === values.adapter);
  const steps = Number(values.steps);
  if (chosen.length === 0 || positionals.length > 1)
    throw usageError(`Expected one of ${subjects.join(', ')}, received ${positionals.join(' ')}.`);
  if (adapter === undefined)
    throw usageError(`--adapter takes one of ${adapters.join(', ')}, not "${values.adapter}".`);
  if (!Number.isInteger(steps) || steps < 1 || steps > 10_000)
    throw usageError(`--steps takes a whole number from 1 to 10000, not "${values.steps}".`);
  return { subjects: chosen, adapter, steps, only: values.only, json: values.json };
}

/** @param {string} sentence */
function usageError(sentence) {
  return new CommandError(`${sentence}\n\n${usage}`, { exitCode: 2 });
}

/** Of what is compared. */
function versions() {
  const { dependencies, devDependencies } = createRequire(import.meta.url)('../package.json');
  const names = ['@tensorflow/tfjs', '@jax-js/jax', 'webgpu'];
  return Object.fromEntries(names.map((name) => [name, dependencies[name] ?? devDependencies[name]]));
}

/** @param {number} value */
function format(value) {
  return value.toFixed(3).padStart(9);
}
