/**
 * `npm run dev`: Vite's development server with hot reload. It cannot send the content policy of
 * the built site (its own scripts are inline), so try security-relevant changes with `npm start`.
 */
import { runCommand, runTool } from './lib/process.mjs';
import { ensureInstalled } from './lib/setup.mjs';

await runCommand(async () => {
  await ensureInstalled();
  const { code } = await runTool('node_modules/vite/bin/vite.js', process.argv.slice(2), {
    output: 'inherit',
  });
  return code;
});
