/**
 * The engine's benchmark: every measurement in a process of its own, one after the other, since they
 * would take each other's processor time.
 */
import { fileURLToPath } from 'node:url';
import { importBundled } from '../lib/bundle.mjs';
import { run, say } from '../lib/process.mjs';

const isolate = fileURLToPath(new URL('isolate.mjs', import.meta.url));

/**
 * @typedef {import('../../src/engine/bench/rows').BenchRow} BenchRow
 * @typedef {'lavapipe' | 'swiftshader' | 'gpu'} Adapter
 */

/**
 * @param {{ adapter: Adapter, only?: string | undefined }} options `only`: rows whose name holds this
 * @returns {Promise<{ adapter: string, rows: readonly BenchRow[] }>}
 */
export async function benchEngine({ adapter, only = '' }) {
  const { PLANS } = /** @type {typeof import('../../src/engine/bench/plans')} */ (
    await importBundled('bench-plans', 'src/engine/bench/plans.ts')
  );
  const { jobsOf, keyOf, rowOf, describeRow } = /** @type {typeof import('../../src/engine/bench/rows')} */ (
    await importBundled('bench-rows', 'src/engine/bench/rows.ts')
  );
  const plans = PLANS.filter(({ name, backend, baseline }) =>
    `${name} ${backend} ${baseline}`.includes(only),
  );
  /** @type {Map<string, import('../../src/engine/bench/rows').Outcome>} */
  const outcomes = new Map();
  let adapterName = 'none';
  for (const job of jobsOf(plans)) {
    say(`measuring ${keyOf(job)} …`);
    const repeats = { warmUp: 2, repeats: 5 };
    const request = JSON.stringify({ ...job, adapter, repeats });
    const { code, output } = await run(process.execPath, [isolate, request], { output: 'capture' });
    const line = output.split('\n').findLast((text) => text.startsWith('{"adapter"'));
    if (code !== 0 || line === undefined) {
      const reason = output.split('\n').find((text) => /Error|adapter/.test(text)) ?? `exit code ${code}`;
      outcomes.set(keyOf(job), { problem: reason.trim().slice(0, 200) });
      continue;
    }
    const result = JSON.parse(line);
    if (job.backend === 'webgpu') adapterName = result.adapter;
    outcomes.set(keyOf(job), result);
  }
  const rows = plans.map((plan) => rowOf(plan, 'cpu', outcomes));
  for (const row of rows) say(describeRow(row));
  return { adapter: adapterName, rows };
}
