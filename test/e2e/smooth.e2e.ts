/**
 * The page stays smooth while it trains: a walk over the screens during a run of the starter, with every
 * task of the page's thread and every frame on record.
 *
 * A task counts by the processor time of its thread, so that a busy machine does not fail the test. No
 * task should be over 50 ms, and none measured was over 45; the bounds are some twice that, for slower machines.
 */
import type { CDPSession, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Browser, goTo, launch, noBrowser, type StudioTab } from './studio';

/** An event of Chromium's tracing: ts, dur and tdur (thread time) in µs. */
interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
}

const LONG_TASK_MS = 50;
/** The bounds: a task's processor time, and the median time between two frames. */
const TASK_BOUND_MS = 80;
const FRAME_BOUND_MS = 34;
/** More than the walk takes. */
const STEPS = 1000;
/** What a screen does by itself once it is there, as charts in their turns: this long it is on record. */
const REST_MS = 700;
/** The marks on the page's timeline between which is measured. */
const BEGIN = 'smooth-begin';
const END = 'smooth-end';

describe.skipIf(noBrowser)('a page that trains', () => {
  let browser: Browser;
  let studio: StudioTab;

  beforeAll(async () => {
    browser = await launch({ backend: 'wasm' });
    studio = await browser.open();
    await goTo(studio.page, 'train');
    await studio.page.getByRole('button', { name: 'Train' }).waitFor();
    await studio.page.waitForTimeout(1000);
  });
  afterAll(() => browser?.close());

  it('draws, leaves and opens its screens in short tasks', async () => {
    const { page } = studio;
    const session = await browser.context.newCDPSession(page);
    const trace = await startTrace(session);
    await page.evaluate((name) => {
      performance.mark(name);
      const frames: number[] = [];
      const onFrame = (at: number) => {
        frames.push(at);
        requestAnimationFrame(onFrame);
      };
      requestAnimationFrame(onFrame);
      Object.assign(window, { frames });
    }, BEGIN);

    await page.evaluate(async (steps) => {
      const studio = window.crpoStudio!;
      const { draft, datasetId } = studio.state();
      const sampling = { ...draft!.sampling, promptsPerBatch: 2, groupSize: 4, maxCompletionTokens: 24 };
      const config = { ...draft!, name: 'smooth', steps, sampling };
      await studio.send({ type: 'start', config, datasetId: datasetId! });
    }, STEPS);
    await page.waitForFunction(() => window.crpoStudio!.state().run!.step >= 3);
    await seeAllCharts(page);
    await press(page, 'go', '[role=row][aria-selected]');
    await press(page, 'j', '[aria-label=Completion]');
    await press(page, 'j', '[aria-label=Completion]');
    await press(page, 'ge', 'h1', 'Evaluate');
    await press(page, 'gr', 'figure path[data-raw]');
    await press(page, 'gd', 'h1', 'Data');
    await press(page, 'gr', 'figure path[data-raw]');
    await press(page, 'gk', 'h1', 'Checkpoints');
    await press(page, 'gh', 'h1', 'Post-train');
    await press(page, 'gr', 'figure path[data-raw]');
    await seeAllCharts(page);
    await restOnChart(page);
    const { status } = await page.evaluate(() => window.crpoStudio!.state().run!);
    expect(status).toBe('running');

    const frames = await page.evaluate((name) => {
      performance.mark(name);
      return (window as unknown as { frames: number[] }).frames;
    }, END);
    const tasks = pageTasks(await trace.stop());
    const processor = tasks.map(({ tdur = 0 }) => tdur / 1000).sort((a, b) => b - a);
    const wall = tasks.map(({ dur = 0 }) => dur / 1000).sort((a, b) => b - a);
    const gaps = frames
      .slice(1)
      .map((at, index) => at - frames[index]!)
      .sort((a, b) => a - b);
    const median = gaps[gaps.length >> 1]!;
    const long = (times: readonly number[]) => times.filter((ms) => ms > LONG_TASK_MS).length;
    const fps = (1000 * gaps.length) / (frames.at(-1)! - frames[0]!);
    console.log(
      `longest task ${processor[0]?.toFixed(0)} ms of the processor (${wall[0]?.toFixed(0)} ms by the clock), ` +
        `${long(processor)} (${long(wall)}) over ${LONG_TASK_MS} ms of ${tasks.length}; ` +
        `${fps.toFixed(1)} frames per second, median gap ${median.toFixed(1)} ms`,
    );
    expect(tasks.length, 'tasks on record').toBeGreaterThan(100);
    expect(processor[0]).toBeGreaterThan(0);
    expect(processor[0]).toBeLessThan(TASK_BOUND_MS);
    expect(median).toBeLessThanOrEqual(FRAME_BOUND_MS);
    await page.evaluate(() => window.crpoStudio!.send({ type: 'stop' }));
  });

  it('leaves the console clean', () => {
    expect(studio.problems).toEqual([]);
  });
});

