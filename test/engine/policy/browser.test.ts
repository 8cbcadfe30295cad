/**
 * The parity list in an installed Chromium, in a worker built as the product's are: WebGPU (by
 * SwiftShader, which needs no GPU) and the automatic choice, which there is wasm.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { build, type Rolldown } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBrowser, launchFlags } from '../../../scripts/lib/browser.mjs';
import { modelFiles, modelNames, modelsFolder } from './models';
import type { ParityAnswer, ParityRequest } from './parity.worker';

/** Never asked: every request is answered here. */
const ORIGIN = 'https://parity.test';
const installed = findBrowser();
if (installed === null) console.warn('2 browser cases did not run: no Chrome or Chromium was found.');

describe.skipIf(installed === null)('in Chromium', () => {
  let browser: Browser;
  let workerCode: string;

  beforeAll(async () => {
    workerCode = await buildWorker();
    const asRoot = process.getuid?.() === 0;
    const args = launchFlags({ platform: process.platform, asRoot, softwareWebGpu: true });
    browser = await chromium.launch({ executablePath: installed!.path, args });
  }, 120_000);

  afterAll(() => browser?.close());

  it('agrees with the reference on webgpu, and reports a lost device', { timeout: 400_000 }, async () => {
    const answer = await ask({ backend: 'webgpu', models: models(), destroyDevice: true });
    expect(answer.error).toBeUndefined();
    expect(answer.report).toMatchObject({ name: 'webgpu', requested: 'webgpu', software: true });
    expect(answer.checks.length).toBeGreaterThan(20 * modelNames.length);
    expect(answer.checks.filter(({ error, limit }) => !(error < limit))).toEqual([]);
    // Another head width adds its constant 1/√C.
    expect(answer.leaked).toBeLessThan(modelNames.length);
    expect(answer.freeGpuBytes![0]).toBeGreaterThan(0);
    expect(answer.freeGpuBytes![1]).toBe(0);
    expect(answer.deviceLost).toBe('The GPU device was lost (destroyed): Device was destroyed.');
  });

  it('chooses wasm where WebGPU is software, says so, and agrees', { timeout: 200_000 }, async () => {
    const answer = await ask({ backend: 'auto', models: models(), destroyDevice: false });
    expect(answer.error).toBeUndefined();
    expect(answer.report).toMatchObject({ name: 'wasm', requested: 'auto' });
    expect(answer.report?.notice).toContain('software adapter');
    expect(answer.checks.filter(({ error, limit }) => !(error < limit))).toEqual([]);
  });

  async function ask(request: ParityRequest): Promise<ParityAnswer> {
    const page = await browser.newPage();
    await page.route('**/*', async (route) => {
      const { pathname } = new URL(route.request().url());
      const answer = answerTo(pathname, workerCode);
      await route.fulfill(answer ?? { status: 404, body: '' });
    });
    await page.goto(`${ORIGIN}/`);
    const answer = await page.evaluate(
      (message) =>
        new Promise((resolve, reject) => {
          const worker = new Worker('/worker.js', { type: 'module' });
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = ({ message: why }) => reject(new Error(why));
          worker.postMessage(message);
        }),
      request,
    );
    await page.close();
    return answer as ParityAnswer;
  }
});

/** All parts of the first model; of the others what differs most, because software WebGPU is slow. */
function models(): ParityRequest['models'] {
  return modelNames.map((name, index) => ({
    name,
    files: modelFiles(name),
    parts: index === 0 ? ['base', 'adapter', 'updates', 'gradients'] : ['base', 'updates'],
  }));
}

function answerTo(
  path: string,
  workerCode: string,
): { contentType: string; body: string | Buffer } | undefined {
  if (path === '/') return { contentType: 'text/html', body: '<!doctype html>' };
  if (path === '/worker.js') return { contentType: 'text/javascript', body: workerCode };
  if (path.startsWith('/wasm/')) {
    const manifest = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json');
    const body = readFileSync(join(dirname(manifest), 'dist', path.slice('/wasm/'.length)));
    return { contentType: 'application/wasm', body };
  }
  if (!path.startsWith('/models/')) return undefined;
  const body = readFileSync(join(modelsFolder, path.slice('/models/'.length)));
  return { contentType: 'application/octet-stream', body };
}

/** The worker as one module. */
async function buildWorker(): Promise<string> {
  const entry = fileURLToPath(new URL('parity.worker.ts', import.meta.url));
  const output = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      target: 'chrome123',
      minify: false,
      rolldownOptions: { input: entry, output: { codeSplitting: false } },
    },
  });
  return (output as Rolldown.RolldownOutput).output[0].code;
}
