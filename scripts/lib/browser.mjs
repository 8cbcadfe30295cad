/**
 * Finds an installed Chrome or Chromium and knows the flags under which it runs the studio
 * without a window. Nothing is ever downloaded outside the system's own package manager.
 */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { CommandError, run, say } from './process.mjs';

/** The page uses `light-dark()` in CSS (Chrome 123); WebGPU alone would need 113. */
export const minimumBrowser = 123;

/** A page that nobody looks at trains at full speed. */
const foregroundFlags = [
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];

/**
 * Flags for a browser without a window. On Linux, WebGPU there needs Vulkan; Chrome then takes the
 * machine's GPU, or computes WebGPU on the CPU (SwiftShader, slow) where there is none. Elsewhere
 * WebGPU is on by itself.
 * @param {object} situation
 * @param {NodeJS.Platform} situation.platform
 * @param {boolean} situation.asRoot Chrome's sandbox refuses to run as root
 * @param {boolean} [situation.softwareWebGpu] SwiftShader even where there is a GPU, so that tests do the same everywhere
 * @returns {string[]}
 */
export function launchFlags({ platform, asRoot, softwareWebGpu = false }) {
  const adapter = softwareWebGpu
    ? ['--use-webgpu-adapter=swiftshader']
    : ['--ignore-gpu-blocklist', '--use-angle=vulkan', '--disable-vulkan-surface'];
  return [
    ...(asRoot ? ['--no-sandbox'] : []),
    ...(platform === 'linux'
      ? ['--enable-unsafe-webgpu', '--enable-features=Vulkan,WebGPU', ...adapter]
      : softwareWebGpu
        ? ['--enable-unsafe-webgpu', ...adapter]
        : []),
    ...foregroundFlags,
  ];
}

/**
 * Every place to look, best first: `CHROME_PATH`, the usual names on the PATH, the usual folders.
 * @param {NodeJS.Platform} platform
 * @param {Record<string, string | undefined>} env
 * @returns {string[]}
 */
export function browserCandidates(platform, env) {
  if (env.CHROME_PATH) return [env.CHROME_PATH];
  if (platform === 'darwin') {
    const apps = ['Google Chrome', 'Chromium', 'Microsoft Edge'];
    const roots = ['/Applications', join(env.HOME ?? '', 'Applications')];
    return apps.flatMap((app) => roots.map((root) => `${root}/${app}.app/Contents/MacOS/${app}`));
  }
  if (platform === 'win32') {
    const roots = [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA].filter(
      (root) => root !== undefined,
    );
    const tails = [
      'Google\\Chrome\\Application\\chrome.exe',
      'Chromium\\Application\\chrome.exe',
      'Microsoft\\Edge\\Application\\msedge.exe',
    ];
    return tails.flatMap((tail) => roots.map((root) => `${root}\\${tail}`));
  }
  const names = [
    'google-chrome-stable',
    'google-chrome',
    'chromium',
    'chromium-browser',
    'microsoft-edge-stable',
  ];
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return [
    ...names.flatMap((name) => folders.map((folder) => join(folder, name))),
    '/opt/google/chrome/chrome',
    '/snap/bin/chromium',
  ];
}

/**
 * @param {string} text what `chrome --version` printed
 * @returns {number | null} the major version
 */
export function majorVersion(text) {
  const match = /\b(\d{2,4})\.\d+\.\d+\.\d+/.exec(text);
  return match ? Number(match[1]) : null;
}

/**
 * @typedef {object} Browser
 * @property {string} path
 * @property {string} version as the browser says it; empty where it does not say (Windows)
 */

/**
 * @returns {Browser | null} null: none is installed. Throws a `CommandError` when the one found
 * cannot be used.
 */
export function findBrowser() {
  const path = browserCandidates(process.platform, process.env).find(isExecutable);
  if (!path) {
    if (!process.env.CHROME_PATH) return null;
    throw new CommandError(
      `CHROME_PATH is ${process.env.CHROME_PATH}, which is not a program that can be run.`,
      {
        action: 'Set CHROME_PATH to the Chrome or Chromium program, or unset it.',
      },
    );
  }
  // chrome.exe opens a window instead of printing its version.
  if (process.platform === 'win32') return { path, version: '' };
  const version = readVersion(path);
  const major = majorVersion(version);
  if (major === null || major < minimumBrowser) {
    throw new CommandError(
      `${path} is ${version || 'a program that names no version'}; the studio needs ${minimumBrowser} or newer.`,
      {
        action: howToGetBrowser(process.platform),
      },
    );
  }
  return { path, version };
}

/**
 * What the tests need beside Node, installed with apt where it is missing, on Debian or Ubuntu, as
 * root: Chromium, and the Vulkan loader, by which the tests of the kernels reach Chromium's software
 * GPU in Node.
 * @returns {Promise<Browser | null>} null: there is no browser, and apt did not bring one
 */
export async function ensureTestPrograms() {
  const browser = findBrowser();
  const missing = [...(browser === null ? ['chromium'] : []), ...(hasVulkanLoader() ? [] : ['libvulkan1'])];
  if (process.platform !== 'linux' || missing.length === 0) return browser;
  if (process.getuid?.() !== 0 || !isDebian()) return browser;
  say(`Installing ${missing.join(' and ')} by apt for the tests; this takes a minute or two …`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const steps = [
    ['update', '-q'],
    ['install', '-y', '-q', '--no-install-recommends', ...missing],
  ];
  for (const args of steps) {
    const { code, output } = await run('apt-get', args, { output: 'capture', env });
    if (code !== 0) {
      say(output.trimEnd());
      say(`apt-get ${args[0]} ended with exit code ${code}.`);
      return browser;
    }
  }
  return findBrowser();
}

function hasVulkanLoader() {
  try {
    return execFileSync('/sbin/ldconfig', ['-p'], { encoding: 'utf8' }).includes('libvulkan.so.1');
  } catch {
    return false;
  }
}

/**
 * @param {NodeJS.Platform} platform
 * @returns {string}
 */
export function howToGetBrowser(platform) {
  const source =
    platform === 'linux'
      ? 'On Debian: apt-get install chromium. Elsewhere: https://www.google.com/chrome.'
      : 'Get it from https://www.google.com/chrome.';
  return `Install Chrome or Chromium ${minimumBrowser} or newer, or set CHROME_PATH to its program. ${source}`;
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @param {string} path */
function readVersion(path) {
  try {
    return execFileSync(path, ['--version'], {
      encoding: 'utf8',
      timeout: 20_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return '';
  }
}

function isDebian() {
  if (!existsSync('/usr/bin/apt-get')) return false;
  try {
    return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}
