/**
 * The studio's page in an installed browser without a window, driven through `window.crpoStudio`.
 * Files reach the page as they do when a person picks them: by an `<input type=file>`, so the
 * browser reads them from disk. Results leave it as downloads.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { chromium } from 'playwright-core';
import { launchFlags } from '../lib/browser.mjs';
import { CommandError } from '../lib/process.mjs';

/**
 * @typedef {import('../../src/protocol').Command} Command
 * @typedef {import('../../src/protocol').CommandResults} CommandResults
 * @typedef {import('../../src/protocol').CheckpointSummary} CheckpointSummary
 * @typedef {import('../../src/protocol').DatasetSummary} DatasetSummary
 * @typedef {import('../../src/protocol').ErrorRecord} ErrorRecord
 * @typedef {import('../../src/protocol').ModelSummary} ModelSummary
 * @typedef {import('../../src/studio/store/automation').Automation} Automation
 * @typedef {import('../../src/studio/store/state').StudioState} StudioState
 * @typedef {Parameters<Parameters<Automation['onEvent']>[0]>[0]} News
 * @typedef {{ result: unknown } | { error: ErrorRecord }} Answer
 *
 * @typedef {object} Request what is done inside the page
 * @property {'send' | 'sendDataset'} channel
 * @property {Record<string, unknown>} command
 * @property {import('playwright-core').JSHandle<HTMLInputElement> | null} input holds the command's files
 * @property {readonly string[]} paths of the files in their folder; empty: one `file` without a path
 */

/** An error that the studio named. */
export class PageError extends CommandError {
  /** @param {ErrorRecord} record */
  constructor(record) {
    super(record.message, { action: record.action });
    this.record = record;
  }
}

/**
 * @param {object} options
 * @param {string} options.browserPath
 * @param {string} options.url of the served studio
 * @param {import('../lib/options.mjs').Backend} options.backend
 * @param {number | undefined} options.threads on WebAssembly; undefined: the page finds out
 * @param {(event: News) => void} options.onEvent every event that is not an answer, in order
 * @returns {Promise<StudioPage>} once the workers answer and the starter is loaded
 */
export async function openStudioPage({ browserPath, url, backend, threads, onEvent }) {
  // A profile on disk: the default context is incognito, where IndexedDB refuses large values.
  const profile = mkdtempSync(join(tmpdir(), 'crpo-studio-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: browserPath,
    headless: true,
    args: launchFlags({ platform: process.platform, asRoot: process.getuid?.() === 0 }),
    // Ctrl-C is ours: the browser must outlive it to hand over the results.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    viewport: { width: 1200, height: 700 },
    deviceScaleFactor: 2,
  });
  const page = context.pages()[0] ?? (await context.newPage());
  const studio = new StudioPage(context, page, profile);
  try {
    // `capture` shows the curves alone, as the picture of the run needs them.
    const threadsAsked = threads === undefined ? '' : `&threads=${threads}`;
    await studio.start(`${url}?backend=${backend}${threadsAsked}&capture`, onEvent);
  } catch (error) {
    await studio.close();
    throw error;
  }
  return studio;
}

export class StudioPage {
  #context;
  #page;
  #profile;
  /** Rejects when the page dies, so that nobody waits for it. */
  #death;

