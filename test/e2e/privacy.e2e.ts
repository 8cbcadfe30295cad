/** Promise 4: nothing leaves the tab. Proven by what arrives at a sink, not by what the page returns. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openSink, type Sink } from './sink';
import { type Browser, launch, noBrowser, type StudioTab } from './studio';

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

  it('is asked for nothing but the site’s own files', () => {
    const origin = new URL(inject('studioUrl')).origin;
    const elsewhere = asked.filter((url) => !url.startsWith(`${origin}/`) && !url.startsWith('blob:'));
    expect(elsewhere.filter((url) => url !== 'about:blank')).toEqual([]);
    expect(asked.length).toBeGreaterThan(5);
    expect(sink.arrivals).toEqual([]);
    expect(studio.problems).toEqual([]);
  });

  it.each(['page', 'trainer worker'])('is out of reach for a script in the %s', async (where) => {
    const attempt = async () => {
      const attempts: Promise<unknown>[] = [
        fetch('http://sink.test/fetch'),
        fetch('http://sink.test/post', { method: 'POST', mode: 'no-cors', body: 'x' }),
        new Promise((_, reject) => {
          const socket = new WebSocket('ws://sink.test/socket');
          socket.onerror = reject;
        }),
        import(/* @vite-ignore */ 'http://sink.test/module.js' as string),
      ];
      if ('document' in globalThis) {
        navigator.sendBeacon('http://sink.test/beacon', 'x');
        new Image().src = 'http://sink.test/image.png';
        const frame = document.createElement('iframe');
        frame.src = 'http://sink.test/frame';
        document.body.append(frame);
        window.open('http://sink.test/popup');
      }
      const settled = await Promise.allSettled(attempts);
      return settled.map(({ status }) => status);
    };
    const worker = studio.page.workers().find((each) => each.url().includes('trainer'));
    const outcomes = where === 'page' ? await studio.page.evaluate(attempt) : await worker!.evaluate(attempt);
    expect(outcomes).toEqual(['rejected', 'rejected', 'rejected', 'rejected']);
    await studio.page.waitForTimeout(1500);
    expect(sink.arrivals).toEqual([]);
  });

  it('would have been seen by the sink', async () => {
    const page = await browser.context.newPage();
    await page.goto('data:text/html,<img src="http://sink.test/control">');
    await expect.poll(() => sink.arrivals.length, { timeout: 10_000 }).toBeGreaterThan(0);
    expect(sink.arrivals[0]).toContain('sink.test/control');
    await page.close();
  });
});
