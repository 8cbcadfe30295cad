/**
 * `npm test`: installs what is missing, builds the site, then runs every test: the units in Node,
 * the page in an installed Chromium. Ends with one line, `N passed, N failed, N skipped`.
 * Words after `--` select test files, as in `npm test -- test/engine/crpo`.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureTestPrograms, howToGetBrowser } from './lib/browser.mjs';
import { ensureBuilt } from './lib/build.mjs';
import { cacheFolder } from './lib/paths.mjs';
import { runCommand, runTool, say } from './lib/process.mjs';
import { ensureInstalled } from './lib/setup.mjs';
import { addCounts, countTests, summaryLine } from './lib/test-summary.mjs';

await runCommand(async () => {
  await ensureInstalled();
  const browser = await ensureTestPrograms();
  await ensureBuilt();
  mkdirSync(cacheFolder, { recursive: true });

  const filters = process.argv.slice(2);
  const units = await runSuite('units', filters);
  const pages = await runSuite('pages', ['--config', 'test/e2e/vitest.config.ts', ...filters]);
  const counts = addCounts([units, pages]);

  if (!browser) {
    say('The browser tests did not run: no Chrome or Chromium was found.');
    say(howToGetBrowser(process.platform));
  }
  if (counts.passed + counts.failed === 0) say('No test ran.');
  process.stdout.write(`${summaryLine(counts)}\n`);
  const complete = browser !== null || process.env.CI !== 'true';
  return counts.failed === 0 && counts.passed > 0 && complete ? 0 : 1;
});

/**
 * @param {string} name
 * @param {readonly string[]} args
 */
async function runSuite(name, args) {
  const reportFile = join(cacheFolder, `test-${name}.json`);
  rmSync(reportFile, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
  const { code } = await runTool(
    'node_modules/vitest/vitest.mjs',
    ['run', ...reporters, '--passWithNoTests', ...args],
    {
      output: 'inherit',
    },
  );
  return countTests(readReport(reportFile), code);
}

/**
 * @param {string} path
 * @returns {import('./lib/test-summary.mjs').Report | null}
 */
function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}
