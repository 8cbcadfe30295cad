/**
 * Brings a fresh checkout to where the commands can run: checks Node and installs what
 * `package-lock.json` names when `node_modules` does not hold exactly that. Uses nothing but Node,
 * and leaves the person's registry and proxy settings as they are.
 */
import { readFileSync } from 'node:fs';
import { fromRoot } from './paths.mjs';
import { CommandError, run, say } from './process.mjs';

/** The first Node with the module runner and `import.meta` features that Vite 8 needs. */
const minimumNode = [20, 19];

/**
 * @param {string} version e.g. `v20.19.0`
 * @returns {string | null} null: new enough; else a sentence.
 */
export function nodeProblem(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const [needMajor = 0, needMinor = 0] = minimumNode;
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return null;
  return `CRPO Studio needs Node ${needMajor}.${needMinor} or newer; this is Node ${version}.`;
}

/**
 * @typedef {{ version?: string, optional?: boolean, devOptional?: boolean, peer?: boolean }} LockEntry
 * @typedef {{ packages?: Record<string, LockEntry> }} Lock
 */

/**
 * Compares the lock with what npm wrote down as installed (`node_modules/.package-lock.json`).
 * Optional packages may be missing: they belong to other platforms.
 * @param {Lock} lock
 * @param {Lock | null} installed null: nothing is installed
 * @returns {string | null} null: all there; else why not, for the progress line.
 */
export function installProblem(lock, installed) {
  if (!installed) return 'the packages are not installed yet';
  for (const [path, entry] of Object.entries(lock.packages ?? {})) {
    if (path === '') continue;
    const found = installed.packages?.[path];
    if (!found && (entry.optional || entry.devOptional || entry.peer)) continue;
    if (!found) return `${path} is not installed`;
    if (found.version !== entry.version) return `${path} is ${found.version}, not ${entry.version}`;
  }
  return null;
}

/** Checks Node and installs the packages if needed; throws a `CommandError` with what to do. */
export async function ensureInstalled() {
  const problem = nodeProblem(process.version);
  if (problem) throw new CommandError(problem, { action: 'Install a current Node from https://nodejs.org.' });

  const lock = /** @type {Lock} */ (JSON.parse(readFileSync(fromRoot('package-lock.json'), 'utf8')));
  const reason = installProblem(lock, readLock('node_modules/.package-lock.json'));
  if (!reason) return;

  say(`Installing packages (${reason}); this takes a minute or two …`);
  const startedAt = Date.now();
  const { code } = await runNpm([
    'ci',
    '--include=dev',
    '--ignore-scripts',
    '--loglevel=error',
    '--no-audit',
    '--no-fund',
  ]);
  if (code !== 0) {
    throw new CommandError(`npm ci ended with exit code ${code}; its messages are above.`, {
      action: 'Check that the npm registry (or your proxy) can be reached, then run the command again.',
    });
  }
  say(`Installed in ${Math.round((Date.now() - startedAt) / 1000)} s.`);
}

/**
 * @param {string} path
 * @returns {Lock | null}
 */
function readLock(path) {
  try {
    return JSON.parse(readFileSync(fromRoot(path), 'utf8'));
  } catch {
    return null;
  }
}

/**
 * The npm that started us, else the one on the PATH.
 * @param {readonly string[]} args
 */
function runNpm(args) {
  const npm = process.env.npm_execpath;
  if (npm && /npm-cli\.c?js$/.test(npm)) return run(process.execPath, [npm, ...args]);
  return process.platform === 'win32' ? run('cmd.exe', ['/c', 'npm', ...args]) : run('npm', args);
}
