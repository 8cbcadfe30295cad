/** Promise 2: a resumed run goes on bit for bit as if it had never stopped, on WebGPU. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StepRecord } from '../../src/protocol';
import { type Browser, launch, noBrowser, prepareTinyRun, type StudioTab, untilRun } from './studio';

/** What a clock measures differs from run to run; everything else is arithmetic. */
const TIMES = ['step_time', 'tokens_per_second'];

function arithmeticOf({ step, metrics, rollouts }: StepRecord) {
  const numbers = Object.entries(metrics).filter(([key]) => !TIMES.includes(key));
  return { step, metrics: Object.fromEntries(numbers), rollouts };
}

describe.skipIf(noBrowser)('a resumed run on WebGPU', () => {
  let browser: Browser;
  let studio: StudioTab;
  let whole: StepRecord[];

  /** Hears the steps of the run that `begin` starts, until it has ended. */
  async function stepsOf(begin: () => Promise<unknown>): Promise<StepRecord[]> {
    const { page } = studio;
    await page.evaluate(() => {
      const heard: StepRecord[] = [];
      Object.assign(window, { heard });
      window.crpoStudio!.onEvent((event) => {
        if (event.type === 'step') heard.push(event.record);
      });
    });
    await begin();
    await untilRun(page, 'finished');
    return page.evaluate(() => (window as unknown as { heard: StepRecord[] }).heard);
  }

  const start = (changes: { readonly seed: number; readonly steps: number }) => () =>
    studio.page.evaluate((changes) => {
      const { draft, datasetId } = window.crpoStudio!.state();
      const config = { ...draft!, ...changes };
      return window.crpoStudio!.send({ type: 'start', config, datasetId: datasetId! });
    }, changes);

  beforeAll(async () => {
    browser = await launch({ backend: 'webgpu' });
    studio = await browser.open();
    await prepareTinyRun(studio.page);
    whole = await stepsOf(start({ seed: 11, steps: 3 }));
  });
  afterAll(() => browser?.close());

  it.each([1, 2])('takes after step %d the very step that the whole run took', async (from) => {
    expect(whole.map(({ step }) => step)).toEqual([1, 2, 3]);
    // A new page: another worker, another device, nothing left in memory.
    await studio.page.reload();
    await studio.page.waitForFunction(() => window.crpoStudio?.state().stage === 'ready');
    const resumed = await stepsOf(() =>
      studio.page.evaluate((step) => {
        const checkpoint = window
          .crpoStudio!.state()
          .checkpoints.find((each) => each.step === step && each.reason === 'interval');
        return window.crpoStudio!.send({ type: 'resume-checkpoint', id: checkpoint!.id, steps: step + 1 });
      }, from),
    );
    expect(resumed.map(arithmeticOf)).toEqual([arithmeticOf(whole[from]!)]);
  });

  it('would be told from another run: another seed gives other numbers', async () => {
    await prepareTinyRun(studio.page);
    const other = await stepsOf(start({ seed: 12, steps: 2 }));
    const reference = arithmeticOf(whole[1]!);
    const compared = arithmeticOf(other[1]!);
    expect(compared.metrics).not.toEqual(reference.metrics);
    expect(compared.rollouts).not.toEqual(reference.rollouts);
  });
});
