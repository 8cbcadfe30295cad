/** Promise 4: nothing leaves the tab. Proven by what arrives at a sink, not by what the page returns. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openSink, type Sink } from './sink';
import { type Browser, launch, noBrowser, type StudioTab, stateOf } from './studio';

/** Chromium asks these by itself, before any page is open: updates and accounts. */
const BROWSER_SERVICES = /\b(update\.googleapis|accounts\.google|clients2\.google)\.com\b/;

const outside = ({ arrivals }: Sink) => arrivals.filter((line) => !BROWSER_SERVICES.test(line));

/** A script that tries every way out; as text, because a test's compiler would rewrite `import()`. */
const WAYS_OUT = `(async () => {
  const attempts = [
    fetch('http://sink.test/fetch'),
    fetch('http://sink.test/post', { method: 'POST', mode: 'no-cors', body: 'x' }),
    new Promise((_, reject) => { new WebSocket('ws://sink.test/socket').onerror = reject; }),
    import('http://sink.test/module.js'),
  ];
  if (globalThis.document) {
    navigator.sendBeacon('http://sink.test/beacon', 'x');
    new Image().src = 'http://sink.test/image.png';
    const frame = document.createElement('iframe');
    frame.src = 'http://sink.test/frame';
    document.body.append(frame);
    open('http://sink.test/popup');
  }
  return (await Promise.allSettled(attempts)).map(({ status }) => status);
})()`;

describe.skipIf(noBrowser)('the network', () => {
  let sink: Sink;
  let browser: Browser;
  let studio: StudioTab;
  const asked: string[] = [];

  beforeAll(async () => {
    sink = await openSink();
    browser = await launch({ backend: 'wasm', flags: sink.flags });
    browser.context.on('request', (request) => asked.push(request.url()));
    studio = await browser.open();
  });
  afterAll(async () => {
    await browser?.close();
    sink?.close();
  });

  it('has brought the starter, ready to train', async () => {
    const { stage, model, datasets, errors } = await stateOf(studio.page);
    expect(stage).toBe('ready');
    expect(errors).toEqual([]);
    expect(model?.parameters).toBeGreaterThan(100_000);
    expect(datasets).toMatchObject([{ synthetic: true, badLines: 0, layout: 'medqa' }]);
    expect(datasets[0]!.rows).toBeGreaterThan(100);
    await expect.poll(() => studio.page.getByRole('button', { name: 'Train' }).isEnabled()).toBe(true);
  });

  it('is asked for nothing but the site’s own files', () => {
    const origin = new URL(inject('studioUrl')).origin;
    const elsewhere = asked.filter((url) => !url.startsWith(`${origin}/`) && !url.startsWith('blob:'));
    expect(elsewhere.filter((url) => url !== 'about:blank')).toEqual([]);
    expect(asked.length).toBeGreaterThan(5);
    expect(outside(sink)).toEqual([]);
    expect(studio.problems).toEqual([]);
  });

  it.each(['page', 'trainer worker'])('is out of reach for a script in the %s', async (where) => {
    const worker = studio.page.workers().find((each) => each.url().includes('trainer'));
    const outcomes = await (where === 'page' ? studio.page.evaluate(WAYS_OUT) : worker!.evaluate(WAYS_OUT));
    expect(outcomes).toEqual(['rejected', 'rejected', 'rejected', 'rejected']);
    await studio.page.waitForTimeout(1500);
    expect(outside(sink)).toEqual([]);
  });

  it('would have been seen by the sink', async () => {
    const page = await browser.context.newPage();
    await page.goto('data:text/html,<img src="http://sink.test/control">');
    await expect.poll(() => outside(sink)).toEqual(['GET http://sink.test/control HTTP/1.1']);
    await page.close();
  });
});
