// @vitest-environment happy-dom
import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { checkpoint, dataset, ready, run, step, storage } from '../records';
import { failure } from '../scripted';
import { openStudio, painted, withLayout } from './screen';

withLayout();

const button = (name: string | RegExp) => screen.getByRole('button', { name });
const press = (key: string, target: Element = document.body) =>
  act(async () => void fireEvent.keyDown(target, { key }));

describe('Home', () => {
  it('trains the starter in one click and shows the run', async () => {
    const { trainer } = await openStudio('#/');
    expect(screen.getByText(/starter policy · 1.2 M parameters/)).toBeTruthy();
    await act(async () => fireEvent.click(button('Train')));
    expect(trainer().types()).toContain('start');
    await waitFor(() => expect(location.hash).toBe('#/train'));
    await painted();
    expect(button(/^Pause/)).toBeTruthy();
  });

  it('offers the newest stored checkpoint', async () => {
    const { tell, trainer } = await openStudio('#/');
    await tell({
      type: 'checkpoints',
      checkpoints: [checkpoint(5), checkpoint(9), checkpoint(12, { deleted: true })],
      storage,
    });
    expect(screen.getByText(/is stored at step 9/)).toBeTruthy();
    await act(async () => fireEvent.click(button('Resume')));
    expect(trainer().commands.at(-1)).toEqual({ type: 'resume-checkpoint', id: 'checkpoint-9' });
  });

  it('is never blank: without a trainer it says what to do', async () => {
    await openStudio('#/', {
      hello: () => {
        throw failure({
          boundary: 'device',
          code: 'no-backend',
          message: 'No backend could be started.',
          action: 'Update the browser.',
        });
      },
    });
    expect(screen.getByText('The trainer did not start.')).toBeTruthy();
    expect(screen.getByRole('alert').textContent).toContain(
      'No backend could be started.Update the browser.',
    );
    expect((button('Train') as HTMLButtonElement).disabled).toBe(true);
    expect(button('Try again')).toBeTruthy();
  });

  it('says that it is read-only while another tab trains', async () => {
    await openStudio('#/', { hello: () => ({ ...ready, holdsLock: false }) });
    expect(screen.getByText('Read-only.')).toBeTruthy();
    expect(screen.getByText('Another tab holds the trainer.')).toBeTruthy();
    expect((button('Train') as HTMLButtonElement).disabled).toBe(true);
  });

  it('keeps the promise in sight', async () => {
    await openStudio('#/');
    expect(
      screen.getByText('Runs on your machine. No upload. Research only — not for clinical use.'),
    ).toBeTruthy();
  });
});

