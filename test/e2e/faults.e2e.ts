/** What is wrong is said in a sentence, with what to do; what was there before stays as it was. */
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Browser,
  dropText,
  goTo,
  launch,
  noBrowser,
  prepareTinyRun,
  type StudioTab,
  stateOf,
} from './studio';

describe.skipIf(noBrowser)('a model that cannot be used', () => {
  let browser: Browser;
  let studio: StudioTab;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'crpo-models-'));
    browser = await launch({ backend: 'wasm' });
    studio = await browser.open();
    await prepareTinyRun(studio.page);
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function refusalOf(model: string): Promise<string> {
    const { page } = studio;
    const before = await stateOf(page);
    await goTo(page, '');
    await page.getByLabel('Open a model folder').setInputFiles(model);
    await expect.poll(async () => (await stateOf(page)).errors.length).toBeGreaterThan(before.errors.length);
    const after = await stateOf(page);
    expect(after.model, 'the model that was there').toEqual(before.model);
    expect(after.draft).toEqual(before.draft);
    expect(after.datasets).toEqual(before.datasets);
    const { record } = after.errors.at(-1)!;
    await page.getByRole('alert').getByText(record.message).waitFor();
    expect(record.action, 'what the person can do').toBeTruthy();
    return record.code;
  }

  it('has no tokenizer', async () => {
    expect(await refusalOf('test/fixtures/models/llama-tiny-bf16-sharded')).toBe('tokenizer-missing');
  });

  it('has weights that end too early', async () => {
    const truncated = join(folder, 'truncated');
    cpSync('test/fixtures/tiny-policy', truncated, { recursive: true });
    truncateSync(join(truncated, 'model.safetensors'), 100_000);
    expect(await refusalOf(truncated)).toBe('safetensors-truncated');
  });

  it('has no weights', async () => {
    const empty = join(folder, 'empty');
    cpSync('test/fixtures/tiny-policy', empty, { recursive: true });
    rmSync(join(empty, 'model.safetensors'));
    expect(await refusalOf(empty)).toBe('model-without-weights');
  });

  it('still trains with the one that was there', async () => {
    await goTo(studio.page, 'train');
    await expect.poll(() => studio.page.getByRole('button', { name: 'Train' }).isEnabled()).toBe(true);
  });
});

describe.skipIf(noBrowser)('a run that cannot be', () => {
  let browser: Browser;
  let studio: StudioTab;

  beforeAll(async () => {
    browser = await launch({ backend: 'wasm' });
    studio = await browser.open();
    await prepareTinyRun(studio.page);
  });
  afterAll(() => browser?.close());

  /** The error that Train gives with the tiny settings, some of them changed. */
  async function refusalOf(prompt: object): Promise<string> {
    const { page } = studio;
    const tiny = JSON.parse(readFileSync('test/e2e/tiny-run.json', 'utf8'));
    await dropText(page, 'run.json', JSON.stringify({ ...tiny, prompt: { ...tiny.prompt, ...prompt } }));
    await expect.poll(async () => (await stateOf(page)).draft!.prompt).toMatchObject(prompt);
    const before = (await stateOf(page)).errors.length;
    await goTo(page, 'train');
    await page.getByRole('button', { name: 'Train' }).click();
    await expect.poll(async () => (await stateOf(page)).errors.length).toBeGreaterThan(before);
    const { record } = (await stateOf(page)).errors.at(-1)!;
    await page.getByText(record.message).first().waitFor();
    return record.code;
  }

  it('has no prompt that fits', async () => {
    expect(await refusalOf({ maxTokens: 8 })).toBe('no-prompt-fits');
  });

  it('would leave the model’s context', async () => {
    expect(await refusalOf({ maxTokens: 250 })).toBe('context-too-short');
  });

  it('leaves model and dataset as they were', async () => {
    const { model, datasets } = await stateOf(studio.page);
    expect(model?.name).toBe('tiny-policy');
    expect(datasets.some(({ name }) => name === 'medqa-layout.jsonl')).toBe(true);
    expect(studio.problems).toEqual([]);
  });
});

describe.skipIf(noBrowser)('a browser without WebGPU', () => {
  it('is told so when WebGPU is asked for, and computes by WebAssembly when it is not', async () => {
    const browser = await launch({ backend: 'webgpu', webGpu: false });
    try {
      const forced = await browser.open();
      expect((await stateOf(forced.page)).stage).toBe('failed');
      await forced.page.getByText('The trainer did not start.').waitFor();
      await forced.page
        .getByText(/The webgpu backend was asked for, but/)
        .first()
        .waitFor();
      await forced.page.close();

      const free = await browser.open({ backend: 'auto' });
      const { stage, ready } = await stateOf(free.page);
      expect(stage).toBe('ready');
      expect(ready?.backend).toMatchObject({ name: 'wasm', requested: 'auto' });
      await free.page
        .getByText(/no WebGPU adapter, so the CPU computes/)
        .first()
        .waitFor();
    } finally {
      await browser.close();
    }
  });
});

describe.skipIf(noBrowser)('a second tab', () => {
  it('only looks, until the first is closed', async () => {
    const browser = await launch({ backend: 'wasm' });
    try {
      const first = await browser.open();
      const second = await browser.open();
      await second.page.getByText('Read-only.').waitFor();
      expect((await stateOf(second.page)).holdsLock).toBe(false);
      await goTo(second.page, 'train');
      await expect.poll(() => second.page.getByRole('button', { name: 'Train' }).isDisabled()).toBe(true);
      const refused = await second.page.evaluate(() =>
        window.crpoStudio!.send({ type: 'empty-trash' }).then(
          () => 'done',
          (error: { record: { code: string } }) => error.record.code,
        ),
      );
      expect(refused).toBe('read-only');

      await first.page.close();
      await second.page.waitForFunction(() => window.crpoStudio!.state().holdsLock);
      await expect.poll(() => second.page.getByText('Read-only.').count()).toBe(0);
      expect(second.problems).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});
