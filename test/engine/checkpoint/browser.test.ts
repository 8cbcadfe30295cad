/** Promise 1 on a real browser and a real disk: after any kill, the last acknowledged checkpoint opens whole. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { build, type Rolldown } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBrowser } from '../../../scripts/lib/browser.mjs';
import type { page as checkpoints } from './browser-page';

declare global {
  interface Window {
    checkpoints: typeof checkpoints;
    acknowledge(step: number): Promise<void>;
  }
}

const ORIGIN = 'http://localhost:8733';
const KILLS = 4;
const executable = findBrowser()?.path;
if (executable === undefined) console.log('checkpoints: 2 browser cases not run, no Chrome or Chromium here');

describe.skipIf(executable === undefined)('checkpoints in a browser', { timeout: 120_000 }, () => {
  let script: string;
  const profile = mkdtempSync(join(tmpdir(), 'checkpoints-'));
  let browser: ChildProcess;

  beforeAll(async () => {
    const entry = join(import.meta.dirname, 'browser-page.ts');
    const lib = { entry, formats: ['iife' as const], name: 'page' };
    const output = await build({ configFile: false, logLevel: 'error', build: { lib, write: false } });
    script = ((output as Rolldown.RolldownOutput[])[0]!.output[0] as { code: string }).code;
  }, 60_000);

  afterAll(async () => {
    await kill();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  });

  /** Chromium in a process group of its own, so that it can be killed whole and by its id. */
  async function start(): Promise<{ context: BrowserContext; page: Page }> {
    const portFile = join(profile, 'DevToolsActivePort');
    for (const left of [portFile, join(profile, 'SingletonLock')]) rmSync(left, { force: true });
    const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    const flags = ['--headless', '--remote-debugging-port=0', `--user-data-dir=${profile}`, ...asRoot];
    browser = spawn(executable!, [...flags, 'about:blank'], { detached: true, stdio: 'ignore' });
    const port = await until(() => readFileSync(portFile, 'utf8').split('\n')[0]);
    const connection = await chromium.connectOverCDP(`http://127.0.0.1:${port}`);
    const context = connection.contexts()[0]!;
    await context.route(`${ORIGIN}/**`, (route) =>
      route.fulfill({
        contentType: 'text/html; charset=utf-8',
        body: `<!doctype html><script>${script}</script>`,
      }),
    );
    const page = await context.newPage();
    await page.goto(ORIGIN);
    return { context, page };
  }

  async function kill(): Promise<void> {
    if (browser?.pid === undefined || browser.exitCode !== null || browser.signalCode !== null) return;
    const exit = once(browser, 'exit');
    process.kill(-browser.pid, 'SIGKILL');
    await exit;
  }

  it(`survive ${KILLS} kills while saving, whole and with nothing left over`, async () => {
    let acknowledged = 0;
    let { page } = await start();
    for (let i = 0; i < KILLS; i++) {
      await page.exposeFunction('acknowledge', (step: number) => {
        acknowledged = step;
      });
      const newest = acknowledged;
      page
        .evaluate((from) => window.checkpoints.saveWithoutEnd(from, window.acknowledge), newest + 1)
        .catch(() => {}); // ends with the browser
      await until(() => acknowledged > newest || undefined);
      await sleep(Math.random() * 500); // any moment of the saves that follow
      await kill();

      ({ page } = await start());
      const { steps, checkpointBytes, lost } = await page.evaluate(() => window.checkpoints.check());
      expect(lost).toBeNull();
      expect(steps).toContain(acknowledged);
      expect(checkpointBytes).toBe(steps.length * 2_000_000);
      acknowledged = steps[0]!;
    }
    await kill();
  });

  it('stay when the disk is full, and are missed when the database is gone', async () => {
    const { context, page } = await start();
    const { steps } = await page.evaluate(() => window.checkpoints.check());
    const protocol = await context.newCDPSession(page);
    await protocol.send('Storage.overrideQuotaForOrigin', { origin: ORIGIN, quotaSize: 500_000 });
    const refused = await page.evaluate(() => window.checkpoints.save(1000));
    expect(refused).toMatchObject({ boundary: 'storage', code: 'quota-exceeded' });
    expect((await page.evaluate(() => window.checkpoints.check())).steps).toEqual(steps);

    await protocol.send('Storage.overrideQuotaForOrigin', { origin: ORIGIN });
    await page.evaluate(() => {
      const request = indexedDB.deleteDatabase('crpo-studio-checkpoints');
      return new Promise((resolve, reject) => {
        request.onsuccess = resolve;
        request.onerror = reject;
      });
    });
    await page.reload();
    expect(await page.evaluate(() => window.checkpoints.check())).toMatchObject({
      steps: [],
      lost: 'checkpoints-lost',
    });
  });
});

/** The first value that `attempt` gives without throwing. */
async function until<T>(attempt: () => T | undefined): Promise<T> {
  for (let i = 0; i < 600; i++) {
    try {
      const value = attempt();
      if (value !== undefined && value !== '') return value;
    } catch {
      // not there yet
    }
    await sleep(50);
  }
  throw new Error('nothing came within 30 s');
}
