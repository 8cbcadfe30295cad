/** A whole visit on WebGPU: two CRPO steps, their curves and rollouts, then what is stored of them. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Browser,
  goTo,
  launch,
  noBrowser,
  openMedqaRows,
  prepareTinyRun,
  type StudioTab,
  stateOf,
  untilRun,
} from './studio';

describe.skipIf(noBrowser)('training on WebGPU', () => {
  let browser: Browser;
  let studio: StudioTab;
  let zip: string;

  beforeAll(async () => {
    browser = await launch({ backend: 'webgpu' });
    studio = await browser.open();
  });
  afterAll(() => browser?.close());

  it('runs on WebGPU and says that the adapter is software', async () => {
    const { ready } = await stateOf(studio.page);
    expect(ready?.backend).toMatchObject({ name: 'webgpu', requested: 'webgpu', software: true });
    await studio.page.getByText('WebGPU · CPU').waitFor();
  });

  it('takes two steps at the press of a button', async () => {
    const { page } = studio;
    await prepareTinyRun(page);
    await goTo(page, 'train');
    await page.locator('summary', { hasText: /^GPU memory .* MiB of 4,096 MiB/ }).waitFor();
    await page.getByRole('button', { name: 'Train' }).click();
    await untilRun(page, 'finished');
    const { run, history } = await stateOf(page);
    expect(run?.step).toBe(2);
    expect(history.steps).toEqual([1, 2]);
    // Some of four answers with a letter drawn from four are right, so there was something to learn.
    expect(history.columns.grad_norm?.every((norm) => norm !== null && norm > 0)).toBe(true);
  });

  it('draws a curve for every objective that counts', async () => {
    const { page } = studio;
    const curves = page.getByTestId('curves');
    for (const label of ['Accuracy', 'Format', 'Language']) {
      const entry = curves.getByRole('button', { name: label });
      await expect.poll(() => entry.count(), { message: label }).toBe(1);
    }
    const lines = curves.locator('path.recharts-line-curve');
    await expect.poll(() => lines.count()).toBeGreaterThanOrEqual(4); // charts take turns
  });

  it('shows a rollout’s whole text and the arithmetic of its reward', async () => {
    const { page } = studio;
    await goTo(page, 'rollouts');
    await page.getByRole('grid', { name: 'Rollouts' }).getByText('\\boxed').first().click();
    const [rollout] = (await stateOf(page)).rollouts.filter(({ id }) => page.url().endsWith(id));
    if (!rollout) throw new Error(`no rollout is open at ${page.url()}`);
    const text = await page.getByRole('region', { name: 'Completion' }).textContent();
    expect(text).toContain(rollout.completion.slice(0, 40));
    expect(await page.getByRole('region', { name: 'Prompt' }).textContent()).toContain(
      rollout.prompt.slice(0, 60),
    );

    // 10 · accuracy + 1 · format + 0.5 · language, as the settings say.
    const { accuracy, format, language } = rollout.rewards;
    const sum = 10 * (accuracy ?? 0) + (format ?? 0) + 0.5 * (language ?? 0);
    expect(rollout.reward).toBeCloseTo(sum, 6);
    const table = page.getByRole('table', { name: 'Reward' });
    expect(await table.getByRole('row', { name: /^Sum/ }).textContent()).toContain(sum.toFixed(2));
  });

  it('lists its checkpoints after a reload and resumes at the next step', async () => {
    const { page } = studio;
    await page.reload();
    await page.waitForFunction(() => window.crpoStudio?.state().stage === 'ready');
    await goTo(page, 'checkpoints');
    const items = page.getByRole('listitem').filter({ hasText: 'tiny' });
    await expect.poll(() => items.count()).toBe(2);

    const last = items.filter({ hasText: '⚑ 2' });
    await last.getByLabel('until step').fill('3');
    await last.getByRole('button', { name: 'Resume' }).click();
    await untilRun(page, 'finished');
    const { history, run } = await stateOf(page);
    expect(run?.step).toBe(3);
    expect(history.steps, 'the curves are whole').toEqual([1, 2, 3]);
  });

  it('exports a checkpoint with the checksum that it names', async () => {
    const { page } = studio;
    await goTo(page, 'checkpoints');
    const item = page.getByRole('listitem').filter({ hasText: '⚑ 3' });
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      item.getByRole('button', { name: 'Export' }).click(),
    ]);
    zip = await download.path();
    const sha256 = createHash('sha256').update(readFileSync(zip)).digest('hex');
    await page
      .getByRole('status')
      .getByText(`SHA-256 ${sha256.slice(0, 16)}`)
      .waitFor();
  });

  it('deletes a checkpoint and takes it back', async () => {
    const { page } = studio;
    const count = async () => (await stateOf(page)).checkpoints.filter(({ deleted }) => !deleted).length;
    const before = await count();
    await page.getByRole('button', { name: 'Delete step 3 of tiny' }).click();
    await expect.poll(count).toBe(before - 1);
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(count).toBe(before);
  });

  it('imports an exported checkpoint into an empty browser and goes on', async () => {
    const other = await launch({ backend: 'webgpu' });
    try {
      const { page, problems } = await other.open();
      await openMedqaRows(page);
      await goTo(page, 'checkpoints');
      await page.getByLabel('Import .zip').setInputFiles(zip);
      const item = page.getByRole('listitem').filter({ hasText: '⚑ 3' });
      await item.getByLabel('until step').fill('4');
      await item.getByRole('button', { name: 'Resume' }).click();
      await untilRun(page, 'finished');
      expect((await stateOf(page)).run).toMatchObject({ step: 4, modelName: 'tiny-policy' });
      expect(problems).toEqual([]);
    } finally {
      await other.close();
    }
  });

  it('pauses, takes single steps, continues and stops', async () => {
    const { page } = studio;
    await goTo(page, 'checkpoints');
    const item = page.getByRole('listitem').filter({ hasText: '⚑ 3' });
    await item.getByLabel('until step').fill('50');
    await item.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('button', { name: /^Pause/ }).click();
    await untilRun(page, 'paused');
    const pausedAt = (await stateOf(page)).run!.step;
    expect(pausedAt).toBeLessThan(48);

    await page.getByRole('button', { name: /^One step/ }).click();
    await page.waitForFunction((step) => window.crpoStudio!.state().run!.step === step, pausedAt + 1);
    await untilRun(page, 'paused');
    expect((await stateOf(page)).run!.step).toBe(pausedAt + 1);

    await page.getByRole('button', { name: /^Continue/ }).click();
    await page.waitForFunction((step) => window.crpoStudio!.state().run!.step >= step, pausedAt + 2);
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await untilRun(page, 'stopped');
    expect((await stateOf(page)).run!.step).toBeLessThan(50);
  });

  it('leaves the console clean', () => {
    expect(studio.problems).toEqual([]);
  });
});
