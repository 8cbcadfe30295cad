/**
 * The folder that a headless run leaves behind: `run.json`, `rollouts.jsonl`, `checkpoint.zip`,
 * `curves.png`. Rollouts are appended as they come, so an aborted run keeps what it sampled.
 */
import { appendFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
  const base = join(runs, name.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^\.+/, '') || 'run');
  let path = base;
  for (let count = 2; existsSync(path); count++) path = `${base}-${count}`;
  return path;
}

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
    writeFileSync(this.#rollouts, '');
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
