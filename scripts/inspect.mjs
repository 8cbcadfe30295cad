/**
 * `npm run inspect -- PATH…`: what each file or folder is, one JSON line each; exit code 1 if any
 * is invalid. The contract is in commands/inspect.ts. stdout carries answers only.
 */
import { CommandError, runCommand } from './lib/process.mjs';
import { ensureInstalled } from './lib/setup.mjs';

await runCommand(async () => {
  const paths = process.argv.slice(2);
  if (paths.length === 0) {
    throw new CommandError('Usage: npm run inspect -- PATH…   (datasets, model folders, checkpoints)', {
      exitCode: 2,
    });
  }
  await ensureInstalled();
  const { importTypeScript } = await import('./lib/typescript.mjs');
  const { inspect } = /** @type {typeof import('./commands/inspect')} */ (
    await importTypeScript('scripts/commands/inspect.ts')
  );
  let invalid = 0;
  for (const path of paths) {
    const answer = await inspect(path);
    if ('error' in answer) invalid++;
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  return invalid === 0 ? 0 : 1;
});
