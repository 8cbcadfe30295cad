/** How the page is built: one static site that runs from any folder of any host. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const require = createRequire(import.meta.url);

/** Version and commit: what a checkpoint and a bug report name. */
function buildId(): string {
  const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
  try {
    const commit = execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return `${version}+${commit.toString().trim()}`;
  } catch {
    return `${version}+unversioned`; // built from an archive
  }
}

/** TensorFlow.js' files for WebAssembly, by their names in the folder `wasm/`. */
function wasmFiles(): ReadonlyMap<string, string | Buffer> {
  const root = dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'));
  const binaries = readdirSync(join(root, 'dist')).filter((name) => name.endsWith('.wasm'));
  const files = new Map<string, string | Buffer>(
    binaries.map((name) => [name, readFileSync(join(root, 'dist', name))]),
  );
  // What threads run (src/engine/tensor/wasm-threads.ts): the factory as it is, because a minified one does not
  // stand alone, and the script that the package keeps as a string for a blob, its line breaks escaped as there.
  const threads = 'tfjs-backend-wasm-threaded-simd';
  files.set(`${threads}.js`, readFileSync(join(root, 'wasm-out', `${threads}.js`)));
  const { wasmWorkerContents } = require(join(root, 'wasm-out', `${threads}.worker.js`));
  files.set(`${threads}.worker.js`, wasmWorkerContents.replace(/\n/g, '\\n'));
  return files;
}

/** Serves them in development and in the build. */
function wasmFolder(): Plugin {
  const files = wasmFiles();
  return {
    name: 'wasm-folder',
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const name = /^\/wasm\/([^/?]+)/.exec(request.url ?? '')?.[1] ?? '';
        const content = files.get(name);
        if (content === undefined) return next();
        response.setHeader('Content-Type', name.endsWith('.js') ? 'text/javascript' : 'application/wasm');
        response.end(content);
      });
    },
    generateBundle() {
      for (const [name, source] of files) this.emitFile({ type: 'asset', fileName: `wasm/${name}`, source });
    },
  };
}

export default defineConfig(({ command }) => {
  // A build started from a test would inherit NODE_ENV=test, and with it React's slow development code.
  if (command === 'build') process.env.NODE_ENV = 'production';
  return {
    base: './',
    appType: 'mpa', // a missing file is a 404, never index.html in disguise
    plugins: [react(), wasmFolder()],
    define: { __BUILD__: JSON.stringify(buildId()) },
    worker: { format: 'es' },
    build: { target: 'chrome123', chunkSizeWarningLimit: 2500 }, // 123: light-dark()
    test: {
      environment: 'node',
      include: ['test/**/*.test.{ts,tsx}'],
      exclude: ['test/e2e/**', 'node_modules/**'],
      testTimeout: 20_000,
      expect: { poll: { timeout: 10_000 } },
    },
  };
});
