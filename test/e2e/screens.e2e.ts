/**
 * Every screen in both themes: no accessibility violation that axe finds, nothing wider than the
 * window; and its picture in `test-results/screens`, to look at.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Browser,
  evaluateOnce,
  goTo,
  launch,
  noBrowser,
  prepareTinyRun,
  type StudioTab,
  untilRun,
} from './studio';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const pictures = 'test-results/screens';

const SCREENS = {
  home: '',
  data: 'data',
  train: 'train',
  rollouts: 'rollouts',
  rollout: 'rollouts/1/0/0',
  checkpoints: 'checkpoints',
  evaluate: 'evaluate',
  evaluation: 'evaluate/:id/0',
  comparison: 'evaluate/compare/:id/0/:id/0',
  bench: 'bench',
} as const;
const THEMES = ['light', 'dark'] as const;

describe.skipIf(noBrowser)('every screen', () => {
  let browser: Browser;
  let studio: StudioTab;
  let evaluation: string;

  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true });
    browser = await launch({ backend: 'wasm' });
    studio = await browser.open();
    await prepareTinyRun(studio.page);
    await goTo(studio.page, 'train');
    await studio.page.getByRole('button', { name: 'Train' }).click();
    await untilRun(studio.page, 'finished');
    evaluation = await evaluateOnce(studio.page);
    await studio.page.evaluate(axeSource);
  });
  afterAll(() => browser?.close());

  describe.each(THEMES)('in the %s theme', (theme) => {
    it.each(Object.keys(SCREENS) as (keyof typeof SCREENS)[])('%s', async (screen) => {
      const { page } = studio;
      await page.emulateMedia({ colorScheme: theme });
      await goTo(page, SCREENS[screen].replaceAll(':id', evaluation));
      await page.getByRole('main').waitFor();
      for (const width of [900, 1440]) {
        await page.setViewportSize({ width, height: 900 });
        await page.waitForTimeout(600); // charts fit themselves to their place
        await page.screenshot({ path: `${pictures}/${screen}-${theme}-${width}.png` });
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        expect(overflow, `pixels beyond the window at ${width}`).toBeLessThanOrEqual(0);
      }
      const { violations, passes } = await page.evaluate(() =>
        (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
      );
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
      expect(found).toEqual([]);
      expect(passes.length, 'rules that found something to check').toBeGreaterThan(20);
    });
  });

  it('leaves the console clean', () => {
    expect(studio.problems).toEqual([]);
  });
});
