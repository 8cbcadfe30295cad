// @vitest-environment happy-dom
import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import {
  comparison,
  estimate,
  evaluatedCase,
  evaluation,
  pausedEvaluation,
  progress,
  proportion,
  result,
  sample,
  unparsableSample,
  wrongSample,
} from '../evaluation-records';
import { checkpoint, config, dataset, ready, run, scored, storage } from '../records';
import { failure } from '../scripted';
import { openStudio, painted, withLayout } from './screen';

withLayout();

const button = (name: string | RegExp) => screen.getByRole('button', { name }) as HTMLButtonElement;
const click = (element: HTMLElement) => act(async () => void fireEvent.click(element));
const press = (key: string, target: Element = document.body) =>
  act(async () => void fireEvent.keyDown(target, { key }));
const change = (element: Element, value: string) =>
  act(async () => void fireEvent.change(element, { target: { value } }));
const region = (name: string) => screen.getByRole('region', { name });
/** Text of each row of a table's body. */
const rowsOf = (name: string) =>
  within(region(name))
    .getAllByRole('row')
    .map((row) => [...row.children].map((cell) => cell.textContent));
const stored = (...list: ReturnType<typeof evaluation>[]) => ({ 'list-evaluations': () => list });

describe('a new evaluation', () => {
  it('is greedy on the starter’s held-out cases unless something else is asked for', async () => {
    const { trainer } = await openStudio('#/evaluate', {
      ...stored(),
      'start-evaluation': () => evaluation(),
    });
    expect(screen.getByText('Nothing evaluated yet')).toBeTruthy();
    expect((screen.getByRole('checkbox', { name: /starter-heldout/ }) as HTMLInputElement).checked).toBe(
      true,
    );
    expect((screen.getByRole('checkbox', { name: /starter-cases/ }) as HTMLInputElement).checked).toBe(false);
    expect((screen.getByLabelText('Temperature') as HTMLInputElement).disabled).toBe(true);
    expect(screen.getByText(/Accuracy 10, Format 1, Language 0.5/)).toBeTruthy();
    await change(screen.getByLabelText('First cases of starter-heldout.jsonl'), '16');
    await click(button('Evaluate'));
    expect(trainer().commands.at(-1)).toEqual({
      type: 'start-evaluation',
      request: {
        policy: { kind: 'current' },
        datasets: [{ datasetId: 'starter-heldout.jsonl', part: 'all', limit: 16 }],
        samples: 1,
        temperature: config.sampling.temperature,
        config: ready.defaults,
      },
    });
    expect(screen.getByText('75.0 % [50.5, 89.8]')).toBeTruthy();
  });

  it('takes parts of datasets, several samples, and a checkpoint', async () => {
    const split = { ...config, data: { heldOutFraction: 0.25, splitSeed: 1 } };
    const { trainer, addDataset, tell } = await openStudio('#/checkpoints', {
      ...stored(),
      hello: () => ({ ...ready, defaults: split }),
      'start-evaluation': () => evaluation(),
    });
    await addDataset(dataset({ name: 'mine.jsonl', rows: 60 }));
    await tell({ type: 'checkpoints', checkpoints: [checkpoint(5), checkpoint(9)], storage });
    await click(screen.getAllByRole('button', { name: 'Evaluate' })[1]!); // newest first: step 5
    await waitFor(() => expect(location.hash).toBe('#/evaluate'));
    await painted();
    await change(screen.getByLabelText('Part of mine.jsonl'), 'held-out');
    await change(screen.getByLabelText('First cases of mine.jsonl'), '');
    await click(screen.getByRole('checkbox', { name: /starter-cases/ }));
    await change(screen.getByLabelText('First cases of starter-cases.jsonl'), '5');
    await change(screen.getByLabelText('Samples per case'), '4');
    await change(screen.getByLabelText('Temperature'), '0.7');
    // A quarter of 60 and 5 more, four times each.
    expect(screen.getByText(/up to 20 cases × 4 = 80 completions/)).toBeTruthy();
    await click(button('Evaluate'));
    expect(trainer().commands.at(-1)).toMatchObject({
      request: {
        policy: { kind: 'checkpoint', id: 'checkpoint-5' },
        datasets: [
          { datasetId: 'starter-cases.jsonl', part: 'all', limit: 5 },
          { datasetId: 'data-1', part: 'held-out', limit: null },
        ],
        samples: 4,
        temperature: 0.7,
      },
    });
  });

  it('says what is missing', async () => {
    const { tell } = await openStudio('#/evaluate', stored());
    const limit = screen.getByLabelText('First cases of starter-heldout.jsonl');
    await change(limit, '1.5');
    expect(screen.getByText('The first cases: a whole number, or empty for all.')).toBeTruthy();
    expect(limit.getAttribute('aria-invalid')).toBe('true');
    await change(limit, '');
    expect(screen.getByText(/^all of starter-heldout.jsonl; the time is estimated/)).toBeTruthy();
    await change(screen.getByLabelText('Samples per case'), '65');
    expect(screen.getByText('Samples per case: 1 to 64.')).toBeTruthy();
    await change(screen.getByLabelText('Samples per case'), '2');
    await change(screen.getByLabelText('Temperature'), '0');
    expect(screen.getByText('The temperature must be above 0.')).toBeTruthy();
    await change(screen.getByLabelText('Temperature'), '1');
    expect(button('Evaluate').disabled).toBe(false);
    await tell({ type: 'run', run: run({ status: 'paused' }) });
    expect(screen.getByText('A run is active: stop it first, or wait until it ends.')).toBeTruthy();
    expect(button('Evaluate').disabled).toBe(true);
    await tell({ type: 'run', run: run({ status: 'finished' }) });
    await click(screen.getByRole('checkbox', { name: /starter-heldout/ }));
    expect(screen.getByText('Choose a dataset.')).toBeTruthy();
  });

  it('keeps the reason of a failure beside it', async () => {
    await openStudio('#/evaluate', {
      ...stored(),
      'start-evaluation': () => {
        throw failure({ code: 'policy-gone', message: 'The weights are gone.', action: 'Load them.' });
      },
    });
    await click(button('Evaluate'));
    expect(region('New evaluation').textContent).toContain('The weights are gone.Load them.');
  });
});

