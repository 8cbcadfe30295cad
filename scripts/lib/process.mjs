/**
 * Runs a program and waits for it. Its standard output goes to our standard error unless asked
 * otherwise, so that a command's own standard output stays pure.
 */
import { spawn } from 'node:child_process';
import { projectRoot } from './paths.mjs';

/**
 * @typedef {object} RunOptions
 * @property {'stderr' | 'inherit' | 'capture'} [output] `capture` collects both streams silently.
 * @property {Record<string, string | undefined>} [env] added to the environment
 * @property {string} [cwd]
 */

/**
 * @param {string} program
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<{ code: number, output: string }>} `code` is 127 when the program does not start.
 */
export function run(program, args, { output = 'stderr', env = {}, cwd = projectRoot } = {}) {
  return new Promise((resolve) => {
    const stdio = output === 'inherit' ? 'inherit' : output === 'capture' ? 'pipe' : ['ignore', 2, 2];
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: /** @type {import('node:child_process').StdioOptions} */ (stdio),
    });
    /** @type {Buffer[]} */
    const chunks = [];
    child.stdout?.on('data', (chunk) => chunks.push(chunk));
    child.stderr?.on('data', (chunk) => chunks.push(chunk));
    child.on('error', (error) => resolve({ code: 127, output: error.message }));
    child.on('close', (code, signal) =>
      resolve({ code: code ?? (signal === 'SIGINT' ? 130 : 1), output: Buffer.concat(chunks).toString() }),
    );
  });
}

/**
 * Runs a tool of `node_modules` with this Node.
 * @param {string} entry its script, relative to the project's root
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 */
export function runTool(entry, args, options) {
  return run(process.execPath, [entry, ...args], options);
}

/** @param {string} line */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/**
 * A sentence for a person that ends the command.
 */
export class CommandError extends Error {
  /**
   * @param {string} message what was expected, what came
   * @param {{ action?: string | undefined, exitCode?: number }} [options] `action`: what the person can do
   */
  constructor(message, { action, exitCode = 1 } = {}) {
    super(message);
    this.action = action;
    this.exitCode = exitCode;
  }
}

/**
 * The frame of every command: a `CommandError` becomes its sentences and its exit code, anything
 * else keeps its stack.
 * @param {() => Promise<number | void>} main its result is the exit code
 */
export async function runCommand(main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    if (error instanceof CommandError) {
      say(error.message);
      if (error.action) say(error.action);
      process.exitCode = error.exitCode;
      return;
    }
    say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.exitCode = 1;
  }
}