/** Scrolls to the last of the charts, slowly enough for each to be drawn on the way, the pointer beside them. */
async function seeAllCharts(page: Page): Promise<void> {
  await until(page, 'figure path[data-raw]');
  const right = await page.evaluate(() => {
    const main = document.querySelector('main')!;
    return main.getBoundingClientRect().left + main.clientWidth;
  });
  await page.mouse.move(right - 4, 500);
  const isDrawn = () => {
    const figures = [...document.querySelectorAll('figure')];
    return figures.length > 8 && figures.every((figure) => figure.querySelector('path[data-raw]'));
  };
  const scroll = () => page.mouse.wheel(0, 300).then(() => page.evaluate(isDrawn));
  await expect.poll(scroll, { timeout: 30_000, interval: 300 }).toBe(true);
}

/** The pointer rests on the first chart while steps come in; the others show where. */
async function restOnChart(page: Page): Promise<void> {
  const chart = page.locator('figure').first();
  await chart.scrollIntoViewIfNeeded();
  const { x, y, width, height } = (await chart.boundingBox())!;
  await page.mouse.move(x + width / 2, y + height / 2);
  await until(page, '[data-pointer]');
  const before = await page.evaluate(() => window.crpoStudio!.state().run!.step);
  await page.waitForFunction((step) => window.crpoStudio!.state().run!.step > step + 2, before);
}

/** As cheap for the page as can be: what its thread does for the test is on record too. */
async function until(page: Page, selector: string, text = ''): Promise<void> {
  await page.waitForFunction(
    ([selector, text]) => document.querySelector(selector)?.textContent.includes(text),
    [selector, text] as const,
  );
}

/** Goes to a screen by its key, and waits for what it shows. */
async function press(page: Page, keys: string, selector: string, text?: string): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
  await until(page, selector, text);
  await page.waitForTimeout(REST_MS);
}

/** Records tasks and the page's marks until stopped. */
async function startTrace(session: CDPSession): Promise<{ stop(): Promise<readonly TraceEvent[]> }> {
  const events: TraceEvent[] = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  const includedCategories = ['toplevel', 'disabled-by-default-toplevel', 'blink.user_timing'];
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories, excludedCategories: ['*'] },
  });
  return {
    async stop() {
      const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
      await session.send('Tracing.end');
      await complete;
      return events;
    },
  };
}

/** What ran on the thread that set the marks, between them. */
function pageTasks(events: readonly TraceEvent[]): readonly TraceEvent[] {
  const begin = events.find(({ name }) => name === BEGIN);
  const end = events.find(({ name }) => name === END);
  if (!begin || !end) throw new Error('the trace lacks the marks of the page');
  return events.filter(
    ({ name, ph, pid, tid, ts }) =>
      name.endsWith('RunTask') &&
      ph === 'X' &&
      pid === begin.pid &&
      tid === begin.tid &&
      ts >= begin.ts &&
      ts < end.ts,
  );
}
