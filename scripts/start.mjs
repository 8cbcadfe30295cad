/**
 * `npm start`: installs and builds what is missing, serves the studio on this machine and opens
 * it. `npm start -- --headless` trains without a window; `--help` lists the options.
 */
import { spawn } from 'node:child_process';
import { ensureBuilt } from './lib/build.mjs';
import { parseStartOptions, startUsage } from './lib/options.mjs';
import { distFolder } from './lib/paths.mjs';
import { CommandError, runCommand, say } from './lib/process.mjs';
import { defaultPort, serveFolder } from './lib/serve.mjs';
import { ensureInstalled } from './lib/setup.mjs';

await runCommand(async () => {
  const request = parseStartOptions(process.argv.slice(2));
  if (request.kind === 'help') {
    process.stdout.write(`${startUsage}\n`);
    return 0;
  }
  await ensureInstalled();
  if (request.kind === 'headless') {
    // Needs the installed packages, so it is loaded only now.
    const { runHeadless } = await import('./headless/run.mjs');
    return runHeadless(request.options);
  }
  await ensureBuilt();
  await serveStudio(request.port);
  return 0;
});

/**
 * Serves until Ctrl-C.
 * @param {number | null} port null: 4173, or the next free one
 */
async function serveStudio(port) {
  const server = await (port === null ? serveOnUsualPort() : serveOnPort(port));
  say(`CRPO Studio: ${server.url}`);
  say('Everything runs in that browser tab; nothing leaves this machine. Ctrl-C ends.');
  if (!openBrowser(server.url))
    say('There is no display here: open the address yourself, or use --headless.');
  await new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  await server.close();
}

/** @param {number} port */
async function serveOnPort(port) {
  try {
    return await serveFolder(distFolder, { port });
  } catch (error) {
    if (!isPortTaken(error)) throw error;
    throw new CommandError(`Port ${port} is taken by another program.`, { action: 'Choose another --port.' });
  }
}

async function serveOnUsualPort() {
  for (let port = defaultPort; port < defaultPort + 10; port++) {
    try {
      const server = await serveFolder(distFolder, { port });
      if (port !== defaultPort) {
        say(`Port ${defaultPort} is taken (is the studio already open?), so this is port ${port}.`);
        say(`Checkpoints are stored per address: those of port ${defaultPort} are not visible here.`);
      }
      return server;
    } catch (error) {
      if (!isPortTaken(error)) throw error;
    }
  }
  throw new CommandError(`Ports ${defaultPort} to ${defaultPort + 9} are taken.`, {
    action: 'Choose another one: npm start -- --port N.',
  });
}

/** @param {unknown} error */
function isPortTaken(error) {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

/**
 * @param {string} url
 * @returns {boolean} false: there is no display to open it on
 */
function openBrowser(url) {
  const { platform, env } = process;
  if (platform !== 'darwin' && platform !== 'win32' && !env.DISPLAY && !env.WAYLAND_DISPLAY) return false;
  const [program, ...args] =
    platform === 'darwin'
      ? ['open', url]
      : platform === 'win32'
        ? ['cmd.exe', '/c', 'start', '', url]
        : ['xdg-open', url];
  const child = spawn(program ?? 'open', args, { stdio: 'ignore', detached: true });
  child.on('error', () => say('The browser could not be opened: open the address yourself.'));
  child.unref();
  return true;
}