describe('the evaluation at work', () => {
  it('shows how far, how fast and how well, and pauses', async () => {
    const list = stored(evaluation({ status: 'running', progress: progress(0), results: [] }));
    const { tell, trainer } = await openStudio('#/evaluate', { ...list, 'pause-evaluation': () => null });
    await tell({ type: 'evaluation-progress', progress: progress(4, { elapsedMs: 9000 }) });
    await waitFor(() => expect(region('At work').textContent).toContain('4 of 16 cases'));
    const atWork = region('At work');
    expect(atWork.textContent).toContain('50.0 % correct so far (2 of 4 completions)');
    expect(atWork.textContent).toContain('17.8 tokens/s'); // 160 in 9 s
    expect(atWork.textContent).toContain('estimating the time…');
    expect(within(atWork).getByRole('progressbar').getAttribute('aria-valuenow')).toBe('25');
    expect(document.title).toBe('25% evaluated');
    expect(region('Evaluations').textContent).toContain('4 of 16 cases');
    await tell(
      { type: 'evaluation-progress', progress: progress(8, { elapsedMs: 11_000 }) },
      { type: 'evaluation-progress', progress: progress(12, { elapsedMs: 13_000 }) },
    );
    await waitFor(() => expect(region('At work').textContent).toContain('about 2 s left')); // 4 at 2 s / 4
    await click(button('Pause'));
    expect(trainer().types().at(-1)).toBe('pause-evaluation');
    await tell({ type: 'evaluations', evaluations: [pausedEvaluation()] });
    await waitFor(() => expect(screen.queryByRole('region', { name: 'At work' })).toBeNull());
  });
});

