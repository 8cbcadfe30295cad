/**
 * `npm run score`, or `node scripts/score.mjs`: the contract is in commands/score.ts. stdout carries
 * answers only.
 *
 * Trainers start this as a subprocess, so start-up counts: the command is bundled once, without
 * outside imports, into `.cache/score.mjs`, and bundled again when a source of it has changed.
 */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { sourcesHash } from './lib/build.mjs';
import { cacheFolder, projectRoot } from './lib/paths.mjs';
import { runCommand } from './lib/process.mjs';
import { ensureInstalled } from './lib/setup.mjs';

const bundleFile = join(cacheFolder, 'score.mjs');
/** The bundle's first line: this, then `{ files, hash }` of its sources as JSON. */
const sourcesMark = '// sources: ';

process.stdout.on('error', (error) => {
  if ('code' in error && error.code === 'EPIPE') process.exit(1); // The reader left.
  throw error;
});

await runCommand(async () => {
  if (!(await isFresh())) await bundle();
  /** @type {typeof import('./commands/score')} */
  const { answerLines } = await import(pathToFileURL(bundleFile).href);
  const badRows = await answerLines(process.stdin, async (answers) => {
    if (!process.stdout.write(answers)) await once(process.stdout, 'drain');
  });
  return badRows > 0 ? 1 : 0;
});

async function isFresh() {
  if (!existsSync(bundleFile)) return false;
  const code = await readFile(bundleFile, 'utf8');
  if (!code.startsWith(sourcesMark)) return false;
  const { files, hash } = JSON.parse(code.slice(sourcesMark.length, code.indexOf('\n')));
  return sourcesHash(projectRoot, files) === hash;
}

async function bundle() {
  await ensureInstalled();
  const { build } = await import('vite');
  const result = /** @type {import('vite').Rolldown.RolldownOutput} */ (
    await build({
      root: projectRoot,
      configFile: false,
      logLevel: 'silent',
      ssr: { noExternal: true },
      build: { ssr: 'scripts/commands/score.ts', write: false, copyPublicDir: false, target: 'node20' },
    })
  );
  const [{ code, moduleIds }] = result.output;
  const files = [fileURLToPath(import.meta.url), ...moduleIds.filter((id) => existsSync(id))].map((file) =>
    relative(projectRoot, file),
  );
  const sources = JSON.stringify({ files, hash: sourcesHash(projectRoot, files) });

  // Renamed into place, so that a process starting meanwhile reads the old bundle or the new one.
  await mkdir(cacheFolder, { recursive: true });
  const unfinished = `${bundleFile}.${process.pid}`;
  await writeFile(unfinished, `${sourcesMark}${sources}\n${code}`);
  await rename(unfinished, bundleFile);
}
