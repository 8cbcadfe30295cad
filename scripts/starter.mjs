/**
 * `npm run starter`: makes the starter policy and its cases again, by the project's own generator,
 * tokenizer trainer and cold start, on the CPU. `--help` lists the options.
 */
import { parseArgs } from 'node:util';
import { fromRoot } from './lib/paths.mjs';
import { CommandError, runCommand, say } from './lib/process.mjs';
import { ensureInstalled } from './lib/setup.mjs';

const usage = `Usage
  npm run starter                       make public/starter again (most of an hour on one core)
    -- --out DIR                        write there instead
    -- --seed N                         another clinic, another policy
    -- --steps N                        fewer or more steps of the cold start
  npm run starter -- --reward-check     train public/starter by CRPO on the default settings and tell
                                        whether the reward rises
    --out DIR                           check the starter in DIR
    --seeds 1,2,3                       runs, one per seed
    --steps N                           steps of each run`;

await runCommand(async () => {
  const options = readOptions();
  if (options.help) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  await ensureInstalled();
  const { importTypeScript } = await import('./lib/typescript.mjs');
  const folder = options.out ?? fromRoot('public/starter');
  if (options['reward-check']) {
    const { checkRewards } = /** @type {typeof import('./starter/reward-check')} */ (
      await importTypeScript('scripts/starter/reward-check.ts')
    );
    const steps = wholeNumber('steps', options.steps);
    const seeds = (options.seeds ?? '1,2,3').split(',').map((seed) => wholeNumber('seeds', seed) ?? 0);
    await checkRewards({ folder, seeds, ...(steps === undefined ? {} : { steps }) }, say);
    return;
  }
  const { makeStarter, PLAN } = /** @type {typeof import('./starter/main')} */ (
    await importTypeScript('scripts/starter/main.ts')
  );
  const coldStart = { ...PLAN.coldStart, steps: wholeNumber('steps', options.steps) ?? PLAN.coldStart.steps };
  await makeStarter(
    { ...PLAN, seed: wholeNumber('seed', options.seed) ?? PLAN.seed, coldStart },
    folder,
    say,
  );
});

function readOptions() {
  const text = /** @type {const} */ ({ type: 'string' });
  const flag = /** @type {const} */ ({ type: 'boolean' });
  try {
    return parseArgs({
      options: { out: text, seed: text, seeds: text, steps: text, 'reward-check': flag, help: flag },
      strict: true,
    }).values;
  } catch (error) {
    throw new CommandError(`${error instanceof Error ? error.message : error}\n\n${usage}`, { exitCode: 2 });
  }
}

/**
 * @param {string} name
 * @param {string | undefined} text
 */
function wholeNumber(name, text) {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new CommandError(`--${name} takes whole numbers, not "${text}".\n\n${usage}`, { exitCode: 2 });
}