describe('stored evaluations', () => {
  it('resume, and are deleted after a question', async () => {
    const { trainer } = await openStudio('#/evaluate', {
      ...stored(pausedEvaluation(), evaluation({ id: 'evaluation-2', name: 'base' })),
      'resume-evaluation': () => evaluation(),
      'delete-evaluation': () => null,
    });
    await click(button('Resume'));
    expect(trainer().commands.at(-1)).toEqual({ type: 'resume-evaluation', id: 'evaluation-1' });
    expect(screen.queryByRole('button', { name: 'Resume' })).toBeNull();
    await click(button('Delete base'));
    const dialog = screen.getByRole('dialog');
    expect(dialog.textContent).toContain('will be gone for good');
    await click(within(dialog).getByRole('button', { name: 'Delete' }));
    expect(trainer().commands.at(-1)).toEqual({ type: 'delete-evaluation', id: 'evaluation-2' });
    expect(screen.queryByText('base')).toBeNull();
  });

  it('are reached by key, and listed once', async () => {
    const { trainer } = await openStudio('#/', stored(evaluation()));
    await press('g');
    await press('e');
    await waitFor(() => expect(location.hash).toBe('#/evaluate'));
    await painted();
    expect(screen.getByRole('link', { name: 'brisk-heron step 40' })).toBeTruthy();
    expect(
      trainer()
        .types()
        .filter((type) => type === 'list-evaluations'),
    ).toHaveLength(1);
  });
});

