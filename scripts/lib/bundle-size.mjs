/** How much of the built site a visitor downloads as scripts, against a budget. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/**
 * @typedef {object} Budget
 * @property {string} part
 * @property {(file: string) => boolean} includes
 * @property {number} kilobytes gzipped, 1000 bytes each
 */

/** @type {readonly Budget[]} */
const budgets = [
  { part: 'trainer worker', includes: (file) => file.startsWith('trainer.worker'), kilobytes: 590 },
  { part: 'dataset worker', includes: (file) => file.startsWith('dataset.worker'), kilobytes: 60 },
  { part: 'scorer worker', includes: (file) => file.startsWith('scorer.worker'), kilobytes: 100 },
  // Only the page `#/bench` loads these: the engine once, the naive baseline once.
  { part: 'bench workers', includes: (file) => file.startsWith('bench'), kilobytes: 900 },
  { part: 'page', includes: (file) => !/\bworker\b/.test(file), kilobytes: 270 },
];

/**
 * @param {string} folder of the built scripts
 * @returns {{ part: string, kilobytes: number, budget: number, fits: boolean }[]} `fits` is false
 * too where a part is not there at all
 */
export function measureBundle(folder) {
  const scripts = readdirSync(folder).filter((file) => file.endsWith('.js'));
  return budgets.map(({ part, includes, kilobytes: budget }) => {
    const bytes = scripts
      .filter(includes)
      .reduce((sum, file) => sum + gzipSync(readFileSync(join(folder, file))).length, 0);
    const kilobytes = bytes / 1000;
    return { part, kilobytes, budget, fits: bytes > 0 && kilobytes <= budget };
  });
}
