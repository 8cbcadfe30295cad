/**
 * The studio's page for a browser test: opened in its own profile, watched for everything that
 * must not happen (errors on the console, content-policy violations, uncaught exceptions).
 *
 * Where no browser is installed the tests are skipped and counted; `npm test` says so.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { inject } from 'vitest';
import { findBrowser, launchFlags } from '../../scripts/lib/browser.mjs';
import type { BackendChoice, RunStatus } from '../../src/protocol';
import type {} from '../../src/studio/store/automation'; // declares window.crpoStudio
import type { StudioState } from '../../src/studio/store/state';

const installed = findBrowser();

/** Every browser test is skipped then. */
export const noBrowser = installed === null;

export interface OpenOptions {
  readonly backend: BackendChoice;
  /** false: a browser without WebGPU. */
  readonly webGpu?: boolean;
  /** More flags for the browser. */
  readonly flags?: readonly string[];
}

/** A browser with its own profile, in which pages of the studio are opened. */
export interface Browser {
  readonly context: BrowserContext;
  open(options?: {
    readonly backend?: BackendChoice;
    /** On wasm; any text, to see it refused. */
    readonly threads?: number | string;
    /** Of another server than that of all tests. */
    readonly url?: string;
  }): Promise<StudioTab>;
  close(): Promise<void>;
}

export interface StudioTab {
  readonly page: Page;
  /** What must not happen, as it happens. */
  readonly problems: readonly string[];
}

export async function launch({ backend, webGpu = true, flags = [] }: OpenOptions): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'crpo-e2e-'));
  const asRoot = process.getuid?.() === 0;
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: installed!.path,
    headless: true,
    args: [
      ...(webGpu
        ? launchFlags({ platform: process.platform, asRoot, softwareWebGpu: true })
        : asRoot
          ? ['--no-sandbox']
          : []),
      ...flags,
    ],
    viewport: { width: 1440, height: 900 },
  });
  context.setDefaultTimeout(60_000);
  // With a picker, saving waits for a person; without one it is a download, as in Firefox.
  await context.addInitScript(() => {
    delete (window as { showSaveFilePicker?: unknown }).showSaveFilePicker;
  });
  return {
    context,
    open: async (options = {}) => {
      const page = await context.newPage();
      const problems = watch(page);
      const threads = options.threads === undefined ? '' : `&threads=${options.threads}`;
      const url = options.url ?? inject('studioUrl');
      await page.goto(`${url}?backend=${options.backend ?? backend}${threads}`);
      await page.waitForFunction(() => ['ready', 'failed'].includes(window.crpoStudio?.state().stage ?? ''));
      return { page, problems };
    },
    close: async () => {
      await context.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function watch(page: Page): string[] {
  const problems: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => problems.push(`uncaught: ${error.message}`));
  page.on('crash', () => problems.push('the page crashed'));
  return problems;
}

export function stateOf(page: Page): Promise<StudioState> {
  return page.evaluate(() => window.crpoStudio!.state());
}

/** Goes to a screen by its address, without a reload, and waits until it is there: the last one leaves first. */
export async function goTo(page: Page, screen: string): Promise<void> {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, `#/${screen}`);
  await page.locator(`main[data-screen="${screen.split('/')[0]}"]`).waitFor();
}

/** Drops files on the window, as a person does. */
export async function drop(page: Page, ...paths: string[]): Promise<void> {
  const input = await page.evaluateHandle(() => {
    const element = document.createElement('input');
    element.type = 'file';
    element.multiple = true;
    return element;
  });
  await input.asElement()!.setInputFiles(paths.map((path) => resolve(path)));
  await dispatchDrop(page, input);
}

/** Drops a file that exists only here. */
export async function dropText(page: Page, name: string, content: string | Uint8Array): Promise<void> {
  const input = await page.evaluateHandle(() => {
    const element = document.createElement('input');
    element.type = 'file';
    return element;
  });
  await input
    .asElement()!
    .setInputFiles({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(content) });
  await dispatchDrop(page, input);
}

async function dispatchDrop(
  page: Page,
  input: import('playwright-core').JSHandle<HTMLInputElement>,
): Promise<void> {
  await page.evaluate((element) => {
    const dataTransfer = new DataTransfer();
    for (const file of Array.from(element.files ?? [])) dataTransfer.items.add(file);
    const event = { bubbles: true, cancelable: true, dataTransfer };
    document.body.dispatchEvent(new DragEvent('dragenter', event));
    document.body.dispatchEvent(new DragEvent('drop', event));
  }, input);
}

/** Picks the tiny policy, the MedQA-layout rows without the bad ones, and the tiny settings. */
export async function prepareTinyRun(page: Page): Promise<void> {
  await goTo(page, '');
  await page.getByLabel('Open a model folder').setInputFiles('test/fixtures/tiny-policy');
  await page.waitForFunction(() => window.crpoStudio!.state().model?.name === 'tiny-policy');
  await openMedqaRows(page);
  await drop(page, 'test/e2e/tiny-run.json');
  await page.waitForFunction(() => window.crpoStudio!.state().draft?.name === 'tiny');
}

/** Drops the MedQA-layout rows, chooses them for training and leaves the bad ones out. */
export async function openMedqaRows(page: Page): Promise<void> {
  await goTo(page, 'data');
  await drop(page, 'test/fixtures/medqa-layout.jsonl');
  const chosen = () => {
    const { datasets, datasetId } = window.crpoStudio!.state();
    return datasets.find(({ id, name }) => id === datasetId && name === 'medqa-layout.jsonl');
  };
  const isChosen = await page.waitForFunction(chosen);
  const { badLinesSkipped } = (await isChosen.jsonValue())!;
  if (badLinesSkipped) return;
  await page.getByRole('checkbox', { name: /Skip bad lines/ }).click();
  await page.waitForFunction(() =>
    window
      .crpoStudio!.state()
      .datasets.some(({ name, badLinesSkipped }) => name === 'medqa-layout.jsonl' && badLinesSkipped),
  );
}

/** Presses Evaluate with the form as it stands, and waits for the result. @returns the evaluation's id */
export async function evaluateOnce(page: Page): Promise<string> {
  await goTo(page, 'evaluate');
  const before = (await stateOf(page)).evaluations.list?.length ?? 0;
  await page.getByRole('button', { name: 'Evaluate', exact: true }).click();
  const finished = await page.waitForFunction((count) => {
    const { list } = window.crpoStudio!.state().evaluations;
    const [newest] = list !== null && list.length > count ? list : [];
    return newest?.status === 'finished' ? newest.id : null;
  }, before);
  return (await finished.jsonValue())!;
}

/** Waits until the run has that status and its checkpoint is stored. */
export async function untilRun(page: Page, status: RunStatus): Promise<void> {
  await page.waitForFunction(
    (wanted) => {
      const { run, checkpoints } = window.crpoStudio!.state();
      if (run?.status === 'failed' && wanted !== 'failed') throw new Error(run.error?.message);
      const stored = checkpoints.some(({ runId, step }) => runId === run?.runId && step === run.step);
      return run?.status === wanted && (stored || run.step === 0);
    },
    status,
    { timeout: 150_000 },
  );
}