describe('one evaluation', () => {
  const cases = [
    evaluatedCase(0, sample(), sample()),
    evaluatedCase(1, sample(), wrongSample()),
    evaluatedCase(2, unparsableSample(), unparsableSample()),
  ];
  const script = {
    'evaluation-cases': ({ from, to }: { from: number; to: number }) => cases.slice(from, to),
    'export-evaluation': () => {
      throw failure({ code: 'cancelled', message: 'Not now.' });
    },
  };
  const small = evaluation({
    samples: 2,
    progress: progress(3, { total: 3 }),
    datasets: [{ datasetId: 'data-1', part: 'all', limit: null, name: 'heldout.jsonl', cases: 3 }],
    results: [
      result({
        samplesPerCase: 2,
        accuracy: proportion(3, 6, { wilson: null }),
        passAt: [
          { k: 1, estimate: estimate(0.5, 0.2, 0.8, 3) },
          { k: 2, estimate: estimate(0.667, 0.3, 1, 3) },
        ],
        outcomes: { 'no-box': 2, valid: 4 },
      }),
    ],
  });
  const open = (hash = '#/evaluate/evaluation-1') => openStudio(hash, { ...script, ...stored(small) });

  it('shows every figure with its interval, and says which it is', async () => {
    await open();
    const accuracy = region('Accuracy');
    expect(accuracy.textContent).toContain('50.0 % 3/6bootstrap[50.0, 93.8]');
    expect(within(accuracy).getAllByTitle(/Percentile bootstrap/)).toHaveLength(2);
    expect(accuracy.textContent).toContain('80.0 % 12/15Wilson[50.5, 89.8]');
    expect(within(accuracy).getAllByTitle(/Wilson score/)).toHaveLength(1);
    expect(
      rowsOf('Accuracy')
        .slice(1)
        .map((row) => [row[0], row[2], row[3]]),
    ).toEqual([
      ['● pass@1', '50.0 % [20.0, 80.0]', '3'],
      ['● pass@2', '66.7 % [30.0, 100.0]', '3'],
      ['■ maj@1', '75.0 % [50.0, 94.0]', '16'],
    ]);
    expect(
      rowsOf('Objectives')
        .slice(1)
        .map((row) => [row[0], row[2]]),
    ).toEqual([
      ['● Accuracy', '0.75 [0.50, 0.94]'],
      ['◆ Format', '1.20 [1.00, 1.40]'],
      ['✚ Language', 'does not apply'],
      ['◇ Reward', '8.70 [6.10, 10.90]'],
    ]);
    expect(rowsOf('Per response').slice(1)).toEqual([
      ['Case findings cited', '2.50 [2.10, 2.90]', 'CECD (Clinical-R1, judge model)'],
      ['Tokens', '41.5 [38.0, 45.0]', '–'],
      ['Cut at the token limit', '1/16 · 6.3 % [50.5, 89.8]', '–'],
    ]);
    expect(
      rowsOf('Slices')
        .slice(1)
        .map((row) => [row[0], row.at(-1)]),
    ).toEqual([
      ['specialty', 'specialty'],
      ['neurology', '9'],
      ['urology', '7'],
    ]);
  });

  it('draws point and whisker to scale', async () => {
    await open();
    const drawn = within(region('Slices')).getAllByRole('row', { hidden: true })[2]!;
    // 8 of 9, and the line of all cases at 3 of 6.
    expect(drawn.querySelector('[class*=point]')?.getAttribute('style')).toContain('left: 88.88');
    expect(drawn.querySelector('[class*=whisker]')?.getAttribute('style')).toContain('left: 50.5%');
    expect(drawn.querySelector('[class*=reference]')?.getAttribute('style')).toContain('left: 50%');
  });

  it('shows the letters as bars and as a table, and failures after what is valid', async () => {
    await open();
    expect(
      rowsOf('Answers')
        .slice(1, 3)
        .map((row) => row.slice(0, 2)),
    ).toEqual([
      ['a valid answer', '4'],
      ['no box', '2'],
    ]);
    expect(screen.getByRole('figure', { name: /gold letters/ }).textContent).toContain('50 % → 80 %');
    await click(screen.getByRole('radio', { name: 'table' }));
    expect(rowsOf('Answers').at(-1)).toEqual(['B', '8 cases · 50.0 %', '3 completions · 20.0 %']);
  });

  it('narrows its cases to what went wrong, by filter and by text', async () => {
    await open();
    const grid = await screen.findByRole('grid', { name: 'Evaluated cases' });
    await waitFor(() => expect(grid.getAttribute('aria-rowcount')).toBe('4'));
    expect(within(grid).getAllByRole('row')[2]!.textContent).toContain('case-1A✓A✗B1/2');
    const count = (name: RegExp) => screen.getByRole('radio', { name }).closest('label')!.textContent;
    expect([/^all/, /^wrong/, /^unparsable/, /^disagreeing/].map(count)).toEqual([
      'all 3',
      'wrong 2',
      'unparsable 1',
      'disagreeing 1',
    ]);
    await click(screen.getByRole('radio', { name: 'unparsable 1' }));
    expect(location.search).toBe('?cases=unparsable');
    expect(screen.getByRole('grid').getAttribute('aria-rowcount')).toBe('2');
    await change(screen.getByLabelText('Filter by text'), 'Question 1');
    await waitFor(() => expect(screen.getByText('No case matches')).toBeTruthy());
  });

  it('forgets a filter that does not fit one completion per case', async () => {
    history.replaceState(null, '', '/?cases=disagreeing');
    const one = { ...small, samples: 1 };
    await openStudio('#/evaluate/evaluation-1', { ...script, ...stored(one) });
    const grid = await screen.findByRole('grid', { name: 'Evaluated cases' });
    await waitFor(() => expect(grid.getAttribute('aria-rowcount')).toBe('4'));
    expect(screen.queryByRole('radio', { name: /^disagreeing/ })).toBeNull();
  });

  it('opens a case by key, walks its samples, and shows the evidence of an objective', async () => {
    const { scorers } = await openStudio(
      '#/evaluate/evaluation-1',
      { ...script, ...stored(small) },
      {},
      { score: () => scored() },
    );
    await screen.findByRole('grid', { name: 'Evaluated cases' });
    await press('j');
    await press('j');
    await waitFor(() => expect(location.hash).toBe('#/evaluate/evaluation-1/0/1'));
    const opened = await screen.findByRole('region', { name: 'Case case-1' });
    expect(opened.textContent).toContain('Question 1?');
    expect(within(opened).getByRole('region', { name: 'Completion' }).textContent).toContain('answers A');
    await press('l');
    expect(within(opened).getByRole('region', { name: 'Completion' }).textContent).toContain('answers B');
    expect(scorers).toHaveLength(0); // nobody asked why
    await press('h');
    await press('1');
    await waitFor(() => expect(within(opened).getByText('the gold letter: 1')).toBeTruthy());
    expect(scorers[0]!.commands[0]).toMatchObject({
      input: { completion: sample().completion, eos: '<|im_end|>', length: { tokens: 20, limit: 64 } },
      rewards: config.rewards,
    });
    await press('Escape');
    await waitFor(() => expect(location.hash).toBe('#/evaluate/evaluation-1/0'));
    await press('Escape');
    await waitFor(() => expect(location.hash).toBe('#/evaluate'));
  });

  it('saves each format, the sample log of one dataset', async () => {
    const { trainer } = await open();
    for (const name of ['JSON', 'CSV', 'lm-eval samples']) await click(button(name));
    const exports = trainer().commands.filter(({ type }) => type === 'export-evaluation');
    expect(exports).toMatchObject([
      { id: 'evaluation-1', format: 'json', dataset: null },
      { format: 'csv', dataset: null },
      { format: 'lm-eval', dataset: 0 },
    ]);
  });

  it('shows the cases of a paused one, and more as they come', async () => {
    const half = pausedEvaluation({ progress: progress(1, { total: 3 }), datasets: small.datasets });
    const { tell } = await openStudio('#/evaluate/evaluation-1', { ...script, ...stored(half) });
    const grid = await screen.findByRole('grid', { name: 'Evaluated cases' });
    expect(grid.getAttribute('aria-rowcount')).toBe('2');
    expect(screen.getByText(/The figures appear when all 3 cases are through/)).toBeTruthy();
    await tell({ type: 'evaluations', evaluations: [{ ...half, status: 'running' }] });
    await tell({ type: 'evaluation-progress', progress: progress(3, { total: 3 }) });
    await waitFor(() => expect(screen.getByRole('grid').getAttribute('aria-rowcount')).toBe('4'));
  });

  it('says so when it is not here', async () => {
    await open('#/evaluate/another');
    expect(screen.getByText('This evaluation is not in this browser')).toBeTruthy();
  });
});

