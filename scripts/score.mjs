/**
 * `npm run score`, or `node scripts/score.mjs`: the contract is in commands/score.ts. stdout carries
 * answers only. Trainers start this as a subprocess, so start-up counts: it runs from a bundle.
 */
import { once } from 'node:events';
import { importBundled } from './lib/bundle.mjs';
import { runCommand } from './lib/process.mjs';

process.stdout.on('error', (error) => {
  if ('code' in error && error.code === 'EPIPE') process.exit(1); // The reader left.
  throw error;
});

await runCommand(async () => {
  const { answerLines } = /** @type {typeof import('./commands/score')} */ (
    await importBundled('score', 'scripts/commands/score.ts')
  );
  const badRows = await answerLines(process.stdin, async (answers) => {
    if (!process.stdout.write(answers)) await once(process.stdout, 'drain');
  });
  return badRows > 0 ? 1 : 0;
});
