/**
 * `npm run check`: types, lint and format, dead code, import rules, bundle size. Each says one line
 * when it is content, and everything when it is not; all of them run.
 */
import { join } from 'node:path';
import { ensureBuilt } from './lib/build.mjs';
import { measureBundle } from './lib/bundle-size.mjs';
import { checkImports } from './lib/import-rules.mjs';
import { distFolder, projectRoot } from './lib/paths.mjs';
import { runCommand, runTool } from './lib/process.mjs';
import { ensureInstalled } from './lib/setup.mjs';

/**
 * @typedef {{ ok: boolean, detail: string }} Outcome
 * @type {readonly { name: string, check: () => Promise<Outcome> | Outcome }[]}
 */
const checks = [
  { name: 'types', check: () => tool('node_modules/typescript/bin/tsc', ['-b'], 'every part compiles') },
  {
    name: 'lint and format',
    check: () =>
      tool('node_modules/@biomejs/biome/bin/biome', ['check', '--error-on-warnings'], 'nothing to say'),
  },
  {
    name: 'dead code',
    check: () => tool('node_modules/knip/bin/knip.js', [], 'no unused file, export or package'),
  },
  { name: 'import rules', check: importRules },
  { name: 'bundle size', check: bundleSize },
];

await runCommand(async () => {
  await ensureInstalled();
  let failed = 0;
  for (const { name, check } of checks) {
    const { ok, detail } = await outcomeOf(check);
    if (!ok) failed++;
    console.log(ok ? `ok    ${name}: ${detail}` : `FAIL  ${name}\n${detail}`);
  }
  return failed === 0 ? 0 : 1;
});

/**
 * @param {() => Promise<Outcome> | Outcome} check
 * @returns {Promise<Outcome>} a check that cannot be made has failed
 */
async function outcomeOf(check) {
  try {
    return await check();
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * @param {string} entry
 * @param {readonly string[]} args
 * @param {string} content what it means when there is nothing to report
 * @returns {Promise<Outcome>}
 */
async function tool(entry, args, content) {
  const { code, output } = await runTool(entry, args, { output: 'capture' });
  return code === 0 ? { ok: true, detail: content } : { ok: false, detail: output.trimEnd() };
}

/** @returns {Outcome} */
function importRules() {
  const { files, violations } = checkImports(projectRoot);
  return violations.length === 0
    ? { ok: true, detail: `${files} files of src and workers keep them` }
    : { ok: false, detail: violations.join('\n') };
}

/** @returns {Promise<Outcome>} */
async function bundleSize() {
  await ensureBuilt();
  const parts = measureBundle(join(distFolder, 'assets'));
  const detail = parts
    .map(({ part, kilobytes, budget }) => `${part} ${kilobytes.toFixed(0)} of ${budget} kB gzipped`)
    .join(', ');
  return { ok: parts.every(({ fits }) => fits), detail };
}