describe('the frame', () => {
  it('goes to screens by key, and not while typing', async () => {
    await openStudio('#/');
    await press('g');
    await press('d');
    await waitFor(() => expect(location.hash).toBe('#/data'));
    await press('g');
    await press('r');
    await waitFor(() => expect(location.hash).toBe('#/train'));
    await painted();
    const name = screen.getByLabelText('Name');
    await press('g', name);
    await press('k', name);
    expect(location.hash).toBe('#/train');
  });

  it('pauses, continues and steps by key', async () => {
    const { tell, trainer } = await openStudio('#/train');
    await tell({ type: 'run', run: run() });
    await press(' ');
    expect(trainer().types().at(-1)).toBe('pause');
    await tell({ type: 'run', run: run({ status: 'paused' }) });
    trainer().script['single-step'] = () => run();
    await press('.');
    expect(trainer().types().at(-1)).toBe('single-step');
    const paused = trainer().commands.length;
    await press(' ', button(/^Stop/)); // Space on a button presses that button
    expect(trainer().commands.length).toBe(paused);
  });

  it('lists the keys it binds', async () => {
    await openStudio('#/');
    await press('?');
    const sheet = screen.getByRole('dialog');
    expect(within(sheet).getByText('Pause or continue the run')).toBeTruthy();
    expect(within(sheet).getByText('Next rollout of the group')).toBeTruthy();
  });

  it('titles the tab with progress and reward', async () => {
    const { tell } = await openStudio('#/');
    expect(document.title).toBe('CRPO Studio');
    await tell(
      { type: 'run', run: run() },
      { type: 'step', runId: 'run-1', record: step(3, { reward: 0.62 }) },
    );
    expect(document.title).toBe('30% · 0.62');
    await tell({ type: 'run', run: run({ status: 'paused', step: 3 }) });
    expect(document.title).toBe('30% · 0.62 (paused)');
  });

  it('shows an error with its place and action, and keeps it in the panel', async () => {
    const { tell } = await openStudio('#/');
    const error = {
      boundary: 'data',
      code: 'bad-line',
      message: 'Line 3 is no JSON.',
      action: 'Mend it.',
      file: 'a.jsonl',
      line: 3,
      column: 7,
    } as const;
    await tell({ type: 'fault', runId: null, error });
    expect(screen.getByRole('alert').textContent).toContain('a.jsonl, line 3, column 7');
    await act(async () =>
      fireEvent.click(within(screen.getByRole('alert')).getByRole('button', { name: 'Close' })),
    );
    expect(screen.getByRole('alert').textContent).toBe('');
    await act(async () => fireEvent.click(button('1 problem')));
    expect(screen.getByRole('region', { name: 'Problems' }).textContent).toContain('Mend it.');
  });

  it('asks before a run is replaced', async () => {
    const { session, tell } = await openStudio('#/train');
    await tell({ type: 'run', run: run({ step: 4 }) });
    let started: Promise<boolean> | null = null;
    await act(async () => {
      started = session.train();
      session.state();
    });
    expect(screen.getByRole('dialog').textContent).toContain('ends "brisk-heron" at step 4 of 10');
    await act(async () =>
      fireEvent.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Cancel' })),
    );
    expect(await started).toBe(false);
  });
});

