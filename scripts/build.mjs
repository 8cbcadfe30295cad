/** `npm run build`: the static site in `dist/`, with headers for static hosts. */
import { build } from './lib/build.mjs';
import { runCommand, say } from './lib/process.mjs';
import { ensureInstalled } from './lib/setup.mjs';

await runCommand(async () => {
  await ensureInstalled();
  await build();
  say('The site is in dist/: any static host serves it. dist/_headers lists the headers it should send.');
});
