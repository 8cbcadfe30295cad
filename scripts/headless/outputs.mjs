/**
 * The folder that a headless run leaves behind: `run.json`, `rollouts.jsonl`, `checkpoint.zip`,
 * `curves.png`, and of evaluations `evaluations.jsonl`, `evaluation-<dataset>.json` and
 * `samples_<dataset>_<when>.jsonl`. Rollouts and evaluations are appended as they come, so an aborted
 * run keeps what it sampled.
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { extname, join } from 'node:path';
import { fromRoot } from '../lib/paths.mjs';

/**
 * @typedef {import('../../src/protocol').RolloutRecord} RolloutRecord
 */

/**
 * @param {string | undefined} out what was asked for
 * @param {string} name of the run
 * @param {string} [runs] the folder of all runs
 * @returns {string} `out`, else `runs/<name>`, or with `-2`, `-3`, … where an earlier run has that
 */
export function runFolderPath(out, name, runs = fromRoot('runs')) {
  if (out !== undefined) return out;
  const base = join(runs, safeName(name) || 'run');
  let path = base;
  for (let count = 2; existsSync(path); count++) path = `${base}-${count}`;
  return path;
}

/**
 * Safe in any file system; may be empty.
 * @param {string} name
 */
function safeName(name) {
  return name.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^\.+/, '');
}

/**
 * Datasets as parts of file names: without their extension, and all different.
 * @param {readonly string[]} names
 */
export function datasetStems(names) {
  /** @type {string[]} */
  const stems = [];
  for (const name of names) {
    const base = safeName(name.slice(0, name.length - extname(name).length)) || 'dataset';
    let stem = base;
    for (let count = 2; stems.includes(stem); count++) stem = `${base}-${count}`;
    stems.push(stem);
  }
  return stems;
}

/** What an earlier run may have left. */
const evaluationFile = /^(evaluations\.jsonl|evaluation-.*\.json|samples_.*\.jsonl)$/;

/**
 * One line of `rollouts.jsonl`, in the shape of TRL's completions table.
 * @param {RolloutRecord} rollout
 */
export function rolloutLine(rollout) {
  const { step, group, prompt, completion, rewards, reward, advantage } = rollout;
  return `${JSON.stringify({ step, group, prompt, completion, rewards, reward, advantage })}\n`;
}

export class RunFolder {
  #run;
  #rollouts;

  /** @param {string} folder is made; what an earlier run left there under these names goes */
  constructor(folder) {
    this.folder = folder;
    this.checkpoint = join(folder, 'checkpoint.zip');
    this.curves = join(folder, 'curves.png');
    this.#run = join(folder, 'run.json');
    this.#rollouts = join(folder, 'rollouts.jsonl');
    mkdirSync(folder, { recursive: true });
    for (const path of [this.checkpoint, this.curves, this.#run]) rmSync(path, { force: true });
    for (const name of readdirSync(folder)) if (evaluationFile.test(name)) rmSync(join(folder, name));
    writeFileSync(this.#rollouts, '');
  }

  /** @param {readonly object[]} results a line each */
  appendEvaluations(results) {
    const lines = results.map((result) => `${JSON.stringify(result)}\n`);
    appendFileSync(join(this.folder, 'evaluations.jsonl'), lines.join(''));
  }

  /**
   * @param {string} stem of the dataset
   * @param {object} record
   */
  writeEvaluation(stem, record) {
    writeFileSync(join(this.folder, `evaluation-${stem}.json`), `${JSON.stringify(record, null, 1)}\n`);
  }

  /**
   * @param {string} stem of the dataset
   * @param {string} when
   */
  samplesPath(stem, when) {
    return join(this.folder, `samples_${stem}_${when}.jsonl`);
  }

  /** @param {readonly RolloutRecord[]} rollouts */
  appendRollouts(rollouts) {
    if (rollouts.length > 0) appendFileSync(this.#rollouts, rollouts.map(rolloutLine).join(''));
  }

  /** @param {object} record replaces `run.json` as a whole, so that a reader never sees half of it */
  writeRun(record) {
    writeFileSync(`${this.#run}.part`, `${JSON.stringify(record, null, 1)}\n`);
    renameSync(`${this.#run}.part`, this.#run);
  }
}
