/**
 * `npm start -- --headless`: the studio's page in a browser without a window, from the settings to
 * the results on disk. What trains is the page; this drives it and writes down what it says.
 */
import { findBrowser, howToGetBrowser } from '../lib/browser.mjs';
import { ensureBuilt } from '../lib/build.mjs';
import { distFolder } from '../lib/paths.mjs';
import { CommandError, say } from '../lib/process.mjs';
import { serveFolder } from '../lib/serve.mjs';
import { weightedObjectives } from './config.mjs';
import { checkInputs, openInputs } from './inputs.mjs';
import { listenForInterrupts } from './interrupt.mjs';
import { openStudioPage, PageError } from './page.mjs';
import { Results } from './results.mjs';
import { RunLog } from './run-log.mjs';
import { createTerminal } from './terminal.mjs';

/**
 * @typedef {import('../lib/options.mjs').HeadlessOptions} HeadlessOptions
 * @typedef {import('../../src/protocol').ReadyReport} ReadyReport
 * @typedef {import('../../src/protocol').RunSummary} RunSummary
 * @typedef {import('./inputs.mjs').Inputs} Inputs
 *
 * @typedef {object} Session
 * @property {HeadlessOptions} options
 * @property {import('./page.mjs').StudioPage} page
 * @property {RunLog} log
 * @property {import('./terminal.mjs').Terminal} terminal
 * @property {AbortSignal} interrupted
 */

/**
 * @param {HeadlessOptions} options
 * @returns {Promise<number>} the exit code
 */
export async function runHeadless(options) {
  checkInputs(options);
  const browser = findBrowser();
  if (!browser) {
    throw new CommandError('No Chrome or Chromium was found.', { action: howToGetBrowser(process.platform) });
  }
  await ensureBuilt();
  const terminal = createTerminal(process.stdout);
  const log = new RunLog(terminal);
  const server = await serveFolder(distFolder);
  try {
    terminal.line(`Starting ${browser.version || browser.path} …`);
    const page = await openStudioPage({
      browserPath: browser.path,
      url: server.url,
      backend: options.backend,
      threads: options.threads,
      onEvent: (event) => log.hear(event),
    });
    const interrupted = listenForInterrupts(() => {
      const type = log.isTraining ? 'stop' : 'pause-evaluation';
      page.send({ type }).catch((error) => say(error.message));
    });
    try {
      return await drive({ options, page, log, terminal, interrupted });
    } finally {
      terminal.status('');
      await page.close();
    }
  } finally {
    await server.close();
  }
}

/** @param {Session} session */
async function drive(session) {
  const { options, page, log, terminal, interrupted } = session;
  const { ready } = await page.state();
  if (!ready) throw new Error('internal: the page is ready without saying what it can do');
  terminal.line(
    `Backend: ${ready.backend.name}, ${ready.backend.adapter}. ${ready.backend.notice ?? ''}`.trimEnd(),
  );

  const inputs = await openInputs(session, ready, terminal.line);
  const results = new Results({ options, ready, inputs, log, browser: await page.version() });
  try {
    await evaluate(session, inputs, results, 'before');
    if (options.steps === 0 || interrupted.aborted)
      return results.end(interrupted.aborted ? 'stopped' : 'finished');
    const run = await train(session, ready, inputs, results);
    if (run.status === 'finished') await evaluate(session, inputs, results, 'after');
    try {
      await results.collect(page, run);
    } catch (error) {
      if (run.status !== 'failed') throw error; // A worker that is gone has nothing to hand over.
    }
    return results.end(run.status, run.error);
  } catch (error) {
    // What Ctrl-C cut short answers with an error of its own.
    if (interrupted.aborted && error instanceof PageError) return results.end('stopped');
    results.fail(error);
    throw error;
  } finally {
    terminal.status('');
    for (const line of results.report()) terminal.line(line);
  }
}

/**
 * @param {Session} session
 * @param {Inputs} inputs
 * @param {Results} results
 * @param {import('./evaluations.mjs').When} when
 */
async function evaluate({ page, log, terminal, interrupted }, { config }, results, when) {
  if (interrupted.aborted) return;
  await results.evaluations.evaluate(page, when, log.run?.config ?? config, terminal.line);
}

/**
 * @param {Session} session
 * @param {ReadyReport} ready
 * @param {Inputs} inputs
 * @param {Results} results
 * @returns {Promise<RunSummary>} the run as it ended
 */
async function train(
  { page, log, terminal, interrupted, options },
  ready,
  { config, dataset, checkpoint },
  results,
) {
  const ended = log.follow({
    objectives: weightedObjectives(ready.objectives, (log.run?.config ?? config).rewards),
    onStep: (record) => results.take(record),
  });
  const run = checkpoint
    ? await page.send({
        type: 'resume-checkpoint',
        id: checkpoint.id,
        ...(options.steps === undefined ? {} : { steps: options.steps }),
      })
    : await page.send({ type: 'start', config, datasetId: dataset.id });
  const { name, steps, seed, sampling } = run.config;
  terminal.line(
    `${checkpoint ? `Going on from step ${checkpoint.step}` : 'Training'}: ${name}, ${steps} steps, seed ${seed}, ` +
      `${sampling.promptsPerBatch} prompts × ${sampling.groupSize} completions.`,
  );
  if (checkpoint && steps <= checkpoint.step) {
    terminal.line(`It was at its last step already; --steps ${checkpoint.step + steps} would go on.`);
  }
  if (interrupted.aborted) await page.send({ type: 'stop' });
  return page.alive(ended);
}