  /**
   * @param {import('playwright-core').BrowserContext} context
   * @param {import('playwright-core').Page} page
   * @param {string} profile
   */
  constructor(context, page, profile) {
    this.#context = context;
    this.#page = page;
    this.#profile = profile;
    this.#death = new Promise((_, reject) => {
      const crashed = new CommandError('The page crashed, most likely out of memory.', {
        action: 'Try a smaller model, group size or completion length.',
      });
      page.once('crash', () => reject(crashed));
      context.once('close', () => reject(new CommandError('The browser was closed.')));
    });
    this.#death.catch(() => {}); // Heard by whoever waits at that moment, or by nobody.
  }

  /**
   * @param {string} url
   * @param {(event: News) => void} onEvent
   */
  async start(url, onEvent) {
    await this.#page.exposeBinding('reportCrpoEvent', (_, event) => onEvent(event));
    await this.#page.goto(url);
    await this.#page.waitForFunction(() => window.crpoStudio !== undefined);
    const booted = this.#page.evaluate(async () => {
      const studio = window.crpoStudio;
      const report = /** @type {{ reportCrpoEvent?: (event: unknown) => void }} */ (window).reportCrpoEvent;
      studio?.onEvent((event) => report?.(event));
      try {
        await studio?.ready;
      } catch {} // The state names the error.
    });
    await this.alive(booted);
    const state = await this.state();
    const failure = state.errors.at(-1);
    if (state.stage === 'failed' && failure) throw new PageError(failure.record);
  }

  /** @returns {Promise<StudioState>} */
  async state() {
    const state = await this.alive(this.#page.evaluate(() => window.crpoStudio?.state()));
    if (!state) throw new Error('internal: the page has no state');
    return state;
  }

  /** What the browser calls itself, `Chrome/156.0.8078.79`. */
  async version() {
    const devtools = await this.#context.newCDPSession(this.#page);
    const { product } = await devtools.send('Browser.getVersion');
    await devtools.detach();
    return product;
  }

  /**
   * A command to the trainer that carries no files.
   * @template {Command['type']} T
   * @param {Extract<Command, { type: T }>} command
   * @returns {Promise<CommandResults[T]>}
   */
  async send(command) {
    return /** @type {CommandResults[T]} */ (await this.#perform('send', command));
  }

  /**
   * @param {string} path a JSONL file
   * @param {{ synthetic?: boolean }} [facts]
   */
  async openDataset(path, facts = {}) {
    const command = { type: 'open', name: basename(path), ...facts };
    return /** @type {DatasetSummary} */ (await this.#perform('sendDataset', command, [path]));
  }

  /** @param {string} datasetId */
  async skipBadLines(datasetId) {
    const command = { type: 'skip-bad-lines', datasetId, skip: true };
    return /** @type {DatasetSummary} */ (await this.#perform('sendDataset', command));
  }

  /** @param {string} path a `checkpoint.zip` */
  async importCheckpoint(path) {
    const command = { type: 'import-checkpoint', name: basename(path) };
    return /** @type {CheckpointSummary} */ (await this.#perform('send', command, [path]));
  }

  /** @param {string} folder in Hugging Face's layout */
  async loadModel(folder) {
    const names = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => !entry.name.startsWith('.') && !entry.isDirectory())
      .map((entry) => entry.name);
    const command = { type: 'load-model', name: basename(folder) };
    const paths = names.map((name) => join(folder, name));
    return /** @type {ModelSummary} */ (await this.#perform('send', command, paths, names));
  }

  /**
   * @param {Extract<Command, { type: 'export-checkpoint' | 'export-evaluation' }>} command
   * @param {string} target where the file is written
   * @returns {Promise<{ sha256: string }>}
   */
  async exportFile(command, target) {
    const downloading = this.#page.waitForEvent('download', { timeout: 0 });
    downloading.catch(() => {}); // The export itself may fail first.
    const answer = await this.alive(
      this.#page.evaluate(async (command) => {
        try {
          const exported = await window.crpoStudio?.send(command);
          if (!exported) throw new Error('internal: the page has no studio');
          const link = document.createElement('a');
          link.href = URL.createObjectURL(exported.file);
          link.download = exported.name;
          link.click();
          return { result: { sha256: exported.sha256 } };
        } catch (thrown) {
          const { record } = /** @type {{ record?: ErrorRecord }} */ (thrown);
          return { error: record ?? { message: String(thrown) } };
        }
      }, command),
    );
    const exported = /** @type {{ sha256: string }} */ (resultOf(/** @type {Answer} */ (answer)));
    const download = await this.alive(downloading);
    await download.saveAs(target);
    return exported;
  }

  /**
   * @param {string} testId of the part to photograph
   * @param {string} target PNG
   */
  async screenshot(testId, target) {
    const part = this.#page.getByTestId(testId);
    await part.waitFor();
    await this.#page.waitForTimeout(1000); // The store paints at screen speed, the charts a little later.
    await part.screenshot({ path: target });
  }

  async close() {
    await this.#context.close();
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  /**
   * @param {Request['channel']} channel
   * @param {Record<string, unknown>} command
   * @param {readonly string[]} files on disk
   * @param {readonly string[]} paths
   */
  async #perform(channel, command, files = [], paths = []) {
    const input = files.length === 0 ? null : await this.#fileInput(files);
    const answer = await this.alive(this.#page.evaluate(performInPage, { channel, command, input, paths }));
    await input?.dispose();
    return resultOf(answer);
  }

  /** @param {readonly string[]} files */
  async #fileInput(files) {
    const input = await this.#page.evaluateHandle(() => {
      const input = document.createElement('input');
      input.type = 'file';
      input.multiple = true;
      return input;
    });
    await input.asElement()?.setInputFiles(files.map((file) => resolve(file)));
    return input;
  }

  /**
   * Waits, but not for a page that is gone.
   * @template T
   * @param {Promise<T>} promise
   * @returns {Promise<T>}
   */
  alive(promise) {
    return /** @type {Promise<T>} */ (Promise.race([promise, this.#death]));
  }
}

/**
 * Runs in the page. An answer is data, because an error loses its record on the way to Node.
 * @param {{ channel: string, command: Record<string, unknown>, input: HTMLInputElement | null, paths: readonly string[] }} request
 * @returns {Promise<Answer>}
 */
async function performInPage({ channel, command, input, paths }) {
  const files = Array.from(input?.files ?? []);
  const carried =
    paths.length > 0
      ? { files: files.map((file, index) => ({ path: paths[index], file })) }
      : files.length > 0
        ? { file: files[0] }
        : {};
  try {
    const studio = /** @type {Record<string, (message: object) => Promise<unknown>> | undefined} */ (
      /** @type {unknown} */ (window.crpoStudio)
    );
    return { result: await studio?.[channel]?.({ ...command, ...carried }) };
  } catch (thrown) {
    const { record } = /** @type {{ record?: ErrorRecord }} */ (thrown);
    return { error: record ?? { boundary: 'internal', code: 'unexpected', message: String(thrown) } };
  }
}

/** @param {Answer} answer */
function resultOf(answer) {
  if ('error' in answer) throw new PageError(answer.error);
  return answer.result;
}