describe('two evaluations', () => {
  const base = evaluation({ id: 'evaluation-0', name: 'base' });
  const cases: Record<string, ReturnType<typeof evaluatedCase>[]> = {
    'evaluation-0': Array.from({ length: 16 }, (_, at) => evaluatedCase(at, wrongSample())),
    'evaluation-1': Array.from({ length: 16 }, (_, at) => evaluatedCase(at)),
  };
  const script = {
    'compare-evaluations': () => comparison(),
    'evaluation-cases': ({
      result: { id },
      from,
      to,
    }: {
      result: { id: string };
      from: number;
      to: number;
    }) => cases[id]!.slice(from, to),
  };
  const both = '#/evaluate/compare/evaluation-0/0/evaluation-1/0';

  it('are chosen from one of them', async () => {
    const { trainer } = await openStudio('#/evaluate/evaluation-1', {
      ...script,
      ...stored(evaluation(), base),
    });
    await change(screen.getByLabelText(/Compare with an earlier result/), '0');
    await waitFor(() => expect(location.hash).toBe(both));
    expect(trainer().commands.find(({ type }) => type === 'compare-evaluations')).toEqual({
      type: 'compare-evaluations',
      first: { id: 'evaluation-0', dataset: 0 },
      second: { id: 'evaluation-1', dataset: 0 },
    });
    await click(button('Swap'));
    await waitFor(() => expect(location.hash).toBe('#/evaluate/compare/evaluation-1/0/evaluation-0/0'));
  });

  it('or by choosing one: the other is on the same dataset', async () => {
    const elsewhere = evaluation({ id: 'x', results: [result({ datasetId: 'data-9' })] });
    await openStudio('#/evaluate/compare', { ...script, ...stored(elsewhere, evaluation(), base) });
    expect(screen.getByText('Choose two results')).toBeTruthy();
    await change(screen.getByLabelText('Baseline'), '0');
    await waitFor(() => expect(location.hash).toBe('#/evaluate/compare/x/0'));
    expect(screen.getByText('Choose two results')).toBeTruthy();
    await change(screen.getByLabelText('Baseline'), '2');
    await waitFor(() => expect(location.hash).toBe(both));
  });

  it('show paired differences, McNemar’s table and what is left out', async () => {
    await openStudio(both, { ...script, ...stored(evaluation(), base) });
    await screen.findByRole('region', { name: 'Differences' });
    expect(screen.getByText(/2 in only one of the two are left out/)).toBeTruthy();
    expect(
      rowsOf('Differences')
        .slice(1)
        .map((row) => [row[0], row[2]]),
    ).toEqual([
      ['● Correct answers, points', '+12.5 [−6.3, +31.3]'],
      ['◇ Reward', '+1.50 [+0.20, +2.80]'],
      ['◆ Format', '−0.10 [−0.30, +0.10]'],
      ['Tokens', '+3.0 [−2.0, +8.0]'],
    ]);
    expect(rowsOf('McNemar').slice(1)).toEqual([
      ['baseline right', '10 both right', '0 regressed'],
      ['baseline wrong', '2 improved', '4 both wrong'],
    ]);
    expect(region('McNemar').textContent).toContain('exact p = 0.500');
    expect(button('0 regressed').disabled).toBe(true);
    expect(screen.getByText(/Same prompts, rewards and decoding/)).toBeTruthy();
  });

  it('open a changed case with both completions', async () => {
    await openStudio(both, { ...script, ...stored(evaluation(), base) });
    const grid = await screen.findByRole('grid', { name: 'improved cases' });
    expect(grid.getAttribute('aria-rowcount')).toBe('3');
    await press('ArrowDown', grid);
    await waitFor(() => expect(location.hash).toBe(`${both}/case-1`));
    const opened = await screen.findByRole('region', { name: 'Case case-1' });
    await waitFor(() => expect(within(opened).getByRole('region', { name: 'Baseline' })).toBeTruthy());
    expect(within(opened).getByRole('region', { name: 'Baseline' }).textContent).toContain('answers B');
    expect(within(opened).getByRole('region', { name: 'Against it' }).textContent).toContain('answers A');
    await click(screen.getByRole('radio', { name: /^regressed/ }));
    expect(screen.getByText('No case regressed')).toBeTruthy();
  });

  it('say what differs besides the policy', async () => {
    const other = evaluation({
      id: 'evaluation-0',
      samples: 4,
      config: {
        ...config,
        rewards: { ...config.rewards, weights: { accuracy: 5, format: 1, language: 0.5 } },
      },
    });
    await openStudio(both, { ...script, ...stored(evaluation(), other) });
    const items = await screen.findAllByRole('listitem');
    expect(items.map(({ textContent }) => textContent)).toEqual([
      'Decoding: 4 at 1 → greedy',
      'Weight of accuracy: 5 → 10',
    ]);
  });

  it('say why they cannot be compared', async () => {
    await openStudio(both, {
      ...stored(evaluation(), base),
      'compare-evaluations': () => {
        throw failure({ code: 'nothing-to-compare', message: 'They share no case.' });
      },
    });
    expect(await screen.findByText('They share no case.')).toBeTruthy();
    expect(screen.queryByRole('grid')).toBeNull();
  });
});

