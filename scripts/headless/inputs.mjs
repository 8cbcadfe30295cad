/** What a headless run starts from: the files that the options name, opened in the page. */
import { readFileSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { distFolder } from '../lib/paths.mjs';
import { CommandError } from '../lib/process.mjs';
import { applyOptions, mergeConfig } from './config.mjs';

/**
 * @typedef {import('../lib/options.mjs').HeadlessOptions} HeadlessOptions
 * @typedef {import('../../src/protocol').CheckpointSummary} CheckpointSummary
 * @typedef {import('../../src/protocol').DatasetSummary} DatasetSummary
 * @typedef {import('../../src/protocol').ModelSummary} ModelSummary
 * @typedef {import('../../src/protocol').ReadyReport} ReadyReport
 * @typedef {import('../../src/protocol').RunConfig} RunConfig
 *
 * @typedef {object} Inputs
 * @property {DatasetSummary} dataset
 * @property {readonly { dataset: DatasetSummary, isTraining: boolean, limit: number | null }[]} evaluations `limit`: first cases only
 * @property {ModelSummary} model
 * @property {CheckpointSummary | null} checkpoint to resume from
 * @property {RunConfig} config of a new run; a resumed one keeps its own
 */

/** Cases of the starter's held-out file that policies are compared on, so that comparing stays short. */
const heldoutCases = 32;
/** Bad lines that are shown; the page shows more. */
const shownIssues = 3;

/**
 * Refuses paths that lead nowhere before a browser is started.
 * @param {HeadlessOptions} options
 */
export function checkInputs({ dataset, model, config, resume, evaluate, steps }) {
  for (const [option, path] of Object.entries({ dataset, config, resume })) {
    if (path !== undefined) requireKind(option, path, 'file');
  }
  for (const path of evaluate) requireKind('evaluate', path, 'file');
  if (model !== undefined) requireKind('model', model, 'folder');
  if (steps === 0 && dataset !== undefined && evaluate.length === 0) {
    throw new CommandError('--steps 0 only evaluates, and no --evaluate FILE says on what.', { exitCode: 2 });
  }
}

/**
 * @param {string} option
 * @param {string} path
 * @param {'file' | 'folder'} kind
 */
function requireKind(option, path, kind) {
  const facts = statSync(path, { throwIfNoEntry: false });
  if (!facts) throw new CommandError(`--${option}: there is no ${path}.`);
  const found = facts.isDirectory() ? 'folder' : 'file';
  if (found !== kind) throw new CommandError(`--${option} takes a ${kind}; ${path} is a ${found}.`);
}

/**
 * @param {object} session
 * @param {import('./page.mjs').StudioPage} session.page
 * @param {import('./run-log.mjs').RunLog} session.log
 * @param {HeadlessOptions} session.options
 * @param {ReadyReport} ready
 * @param {(line: string) => void} tell
 * @returns {Promise<Inputs>}
 */
export async function openInputs({ page, log, options }, ready, tell) {
  const config = newConfig(options, ready);
  const dataset = await openTraining(page, options.dataset, tell);
  const files = options.evaluate.map((path) => ({ path, limit: /** @type {number | null} */ (null) }));
  if (files.length === 0 && options.dataset === undefined) {
    files.push({ path: join(distFolder, 'starter/heldout.jsonl'), limit: heldoutCases });
  }
  /** @type {Inputs['evaluations'][number][]} */
  const evaluations = [];
  for (const { path, limit } of files) {
    const opened = await page.openDataset(path, limit === null ? {} : { synthetic: true });
    if (evaluations.some(({ dataset: { id } }) => id === opened.id)) continue;
    const isTraining = opened.id === dataset.id;
    evaluations.push({
      dataset: isTraining ? dataset : await withoutBadLines(page, opened, tell),
      isTraining,
      limit,
    });
  }
  const checkpoint = options.resume === undefined ? null : await openCheckpoint(page, log, options.resume);
  const overruled = checkpoint
    ? ['model', 'config', 'preset', 'seed'].filter((name) => Object.hasOwn(options, name))
    : [];
  if (overruled.length > 0)
    tell(`--${overruled.join(', --')}: a resumed run keeps what its checkpoint says.`);
  const model = await openModel(page, checkpoint ? undefined : options.model);
  tell(`Policy: ${model.name}, ${model.architecture}, ${model.parameters.toLocaleString('en')} parameters.`);
  return { dataset, evaluations, model, checkpoint, config };
}

/**
 * @param {import('./page.mjs').StudioPage} page
 * @param {string | undefined} path undefined: the starter's cases, which the page has opened
 * @param {(line: string) => void} tell
 */
async function openTraining(page, path, tell) {
  if (path !== undefined) {
    const opened = await page.openDataset(path);
    tell(`Dataset: ${opened.name}, ${opened.layoutLabel}, ${opened.rows} questions.`);
    return withoutBadLines(page, opened, tell);
  }
  const { datasets, datasetId, errors } = await page.state();
  const starter = datasets.find(({ id }) => id === datasetId);
  if (!starter)
    throw new CommandError(errors.at(-1)?.record.message ?? 'The page has not opened the starter cases.');
  tell(`Dataset: the starter clinic, ${starter.rows} synthetic questions.`);
  return starter;
}

/**
 * Says which lines are bad and leaves them out, as a person at the page would.
 * @param {import('./page.mjs').StudioPage} page
 * @param {DatasetSummary} dataset
 * @param {(line: string) => void} tell
 */
async function withoutBadLines(page, dataset, tell) {
  if (dataset.badLines === 0) return dataset;
  tell(`${dataset.name}: ${dataset.badLines} bad lines stay out of the run.`);
  for (const { line, message } of dataset.issues.slice(0, Math.min(shownIssues, dataset.badLines)))
    tell(`  line ${line}: ${message}`);
  return page.skipBadLines(dataset.id);
}

/**
 * Imports a checkpoint and makes its policy the current one, without training: a run whose last
 * step is the checkpoint's is over.
 * @param {import('./page.mjs').StudioPage} page
 * @param {import('./run-log.mjs').RunLog} log
 * @param {string} path
 */
async function openCheckpoint(page, log, path) {
  const checkpoint = await page.importCheckpoint(path);
  const ended = log.follow({ objectives: [], onStep: () => {} });
  await page.send({ type: 'resume-checkpoint', id: checkpoint.id, steps: checkpoint.step });
  await page.alive(ended);
  return checkpoint;
}

/**
 * @param {import('./page.mjs').StudioPage} page
 * @param {string | undefined} folder undefined: what the page has loaded, the starter policy or a checkpoint's
 */
async function openModel(page, folder) {
  if (folder !== undefined) return page.loadModel(folder);
  const { model, errors } = await page.state();
  if (!model)
    throw new CommandError(errors.at(-1)?.record.message ?? 'The page has not loaded the starter policy.');
  return model;
}

/**
 * @param {HeadlessOptions} options
 * @param {ReadyReport} ready
 */
function newConfig(options, ready) {
  const base = options.config
    ? mergeConfig(ready.defaults, options.config, readFileSync(options.config, 'utf8'))
    : ready.defaults;
  const config = applyOptions(base, options, ready.rewardPresets);
  if (config.name !== ready.defaults.name) return config;
  const source =
    options.dataset === undefined ? 'starter' : basename(options.dataset, extname(options.dataset));
  return { ...config, name: `${source.slice(0, 50)}-${config.rewards.preset}-seed${config.seed}` };
}
