// @vitest-environment happy-dom
import { act, fireEvent, screen, within } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import type { BenchEvent, BenchReport } from '../../../src/protocol';
import { ready } from '../records';
import { openStudio, withLayout } from './screen';

withLayout();

/** The bench worker, spoken for by the test. */
class ScriptedWorker {
  static last: ScriptedWorker;
  readonly posted: { readonly type: string; readonly requestId: number; readonly rows: string }[] = [];
  terminated = false;
  #listeners: ((event: { data: unknown }) => void)[] = [];

  constructor() {
    ScriptedWorker.last = this;
  }
  postMessage(message: ScriptedWorker['posted'][number]): void {
    this.posted.push(message);
  }
  addEventListener(type: string, listener: (event: { data: unknown }) => void): void {
    if (type === 'message') this.#listeners.push(listener);
  }
  terminate(): void {
    this.terminated = true;
  }
  say(event: BenchEvent): Promise<void> {
    return act(async () => {
      for (const listener of this.#listeners) listener({ data: event });
    });
  }
}

const spread = { median: 20, lowest: 18, highest: 25, repeats: 5 };
const report: BenchReport = {
  adapter: 'Some GPU',
  rows: [
    {
      ...{ name: 'training step', backend: 'webgpu', against: 'plain', unit: 'ms', target: 2, problem: null },
      figures: {
        ours: 20,
        baseline: 50,
        ratio: 2.5,
        spread: { ours: spread, baseline: spread },
        difference: 2e-7,
      },
    },
    {
      ...{ name: 'rollout', backend: 'wasm', against: 'plain', unit: 'ms', target: null, figures: null },
      problem: 'engine: not measured',
    },
    {
      ...{
        name: 'bytes moved',
        backend: 'webgpu',
        against: null,
        unit: 'weights',
        target: 1.2,
        problem: null,
      },
      figures: { ours: 1.05, baseline: null, ratio: null, spread: null, difference: null },
    },
  ],
};

async function opened(trainer: Parameters<typeof openStudio>[1] = {}): Promise<void> {
  vi.stubGlobal('Worker', ScriptedWorker);
  await openStudio('#/bench', trainer);
}

const press = (name: string) => act(async () => void fireEvent.click(screen.getByRole('button', { name })));

describe('the benchmark’s screen', () => {
  it('runs, shows rows as they come, and copies them', async () => {
    const writeText = vi.fn(async () => undefined);
    vi.spyOn(navigator, 'clipboard', 'get').mockReturnValue({ writeText } as unknown as Clipboard);
    await opened();
    expect(screen.getByRole('button', { name: 'Copy results' })).toHaveProperty('disabled', true);
    await press('Run');
    const worker = ScriptedWorker.last;
    const { requestId } = worker.posted[0]!;
    await worker.say({ type: 'bench-progress', done: 1, total: 4, measuring: 'rollout wasm plain', report });
    expect(screen.getByText('Measuring 2 of 4: rollout wasm plain')).toBeTruthy();
    expect(screen.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('25');
    await worker.say({ type: 'done', requestId, result: report });
    expect(worker.terminated).toBe(true);
    expect(screen.queryByRole('progressbar')).toBeNull();
    const row = screen.getByRole('row', { name: /^training step/ });
    expect(
      within(row)
        .getAllByRole('cell')
        .map(({ textContent }) => textContent),
    ).toEqual([...['webgpu', '20 ms', '50 ms', '2.5 × (target 2)', '2e-7']]);
    expect(screen.getByRole('row', { name: /^rollout/ }).textContent).toContain('engine: not measured');
    const figure = screen.getByRole('row', { name: /^bytes moved/ });
    expect(
      within(figure)
        .getAllByRole('cell')
        .map(({ textContent }) => textContent),
    ).toEqual(['webgpu', '1.05 weights', '–', 'at most 1.2', '–']);
    await press('Copy results');
    const [text] = writeText.mock.calls[0] as unknown as [string];
    expect(JSON.parse(text)).toMatchObject({ adapter: 'Some GPU', rows: report.rows });
  });

  it('measures few rows where the CPU computes, and all of them when asked to', async () => {
    await opened();
    await press('Run');
    expect(ScriptedWorker.last.posted[0]!.rows).toBe('short');
    await press('Cancel');
    await act(async () => void fireEvent.click(screen.getByRole('radio', { name: 'All rows' })));
    await press('Run');
    expect(ScriptedWorker.last.posted[0]!.rows).toBe('all');
  });

  it('measures all rows on a GPU', async () => {
    const backend = { name: 'webgpu', requested: 'auto', adapter: 'Some GPU', software: false };
    await opened({ hello: () => ({ ...ready, backend: { ...backend, engine: 'fused' } }) });
    await press('Run');
    expect(ScriptedWorker.last.posted[0]!.rows).toBe('all');
  });

  it('stops when it is told to, keeps what was measured, and runs again', async () => {
    await opened();
    await press('Run');
    const first = ScriptedWorker.last;
    await first.say({ type: 'bench-progress', done: 1, total: 4, measuring: 'x', report });
    await press('Cancel');
    expect(first.terminated).toBe(true);
    expect(screen.getByText('Some GPU')).toBeTruthy();
    await first.say({ type: 'bench-progress', done: 2, total: 4, measuring: 'late', report });
    expect(screen.queryByText(/late/)).toBeNull();
    await press('Run');
    expect(ScriptedWorker.last).not.toBe(first);
  });

  it('says what went wrong', async () => {
    await opened();
    await press('Run');
    const worker = ScriptedWorker.last;
    const { requestId } = worker.posted[0]!;
    const error = { boundary: 'device', code: 'x', message: 'The device was lost.' } as const;
    await worker.say({ type: 'failed', requestId, error });
    expect(screen.getByText('The device was lost.').getAttribute('role')).toBe('alert');
    expect(screen.getByRole('button', { name: 'Run' })).toBeTruthy();
  });
});