describe('Data', () => {
  const rows = ({ from, to }: { from: number; to: number }) =>
    Array.from({ length: to - from }, (_, at) => ({
      index: from + at,
      case: {
        id: `case-${from + at}`,
        line: from + at + 1,
        question: `Question ${from + at}\u202e?`,
        options: { A: 'a', B: 'b' },
        answer: 'B',
      },
      prompt: `Prompt of ${from + at}`,
      promptTokens: 700,
      tooLong: true,
    }));

  it('holds only the visible rows of 100,000 and says how many there are', async () => {
    const { addDataset, datasetWorkers } = await openStudio('#/data', {}, { rows });
    await addDataset(dataset({ rows: 100_000 }));
    const grid = screen.getByRole('grid');
    await waitFor(() => expect(within(grid).getByText('case-3')).toBeTruthy());
    expect(grid.getAttribute('aria-rowcount')).toBe('100001');
    expect(within(grid).getAllByRole('row').length).toBeLessThan(40);
    const asked = datasetWorkers[0]!.commands.filter(
      (command) => command.type === 'rows' && command.datasetId === 'data-1',
    );
    expect(asked.length).toBe(1);
    expect(screen.getByText('Prompt of 0')).toBeTruthy();
    expect(screen.getByText(/700 of 512 tokens/)).toBeTruthy();
    expect(screen.getByText('too long: left out of a run')).toBeTruthy();
    expect(within(grid).getByText('Question 3⟨202E⟩?')).toBeTruthy();
  });

  it('moves through rows by key', async () => {
    const { addDataset } = await openStudio('#/data', {}, { rows });
    await addDataset(dataset({ rows: 100_000 }));
    const grid = screen.getByRole('grid');
    await waitFor(() => expect(screen.getByText('Prompt of 0')).toBeTruthy());
    await press('ArrowDown', grid);
    await press('j', grid);
    await press('j');
    expect(screen.getByText('Prompt of 3')).toBeTruthy();
    await press('Home', grid);
    expect(screen.getByText('Prompt of 0')).toBeTruthy();
    expect(grid.getAttribute('aria-activedescendant')).toMatch(/-0$/);
  });

  it('lists bad lines with line, column and excerpt, and skips them on request', async () => {
    const bad = dataset({
      badLines: 2,
      issueCounts: { 'not JSON': 2 },
      issues: [
        {
          line: 812,
          column: 47,
          byteOffset: 9,
          kind: 'not JSON',
          message: 'Unexpected end.',
          excerpt: '{"question": "A 23',
        },
      ],
    });
    const { addDataset, datasetWorkers } = await openStudio(
      '#/data',
      {},
      { rows, 'skip-bad-lines': () => ({ ...bad, badLinesSkipped: true }) },
    );
    await addDataset(bad);
    expect(screen.getByText('line 812, column 47')).toBeTruthy();
    expect(screen.getByText('{"question": "A 23')).toBeTruthy();
    expect(screen.getByText('2 bad').parentElement?.textContent).toBe('60 ok · 2 bad · 0 repaired');
    await act(async () => fireEvent.click(screen.getByRole('checkbox', { name: /Skip bad lines/ })));
    expect(datasetWorkers[0]!.commands.at(-1)).toEqual({
      type: 'skip-bad-lines',
      datasetId: 'data-1',
      skip: true,
    });
    await waitFor(() => expect((screen.getByRole('checkbox') as HTMLInputElement).checked).toBe(true));
  });

  it('shows an import and cancels it', async () => {
    const { store, datasetWorkers } = await openStudio('#/data', {}, { rows });
    const event = {
      type: 'progress',
      name: 'large.jsonl',
      bytes: 50,
      totalBytes: 200,
      rows: 7,
      badLines: 1,
    } as const;
    await act(async () => {
      store.dispatch({ type: 'dataset-news', event });
      store.snapshot();
    });
    expect(
      screen.getByRole('progressbar', { name: 'Reading large.jsonl' }).getAttribute('aria-valuenow'),
    ).toBe('25');
    await act(async () => fireEvent.click(button('Cancel')));
    expect(datasetWorkers[0]!.types().at(-1)).toBe('cancel');
  });
});

describe('Checkpoints', () => {
  it('lists, resumes with a new total, and undoes a deletion', async () => {
    const { tell, trainer } = await openStudio('#/checkpoints');
    await tell({
      type: 'checkpoints',
      checkpoints: [checkpoint(5), checkpoint(2, { deleted: true })],
      storage: { ...storage, trashBytes: 5e6 },
    });
    expect(screen.getByText('⚑ 5')).toBeTruthy();
    expect(screen.getByRole('region', { name: 'Trash' }).textContent).toContain('5 MB');
    fireEvent.change(screen.getByLabelText('until step'), { target: { value: '5' } });
    expect((button('Resume') as HTMLButtonElement).disabled).toBe(true); // not after step 5
    fireEvent.change(screen.getByLabelText('until step'), { target: { value: '20' } });
    await act(async () => fireEvent.click(button('Delete step 5 of brisk-heron')));
    await act(async () => fireEvent.click(button('Undo')));
    expect(trainer().commands.slice(-2)).toEqual([
      { type: 'delete-checkpoint', id: 'checkpoint-5' },
      { type: 'restore-checkpoint', id: 'checkpoint-5' },
    ]);
    await act(async () => fireEvent.click(button('Resume')));
    expect(trainer().commands.at(-1)).toEqual({ type: 'resume-checkpoint', id: 'checkpoint-5', steps: 20 });
  });

  it('tells lost data everywhere', async () => {
    const { tell } = await openStudio('#/');
    const lost = { boundary: 'storage', code: 'data-lost', message: 'Stored checkpoints are gone.' } as const;
    await tell({ type: 'checkpoints', checkpoints: [], storage: { ...storage, lost } });
    expect(screen.getByText('Stored checkpoints are gone.')).toBeTruthy();
  });
});
