/**
 * `npm run inspect -- PATH…`: what each file or folder is, one JSON line each; exit code 1 if any
 * is invalid. The contract is in commands/inspect.ts. stdout carries answers only.
 */
import { parseInspectOptions } from './lib/inspect-options.mjs';
import { runCommand } from './lib/process.mjs';
import { ensureInstalled } from './lib/setup.mjs';

await runCommand(async () => {
  const request = parseInspectOptions(process.argv.slice(2));
  await ensureInstalled();
  const { importTypeScript } = await import('./lib/typescript.mjs');
  const { inspectAll } = /** @type {typeof import('./commands/inspect')} */ (
    await importTypeScript('scripts/commands/inspect.ts')
  );
  let invalid = 0;
  for await (const answer of inspectAll(request)) {
    if ('error' in answer) invalid++;
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  return invalid === 0 ? 0 : 1;
});
