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

/** Serves the TensorFlow.js wasm binaries as `wasm/*.wasm`, in development and in the build. */
function wasmBinaries(): Plugin {
  const folder = join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist');
  const names = readdirSync(folder).filter((name) => name.endsWith('.wasm'));
  return {
    name: 'wasm-binaries',
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const name = names.find((each) => request.url?.split('?')[0] === `/wasm/${each}`);
        if (!name) return next();
        response.setHeader('Content-Type', 'application/wasm');
        response.end(readFileSync(join(folder, name)));
      });
    },
    generateBundle() {
      for (const name of names)
        this.emitFile({ type: 'asset', fileName: `wasm/${name}`, source: readFileSync(join(folder, name)) });
    },
  };
}

export default defineConfig(({ command }) => {
  // A build started from a test would inherit NODE_ENV=test, and with it React's slow development code.
  if (command === 'build') process.env.NODE_ENV = 'production';
  return {
    base: './',
    appType: 'mpa', // a missing file is a 404, never index.html in disguise
    plugins: [react(), wasmBinaries()],
    define: { __BUILD__: JSON.stringify(buildId()) },
    worker: { format: 'es' },
    build: { target: 'chrome123', chunkSizeWarningLimit: 2500 }, // 123: light-dark()
    test: {
      environment: 'node',
      include: ['test/**/*.test.{ts,tsx}'],
      exclude: ['test/e2e/**', 'node_modules/**'],
      testTimeout: 20_000,
    },
  };
});
