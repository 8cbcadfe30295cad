/** Settings are edited as a person edits: in the middle of a text, and faster than the page paints. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Browser, goTo, launch, noBrowser, type StudioTab, stateOf } from './studio';

describe.skipIf(noBrowser)('a setting', () => {
  let browser: Browser;
  let studio: StudioTab;

  beforeAll(async () => {
    browser = await launch({ backend: 'wasm' });
    studio = await browser.open();
    await goTo(studio.page, 'train');
  });
  afterAll(() => browser?.close());

  it('that is a text keeps the caret where one types', async () => {
    const { page } = studio;
    await page.locator('summary', { hasText: /^Prompt/ }).click();
    const box = page.getByLabel('System prompt');
    const before = await box.inputValue();
    await box.evaluate((element: HTMLTextAreaElement) => {
      element.focus();
      element.setSelectionRange(3, 3);
    });
    await page.keyboard.type('sooner', { delay: 5 });
    const after = `${before.slice(0, 3)}sooner${before.slice(3)}`;
    expect(await box.inputValue()).toBe(after);
    expect(await box.evaluate((element: HTMLTextAreaElement) => element.selectionStart)).toBe(9);
    expect((await stateOf(page)).draft!.prompt.system).toBe(after);
  });

  it('is not lost to one that is changed before the page is painted again', async () => {
    const { page } = studio;
    await page.evaluate(() => {
      window.requestAnimationFrame = () => 0; // no frame comes
    });
    await page.getByLabel('Prompts per batch').evaluate((element: HTMLInputElement) => element.focus());
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('3');
    await page.getByLabel('Group size G').evaluate((element: HTMLInputElement) => element.focus());
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('5');
    expect((await stateOf(page)).draft!.sampling).toMatchObject({ promptsPerBatch: 3, groupSize: 5 });
  });

  it('wrote nothing on the console', () => {
    expect(studio.problems).toEqual([]);
  });
});
