/** The options of `npm run inspect`, read and checked before anything is installed. */
import { parseArgs } from 'node:util';
import { CommandError } from './process.mjs';

export const inspectUsage = `Usage
  npm run inspect -- PATH… [options]  datasets, model folders, checkpoints: one JSON line each
    --overlap                         compare every two datasets: what the later one shares with the earlier
    --split FRACTION                  hold out so much of each dataset (0 to 0.9), and count the parts
    --seed N                          decides which cases are held out (default: 1)
    --map FILE.json                   where question, options and answer stand in rows of no known layout
    --cop-base 0|1                    whether MedMCQA's cop counts the options from 0 or from 1`;

/**
 * @typedef {object} InspectRequest
 * @property {readonly string[]} paths
 * @property {boolean} overlap
 * @property {{ heldOutFraction: number, splitSeed: number } | null} split
 * @property {string | null} mappingFile
 * @property {0 | 1 | null} copBase
 */

/**
 * @param {readonly string[]} args
 * @returns {InspectRequest} Throws a `CommandError` with the usage and exit code 2.
 */
export function parseInspectOptions(args) {
  const { values, positionals } = readArguments(args);
  if (positionals.length === 0) throw usageError('No path was given.');
  if (values.seed !== undefined && values.split === undefined) throw usageError('--seed goes with --split.');
  const split = values.split === undefined ? null : number('split', values.split, 0.9);
  const splitSeed = values.seed === undefined ? 1 : number('seed', values.seed, 2 ** 32 - 1);
  if (!Number.isInteger(splitSeed)) throw usageError(`--seed takes a whole number, not "${values.seed}".`);
  return {
    paths: positionals,
    overlap: values.overlap ?? false,
    split: split === null ? null : { heldOutFraction: split, splitSeed },
    mappingFile: values.map ?? null,
    copBase: copBase(values['cop-base']),
  };
}

/** @param {readonly string[]} args */
function readArguments(args) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        overlap: { type: 'boolean' },
        split: { type: 'string' },
        seed: { type: 'string' },
        map: { type: 'string' },
        'cop-base': { type: 'string' },
      },
      strict: true,
      allowPositionals: true,
    });
  } catch (error) {
    throw usageError(error instanceof Error ? error.message : String(error));
  }
}

/**
 * @param {string} name
 * @param {string} text
 * @param {number} max
 */
function number(name, text, max) {
  const value = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 0 && value <= max) return value;
  throw usageError(`--${name} takes a number from 0 to ${max}, not "${text}".`);
}

/**
 * @param {string | undefined} text
 * @returns {0 | 1 | null}
 */
function copBase(text) {
  if (text === undefined) return null;
  if (text === '0') return 0;
  if (text === '1') return 1;
  throw usageError(`--cop-base takes 0 or 1, not "${text}".`);
}

/** @param {string} sentence */
function usageError(sentence) {
  return new CommandError(`${sentence}\n\n${inspectUsage}`, { exitCode: 2 });
}
