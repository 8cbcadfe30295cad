/** Threads on WebAssembly: the same numbers as without, and a start that fails leaves one thread and a sentence. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { distFolder } from '../../scripts/lib/paths.mjs';
import { serveFolder } from '../../scripts/lib/serve.mjs';
import type { StepRecord } from '../../src/protocol';
import {
  type Browser,
  goTo,
  launch,
  noBrowser,
  prepareTinyRun,
  type StudioTab,
  stateOf,
  untilRun,
} from './studio';

const SCRIPT = 'tfjs-backend-wasm-threaded-simd.worker.js';

/** Two steps of the tiny policy, as they were reported. */
async function train({ page }: StudioTab): Promise<readonly StepRecord[]> {
  await prepareTinyRun(page);
  await page.evaluate(() => {
    const heard: StepRecord[] = [];
    (window as { heard?: StepRecord[] }).heard = heard;
    window.crpoStudio!.onEvent((event) => {
      if (event.type === 'step') heard.push(event.record);
    });
  });
  await goTo(page, 'train');
  await page.getByRole('button', { name: 'Train' }).click();
  await untilRun(page, 'finished');
  return page.evaluate(() => (window as { heard?: StepRecord[] }).heard!);
}

const FOUR_PROCESSORS = `Object.defineProperty(WorkerNavigator.prototype, 'hardwareConcurrency', {
  configurable: true,
  get: () => 4,
});
`;

/** The site with a file changed, on a server of its own until the test ends. @returns its address */
async function serveChanged(change: (folder: string) => void): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'crpo-threads-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(distFolder, folder, { recursive: true });
  change(folder);
  const server = await serveFolder(folder);
  onTestFinished(() => server.close());
  return server.url;
}

/** Without what a clock measures. */
function arithmetic(records: readonly StepRecord[]) {
  return records.map(({ phaseMs: _, metrics, ...rest }) => {
    const { step_time: __, tokens_per_second: ___, ...numbers } = metrics;
    return { ...rest, metrics: numbers };
  });
}

describe.skipIf(noBrowser)('threads on WebAssembly', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch({ backend: 'wasm' });
  });
  afterAll(() => browser?.close());

  it('give the numbers of one thread', async () => {
    const runs = [];
    for (const threads of [1, 2]) {
      const studio = await browser.open({ threads });
      const { ready } = await stateOf(studio.page);
      expect(ready?.backend.notice).toBeUndefined();
      expect(ready?.backend).toMatchObject({ name: 'wasm', threads });
      runs.push(arithmetic(await train(studio)));
      expect(studio.problems).toEqual([]);
      await studio.page.close();
    }
    expect(runs[0]).toHaveLength(2);
    expect(runs[0]![0]!.rollouts).toHaveLength(4);
    expect(runs[1]).toEqual(runs[0]);
  });

  it.each([
    ['never answers', '', 'they did not answer within 3 s'],
    ['breaks', 'throw new Error("broken");', 'broken'],
  ])('leave one thread where their script %s', async (_, script, why) => {
    const url = await serveChanged((folder) => writeFileSync(join(folder, 'wasm', SCRIPT), script));
    const started = performance.now();
    const { page } = await browser.open({ threads: 2, url });
    const bootMs = performance.now() - started;
    const { stage, ready } = await stateOf(page);
    expect(stage).toBe('ready');
    expect(ready?.backend.threads).toBe(1);
    expect(ready?.backend.notice).toContain('One thread computes, not 2: ');
    expect(ready?.backend.notice).toContain(why);
    expect(bootMs).toBeLessThan(20_000); // 3 s of them the limit; the rest is a page on a busy machine
    await page.close();
  });

  it('must win a contest where nobody asked for them', async () => {
    // As if this machine had 4 logical processors; who wins on it is up to the machine.
    const url = await serveChanged((folder) => {
      const assets = join(folder, 'assets');
      const trainer = join(
        assets,
        readdirSync(assets).find((name) => /^trainer\.worker-.*\.js$/.test(name))!,
      );
      writeFileSync(trainer, `${FOUR_PROCESSORS}${readFileSync(trainer, 'utf8')}`);
    });
    const studio = await browser.open({ url });
    const { backend } = (await stateOf(studio.page)).ready!;
    const { threads, oneMs, manyMs } = backend.threadsTrial!;
    expect(threads).toBe(2);
    expect(manyMs).toBeGreaterThan(0);
    expect(backend).toMatchObject({ name: 'wasm', threads: oneMs < 1.3 * manyMs ? 1 : 2 });
    expect(backend.notice, 'how it went is no news').toBeUndefined();
    expect(await train(studio)).toHaveLength(2);
    expect(studio.problems).toEqual([]);
    await studio.page.close();
  });

  it('are not guessed from nonsense', async () => {
    const { page } = await browser.open({ threads: 'many' });
    const { ready, errors } = await stateOf(page);
    expect(errors.map(({ record }) => record.message)).toEqual([
      '?threads= takes a whole number from 1 to 8, not "many".',
    ]);
    expect(ready?.backend.name).toBe('wasm');
    await page.close();
  });
});
