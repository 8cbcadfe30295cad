/** Builds the site into `dist/`, and knows whether the one that stands there is of these sources. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { cacheFolder, distFolder, projectRoot } from './paths.mjs';
import { CommandError, runTool, say } from './process.mjs';

const sources = ['index.html', 'package-lock.json', 'vite.config.ts', 'src', 'workers', 'public'];
const stampFile = join(cacheFolder, 'build-stamp');

/**
 * SHA-256 over the paths and bytes of everything that goes into the site.
 * @param {string} root
 * @param {readonly string[]} paths files and folders, relative to the root
 */
export function sourcesHash(root, paths) {
  const hash = createHash('sha256');
  for (const path of paths.flatMap((path) => filesUnder(join(root, path)))) {
    const bytes = readFileSync(path);
    hash.update(`${relative(root, path)}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex');
}

/**
 * @param {string} path
 * @returns {string[]} every file at or below, in a fixed order; none when the path is missing
 */
function filesUnder(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesUnder(join(path, name)));
}

/** Builds in any case; a `CommandError` when the build fails. */
export async function build() {
  const hash = sourcesHash(projectRoot, sources);
  const { code } = await runTool('node_modules/vite/bin/vite.js', ['build', '--logLevel', 'error']);
  if (code !== 0) throw new CommandError(`The build ended with exit code ${code}; its messages are above.`);
  mkdirSync(cacheFolder, { recursive: true });
  writeFileSync(stampFile, hash);
}

/** Builds when the sources changed since the last build. */
export async function ensureBuilt() {
  if (existsSync(join(distFolder, 'index.html')) && readStamp() === sourcesHash(projectRoot, sources)) return;
  say('Building the site …');
  const startedAt = Date.now();
  await build();
  say(`Built in ${Math.round((Date.now() - startedAt) / 1000)} s: ${relative(projectRoot, distFolder)}/`);
}

function readStamp() {
  return existsSync(stampFile) ? readFileSync(stampFile, 'utf8') : null;
}
