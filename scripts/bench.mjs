/**
 * `npm run bench`: what the engine takes, measured on this machine. JSON on stdout, a table on
 * stderr. Times vary with the machine and its load; no test asserts them.
 */
import { cpus, loadavg } from 'node:os';
import { importBundled } from './lib/bundle.mjs';
import { runCommand } from './lib/process.mjs';

await runCommand(async () => {
  const { benchRewards } = /** @type {typeof import('./bench/rewards')} */ (
    await importBundled('bench', 'scripts/bench/rewards.ts')
  );
  const load = loadavg()[0];
  const rows = benchRewards(() => performance.now());
  const processor = cpus()[0]?.model ?? 'unknown';
  const machine = { node: process.version, processor, cores: cpus().length, load };
  process.stdout.write(`${JSON.stringify({ machine, rows }, null, 2)}\n`);
  for (const { name, median, worst, unit } of rows) {
    process.stderr.write(`${name.padEnd(58)} ${format(median)} ${unit}   worst ${format(worst)}\n`);
  }
  return 0;
});

/** @param {number} value */
function format(value) {
  return value.toFixed(3).padStart(9);
}
