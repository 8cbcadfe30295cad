/**
 * TypeScript commands as one file without outside imports, in `.cache`: quick to start, and as fast
 * as what users run. Bundled once, and again when a source of it has changed.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { sourcesHash } from './build.mjs';
import { cacheFolder, projectRoot } from './paths.mjs';
import { ensureInstalled } from './setup.mjs';

/** A bundle's first line: this, then `{ files, hash }` of its sources as JSON. */
const sourcesMark = '// sources: ';

/**
 * @param {string} name of the file in `.cache`, without `.mjs`
 * @param {string} entry path from the project's root
 * @returns {Promise<unknown>} the module
 */
export async function importBundled(name, entry) {
  const file = join(cacheFolder, `${name}.mjs`);
  if (!(await isFresh(file))) await bundle(file, entry);
  return import(pathToFileURL(file).href);
}

/** @param {string} file */
async function isFresh(file) {
  if (!existsSync(file)) return false;
  const code = await readFile(file, 'utf8');
  if (!code.startsWith(sourcesMark)) return false;
  const { files, hash } = JSON.parse(code.slice(sourcesMark.length, code.indexOf('\n')));
  return sourcesHash(projectRoot, files) === hash;
}

/**
 * @param {string} file
 * @param {string} entry
 */
async function bundle(file, entry) {
  await ensureInstalled();
  const { build } = await import('vite');
  const result = /** @type {import('vite').Rolldown.RolldownOutput} */ (
    await build({
      root: projectRoot,
      configFile: false,
      logLevel: 'silent',
      ssr: { noExternal: true },
      build: { ssr: entry, write: false, copyPublicDir: false, target: 'node20' },
    })
  );
  const [{ code, moduleIds }] = result.output;
  const files = [fileURLToPath(import.meta.url), ...moduleIds.filter((id) => existsSync(id))].map((source) =>
    relative(projectRoot, source),
  );
  const sources = JSON.stringify({ files, hash: sourcesHash(projectRoot, files) });

  // Renamed into place, so that a process starting meanwhile reads the old bundle or the new one.
  await mkdir(cacheFolder, { recursive: true });
  const unfinished = `${file}.${process.pid}`;
  await writeFile(unfinished, `${sourcesMark}${sources}\n${code}`);
  await rename(unfinished, file);
}