describe('results made elsewhere', () => {
  const pick = (file: File) =>
    act(
      async () =>
        void fireEvent.change(screen.getByLabelText('Import .jsonl…', { selector: 'input' }), {
          target: { files: [file] },
        }),
    );

  it('are scored, counted and listed, with the lines that were left out', async () => {
    const imported = evaluation({
      id: 'imported',
      name: 'theirs.jsonl',
      policy: { ...evaluation().policy, kind: 'imported' },
    });
    const { trainer, addDataset } = await openStudio('#/evaluate', {
      ...stored(),
      'import-evaluation': () => ({
        evaluation: imported,
        lines: 20,
        completions: 18,
        badLines: 2,
        issues: [{ line: 7, kind: 'unknown-row', message: 'Expected "resps".' }],
        casesWithout: 5,
      }),
    });
    await addDataset(dataset({ name: 'mine.jsonl' }));
    const file = new File(['{}'], 'theirs.jsonl');
    await pick(file);
    expect(trainer().commands.at(-1)).toMatchObject({
      type: 'import-evaluation',
      name: 'theirs.jsonl',
      datasetId: 'data-1',
      part: 'all',
    });
    const panel = region('Results made elsewhere');
    expect(panel.textContent).toContain('20 lines, 18 completions taken, 2 left out');
    expect(panel.textContent).toContain('5 cases of the dataset have no completion');
    expect(panel.textContent).toContain('line 7 Expected "resps".');
    await click(screen.getByRole('link', { name: 'Open the result' }));
    await waitFor(() => expect(location.hash).toBe('#/evaluate/imported/0'));
    expect(screen.getByText('made elsewhere')).toBeTruthy();
  });

  it('say beside the button why none was taken', async () => {
    await openStudio('#/evaluate', {
      ...stored(),
      'import-evaluation': () => {
        throw failure({ code: 'nothing-imported', message: 'No line fits.' });
      },
    });
    await pick(new File(['{}'], 'theirs.jsonl'));
    expect(region('Results made elsewhere').textContent).toContain('No line fits.');
  });
});
