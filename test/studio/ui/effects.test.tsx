// @vitest-environment happy-dom
import { act, fireEvent, screen, waitFor } from '@testing-library/react';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { run, step } from '../records';
import { openStudio, withLayout } from './screen';

withLayout();
afterEach(() => {
  vi.useRealTimers();
  setHidden(false);
});

function setHidden(hidden: boolean) {
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
}

const hide = (hidden: boolean) =>
  act(async () => {
    setHidden(hidden);
    document.dispatchEvent(new Event('visibilitychange'));
  });

describe('while a run is on', () => {
  it('keeps the screen awake as long as it trains and is looked at', async () => {
    const release = vi.fn(async () => {});
    const request = vi.fn(async () => ({ release }));
    vi.stubGlobal('navigator', Object.assign(Object.create(navigator), { wakeLock: { request } }));
    const { tell } = await openStudio('#/');
    expect(request).not.toHaveBeenCalled();
    await tell({ type: 'run', run: run() });
    expect(request).toHaveBeenCalledTimes(1);
    await hide(true);
    expect(request).toHaveBeenCalledTimes(1);
    await hide(false); // the browser let go of it meanwhile
    expect(request).toHaveBeenCalledTimes(2);
    await tell({ type: 'run', run: run({ status: 'paused' }) });
    expect(release).toHaveBeenCalledTimes(1);
  });

  it('asks once for storage that stays, and saves when the page is hidden', async () => {
    const persist = vi.fn(async () => true);
    vi.stubGlobal('navigator', Object.assign(Object.create(navigator), { storage: { persist } }));
    const { tell, trainer } = await openStudio('#/');
    await tell({ type: 'run', run: run() });
    await tell({ type: 'step', runId: 'run-1', record: step(1) });
    expect(persist).toHaveBeenCalledTimes(1);
    await hide(true);
    expect(trainer().types().at(-1)).toBe('page-hidden');
  });

  it('speaks at most every ten seconds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const { tell } = await openStudio('#/');
    const live = document.querySelector('[aria-live=polite]')!;
    await tell({ type: 'run', run: run() }, { type: 'step', runId: 'run-1', record: step(1) });
    await act(async () => void vi.advanceTimersByTime(0));
    expect(live.textContent).toContain('Run brisk-heron running, step 1 of 10. Reward 1.00.');
    await tell({ type: 'step', runId: 'run-1', record: step(2) });
    await act(async () => void vi.advanceTimersByTime(9000));
    expect(live.textContent).toContain('step 1');
    await tell({ type: 'step', runId: 'run-1', record: step(3) });
    await act(async () => void vi.advanceTimersByTime(1000));
    expect(live.textContent).toContain('step 3');
  });
});

describe('the window', () => {
  const transfer = (file: File) => ({
    types: ['Files'],
    items: [{ kind: 'file', webkitGetAsEntry: () => null, getAsFile: () => file }],
  });
  const send = (type: string, dataTransfer: object) =>
    act(async () => {
      window.dispatchEvent(Object.assign(new Event(type, { cancelable: true }), { dataTransfer }));
    });

  it('takes a dropped file anywhere, and says beforehand what it takes', async () => {
    const { session } = await openStudio('#/');
    const dropped = transfer(new File(['{"question":"?"}\n'], 'dropped.jsonl'));
    await send('dragenter', dropped);
    expect(screen.getByText('Drop to open. It stays on this machine.')).toBeTruthy();
    await send('drop', dropped);
    expect(screen.queryByText('Drop to open. It stays on this machine.')).toBeNull();
    await waitFor(() => expect(session.state().datasetId).toBe('dropped.jsonl'));
  });

  it('takes no part in dragging a selection of text', async () => {
    await openStudio('#/');
    await send('dragenter', { types: ['text/plain'], items: [] });
    expect(screen.queryByText('Drop to open. It stays on this machine.')).toBeNull();
  });

  it('takes pasted lines, but not while one types', async () => {
    const { session } = await openStudio('#/train');
    const paste = (target: EventTarget) =>
      act(async () => {
        const clipboardData = { files: [], getData: () => '{"question":"?"}\n' };
        target.dispatchEvent(Object.assign(new Event('paste', { bubbles: true }), { clipboardData }));
      });
    await paste(screen.getByLabelText('Name'));
    expect(session.state().datasetId).toBe('starter-cases.jsonl');
    await paste(document.body);
    await waitFor(() => expect(session.state().datasetId).toBe('pasted.jsonl'));
  });
});

describe('the theme', () => {
  it('goes round and is remembered', async () => {
    await openStudio('#/');
    expect(document.documentElement.dataset.theme).toBeUndefined();
    await act(async () => void fireEvent.click(screen.getByRole('button', { name: /Theme: auto/ })));
    expect(document.documentElement.dataset.theme).toBe('light');
    await act(async () => void fireEvent.click(screen.getByRole('button', { name: /Theme: light/ })));
    expect([document.documentElement.dataset.theme, localStorage.getItem('crpo-theme')]).toEqual([
      'dark',
      'dark',
    ]);
  });
});
