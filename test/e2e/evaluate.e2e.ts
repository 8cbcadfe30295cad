/** Evaluations in a real browser: made, kept over a reload, compared, taken out, and paused and resumed. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EvaluationComparison } from '../../src/protocol';
import {
  type Browser,
  evaluateOnce,
  goTo,
  launch,
  noBrowser,
  prepareTinyRun,
  type StudioTab,
  stateOf,
  untilRun,
} from './studio';

describe.skipIf(noBrowser)('an evaluation', () => {
  let browser: Browser;
  let studio: StudioTab;
  let first: string;

  beforeAll(async () => {
    browser = await launch({ backend: 'wasm' });
    studio = await browser.open();
    await prepareTinyRun(studio.page);
  });
  afterAll(() => browser?.close());

  it('tells how the loaded policy answers, with intervals', async () => {
    const { page } = studio;
    first = await evaluateOnce(page);
    const { evaluations } = await stateOf(page);
    const [result] = evaluations.list!.find(({ id }) => id === first)!.results;
    expect(result!.accuracy.of).toBe(result!.cases);
    expect(result!.accuracy.wilson!.low).toBeLessThanOrEqual(result!.accuracy.value!);
    await goTo(page, `evaluate/${first}/0`);
    await page.getByText('correct / parsable').waitFor();
    await page.getByText(`${result!.accuracy.count}/${result!.accuracy.of}`).first().waitFor();
  });

  it('is there after a reload, and leaves as CSV', async () => {
    const { page } = studio;
    await page.reload();
    await page.waitForFunction(() => window.crpoStudio?.state().stage === 'ready');
    await goTo(page, `evaluate/${first}/0`);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'CSV' }).click(),
    ]);
    const lines = readFileSync(await download.path(), 'utf8')
      .trimEnd()
      .split('\r\n');
    const { list } = (await stateOf(page)).evaluations;
    expect(lines.length).toBe(1 + list!.find(({ id }) => id === first)!.results[0]!.cases);
  });

  it('compares the policy before and after training on the same cases', async () => {
    const { page } = studio;
    await prepareTinyRun(page);
    await goTo(page, 'train');
    await page.getByRole('button', { name: 'Train' }).click();
    await untilRun(page, 'finished');
    const second = await evaluateOnce(page);
    const comparison: EvaluationComparison = await page.evaluate(
      ([a, b]) =>
        window.crpoStudio!.send({
          type: 'compare-evaluations',
          first: { id: a!, dataset: 0 },
          second: { id: b!, dataset: 0 },
        }),
      [first, second],
    );
    const { improved, regressed, bothCorrect, bothWrong } = comparison.mcnemar;
    expect(improved.length + regressed.length + bothCorrect + bothWrong).toBe(comparison.cases);
    await goTo(page, `evaluate/compare/${first}/0/${second}/0`);
    await page.getByText('McNemar').first().waitFor();
    await page.getByText(`${bothWrong} both wrong`).waitFor();
  });

  it('wrote nothing on the console', () => {
    expect(studio.problems).toEqual([]);
  });
});
