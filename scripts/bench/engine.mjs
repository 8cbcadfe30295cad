/**
 * The engine's benchmark: every measurement in a process of its own, one after the other, since they
 * would take each other's processor time.
 */
import { fileURLToPath } from 'node:url';
import { importBundled } from '../lib/bundle.mjs';
import { CommandError, run, say } from '../lib/process.mjs';

const isolate = fileURLToPath(new URL('isolate.mjs', import.meta.url));

/**
 * @typedef {import('../../src/protocol').BenchRow} BenchRow
 * @typedef {'lavapipe' | 'swiftshader' | 'gpu'} Adapter
 */

/**
 * @param {{ adapter: Adapter, only?: string | undefined }} options `only`: rows whose name holds this
 * @returns {Promise<{ adapter: string | null, rows: readonly BenchRow[] }>} `adapter`: null without webgpu
 */
export async function benchEngine({ adapter, only = '' }) {
  const { PLANS } = /** @type {typeof import('../../src/engine/bench/plans')} */ (
    await importBundled('bench-plans', 'src/engine/bench/plans.ts')
  );
  const { jobsOf, keyOf, rowOf, describeRow } = /** @type {typeof import('../../src/engine/bench/rows')} */ (
    await importBundled('bench-rows', 'src/engine/bench/rows.ts')
  );
  const { repeatsOf } = /** @type {typeof import('../../src/engine/bench/cases')} */ (
    await importBundled('bench-cases', 'src/engine/bench/cases.ts')
  );
  const plans = PLANS.filter(({ name, backend, baseline }) => {
    const other = typeof baseline === 'string' ? baseline : 'engine';
    return `${name} ${backend} ${other}`.includes(only);
  });
  /** @type {Map<string, import('../../src/engine/bench/rows').Outcome>} */
  const outcomes = new Map();
  /** @type {string | null} */
  let adapterName = null;
  for (const job of jobsOf(plans)) {
    say(`measuring ${keyOf(job)} …`);
    const outcome = await inIsolate({ ...job, adapter, repeats: repeatsOf(job.caseName) });
    if (!('problem' in outcome) && job.backend === 'webgpu') adapterName = outcome.adapter;
    outcomes.set(keyOf(job), outcome);
  }
  const rows = plans.map((plan) => rowOf(plan, 'cpu', outcomes));
  for (const row of rows) say(describeRow(row));
  return { adapter: adapterName, rows };
}

/**
 * The same steps on the fused learner and, on wasm, on the reference in plain ops.
 * @param {{ adapter: Adapter, steps: number }} options
 */
export async function benchTrajectory({ adapter, steps }) {
  const { compareTrajectories } = /** @type {typeof import('../../src/engine/bench/trajectory')} */ (
    await importBundled('bench-trajectory', 'src/engine/bench/trajectory.ts')
  );
  const paths = /** @type {const} */ ([
    ['plain', 'wasm'],
    ['fused', 'webgpu'],
  ]);
  const runs = [];
  for (const [path, backend] of paths) {
    say(`taking ${steps} steps, ${path} on ${backend} …`);
    const run = await inIsolate({ path, backend, adapter, steps, seed: 5 });
    if ('problem' in run) throw new CommandError(`${path} on ${backend}: ${run.problem}`);
    runs.push(run);
  }
  const [plain, fused] = runs;
  const comparison = compareTrajectories(plain.steps, fused.steps);
  const { firstDifferentSample, worstLossDifference, worstGradNormDifference, rewards } = comparison;
  say(
    firstDifferentSample === null
      ? `All ${steps} steps sampled the same tokens.`
      : `From step ${firstDifferentSample} on the sampled tokens differ; compared before it:`,
  );
  say(`losses differ by ${worstLossDifference.toExponential(1)} at most, relative to them or to 0.01,`);
  say(`gradient norms by ${worstGradNormDifference.toExponential(1)};`);
  say(`the reward went from ${rewards.first.toFixed(3)} to ${rewards.last.toFixed(3)}.`);
  return { adapter: fused.adapter, comparison };
}

/**
 * @param {import('./isolate.mjs').Request} request
 * @returns {Promise<any>} its answer, or `{ problem }`
 */
async function inIsolate(request) {
  const { code, output } = await run(process.execPath, [isolate, JSON.stringify(request)], {
    output: 'capture',
  });
  const line = output.split('\n').findLast((text) => text.startsWith('{"adapter"'));
  if (code === 0 && line !== undefined) return JSON.parse(line);
  const reason =
    output.split('\n').find((text) => /^(?!\s*at ).*(Error\b|no WebGPU)/.test(text)) ?? `exit code ${code}`;
  return { problem: reason.trim().slice(0, 200) };
}
