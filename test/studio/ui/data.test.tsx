// @vitest-environment happy-dom
import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import type {
  ColumnMapping,
  ColumnReport,
  MappingPreview,
  OverlapReport,
  ReadyReport,
  SplitReport,
} from '../../../src/protocol';
import type { Session } from '../../../src/studio/store/session';
import { dataset, ready } from '../records';
import { failure } from '../scripted';
import { openStudio, withLayout } from './screen';

withLayout();

const button = (name: string | RegExp) => screen.getByRole('button', { name });
const click = (name: string | RegExp) => act(async () => void fireEvent.click(button(name)));
const choose = (label: string, value: string) =>
  act(async () => void fireEvent.change(screen.getByLabelText(label), { target: { value } }));
const view = (name: string) => act(async () => void fireEvent.click(screen.getByRole('radio', { name })));

const file = new Blob(['x']);
const rows = () => [];
const openIn = async (session: { openDataset(name: string, file: Blob): Promise<boolean> }, name: string) =>
  act(async () => {
    await session.openDataset(name, file);
    await new Promise((resolve) => setTimeout(resolve, 5));
  });

const report: ColumnReport = {
  name: 'own.csv',
  container: 'csv',
  fields: ['stem', 'x', 'y', 'gold', 'topic'].map((path) => ({
    path,
    rows: 2,
    examples: [`${path} one`, `${path} two`],
  })),
  rowsLookedAt: 2,
  suggestion: {
    question: 'stem',
    options: { kind: 'fields', fields: ['x', 'y'] },
    answer: null,
    id: null,
    facets: [],
  },
};

const preview: MappingPreview = {
  case: {
    id: '1',
    line: 2,
    question: 'Is it lupus?',
    options: { A: 'Yes', B: 'Never' },
    answer: 'B',
  },
  rowsLookedAt: 2,
  rowsRead: 2,
  problem: null,
};

describe('a file of unknown layout', () => {
  const noRow = failure({ boundary: 'data', code: 'dataset-no-usable-row', message: 'No known layout.' });
  const script = (previewed: (mapping: ColumnMapping) => MappingPreview = () => preview) => ({
    rows,
    columns: () => report,
    'preview-mapping': ({ mapping }: { mapping: ColumnMapping }) => previewed(mapping),
    open: ({ name, mapping }: { name: string; mapping?: ColumnMapping }) => {
      if (name === 'own.csv' && !mapping) throw noRow;
      return dataset({ id: name, name, ...(mapping ? { mapping, container: 'csv' } : {}) });
    },
  });

  it('is mapped in a form: the suggestion filled in, the first case shown, and then read', async () => {
    const { session, datasetWorkers } = await openStudio('#/data', {}, script());
    await openIn(session, 'own.csv');
    const form = screen.getByRole('region', { name: /Map the columns of own.csv/ });
    expect(form.textContent).toContain('No known layout.');
    expect((screen.getByLabelText('Question') as HTMLSelectElement).value).toBe('stem');
    expect((screen.getByLabelText('Field of option B') as HTMLSelectElement).value).toBe('y');
    expect(
      within(screen.getByRole('region', { name: 'Fields of the file' })).getByText('topic two'),
    ).toBeTruthy();

    await choose('Answer', 'gold');
    await choose('How the answer is given', 'zero-based');
    await act(async () => void fireEvent.click(screen.getByRole('checkbox', { name: 'topic' })));
    await waitFor(() => expect(screen.getByText('Is it lupus?')).toBeTruthy());
    const shown = screen.getByRole('region', { name: 'Preview' });
    expect(shown.textContent).toContain('2 of the first 2 rows are cases');
    expect(within(shown).getByText('Never').closest('li')?.textContent).toContain('gold');

    await click('Read the file');
    const mapping = {
      question: 'stem',
      options: { kind: 'fields', fields: ['x', 'y'] },
      answer: { field: 'gold', kind: 'zero-based' },
      id: null,
      facets: ['topic'],
    };
    expect(datasetWorkers[0]!.commands.find((command) => command.type === 'open' && command.mapping)).toEqual(
      {
        type: 'open',
        name: 'own.csv',
        file,
        mapping,
      },
    );
    await waitFor(() => expect(screen.queryByText(/Map the columns/)).toBeNull());
    const facts = screen.getByRole('region', { name: 'Facts' });
    expect(facts.textContent).toContain('a table (CSV)');
    expect(facts.textContent).toContain('question: stem; options: x, y; answer: gold');
  });

  it('says beside each control what is wrong with it', async () => {
    const problem = {
      line: 2,
      kind: 'gold-wrong-type',
      message: 'Expected a letter in the field gold, received null.',
    };
    const told = script(({ answer }) =>
      answer ? { ...preview, case: null, rowsRead: 0, problem } : preview,
    );
    const { session } = await openStudio('#/data', {}, told);
    await openIn(session, 'own.csv');
    await choose('Field of option B', 'x');
    expect(screen.getByText('Two options have the same field.')).toBeTruthy();
    expect((button('Read the file') as HTMLButtonElement).disabled).toBe(true);
    await choose('Field of option B', 'y');
    await choose('Answer', 'gold');
    const words = 'Line 2: Expected a letter in the field gold, received null.';
    await waitFor(() => expect(screen.getByText(words)).toBeTruthy());
    const answer = screen.getByLabelText('Answer');
    expect(answer.getAttribute('aria-invalid')).toBe('true');
    expect(document.getElementById(answer.getAttribute('aria-describedby')!)?.textContent).toBe(words);
  });

  it('may have options in one field, more of them, or none', async () => {
    const tried: ColumnMapping[] = [];
    const told = script((mapping) => {
      tried.push(mapping);
      return preview;
    });
    const { session } = await openStudio('#/data', {}, told);
    await openIn(session, 'own.csv');
    await click('Add an option');
    expect(screen.getByText('Choose a field for each option.')).toBeTruthy();
    await choose('Field of option C', 'topic');
    await waitFor(() =>
      expect(tried.at(-1)?.options).toEqual({ kind: 'fields', fields: ['x', 'y', 'topic'] }),
    );
    await click('Remove option A');
    await waitFor(() => expect(tried.at(-1)?.options).toEqual({ kind: 'fields', fields: ['y', 'topic'] }));
    await view('in one field');
    await choose('Field of the options', 'y');
    await waitFor(() => expect(tried.at(-1)?.options).toEqual({ kind: 'field', field: 'y' }));
    await view('none (open)');
    await choose('Answer', 'gold');
    expect(screen.queryByLabelText('How the answer is given')).toBeNull();
    await waitFor(() =>
      expect(tried.at(-1)).toMatchObject({
        options: { kind: 'none' },
        answer: { field: 'gold', kind: 'text' },
      }),
    );
  });

  it('waits in the list and on other screens until it is let go', async () => {
    const { session } = await openStudio('#/checkpoints', {}, script());
    await openIn(session, 'own.csv');
    expect(screen.getByRole('link', { name: 'say how under Data' })).toBeTruthy();
    await act(async () => void fireEvent.click(screen.getByRole('link', { name: 'say how under Data' })));
    await waitFor(() => expect(screen.getByText(/Map the columns/)).toBeTruthy());
    await choose('Answer', 'gold');
    await click(/starter-cases/);
    expect(screen.queryByText(/Map the columns/)).toBeNull();
    await click(/own\.csv/);
    // What was chosen is still chosen.
    expect((screen.getByLabelText('Answer') as HTMLSelectElement).value).toBe('gold');
    await click('Cancel');
    expect(screen.queryByText(/own\.csv/)).toBeNull();
  });
});

it('asks from which number a MedMCQA file counts, with both choices', async () => {
  const unknown = failure({ boundary: 'data', code: 'answer-base-unknown', message: 'From 0 or from 1?' });
  const { session, datasetWorkers } = await openStudio(
    '#/data',
    {},
    {
      rows,
      open: ({ name, copBase }: { name: string; copBase?: number }) => {
        if (name === 'mcq.jsonl' && copBase === undefined) throw unknown;
        return dataset({ id: name, name });
      },
    },
  );
  await openIn(session, 'mcq.jsonl');
  expect(screen.getByText('From 0 or from 1?')).toBeTruthy();
  expect(button('From 1: cop 1 is option A')).toBeTruthy();
  await click('From 0: cop 0 is option A');
  const opened = datasetWorkers[0]!.commands.filter(({ type }) => type === 'open').at(-1);
  expect(opened).toMatchObject({ name: 'mcq.jsonl', copBase: 0 });
  await waitFor(() => expect(screen.queryByText('From 0 or from 1?')).toBeNull());
});

describe('facts and flags', () => {
  it('tell container, open and unlabelled rows, and what is flagged', async () => {
    const { addDataset } = await openStudio('#/data', {}, { rows });
    const flagged = {
      line: 7,
      byteOffset: 0,
      message: 'The question is the same as on line 3.',
      excerpt: '{',
    };
    await addDataset(
      dataset({
        container: 'json-array',
        open: 5,
        unlabelled: 2,
        answerCounts: {},
        issueCounts: { 'refers-to-image': 4, 'duplicate-question': 1 },
        issues: [{ ...flagged, kind: 'duplicate-question' }],
      }),
    );
    const facts = screen.getByRole('region', { name: 'Facts' });
    expect(facts.textContent).toContain('a JSON array');
    expect(facts.textContent).toContain('5, answered by a text');
    expect(facts.textContent).toContain('2, neither trained on nor evaluated');
    const flags = screen.getByRole('region', { name: 'Flagged rows' });
    expect(within(flags).getByText(/refer to an image/).textContent).toBe(
      '4 refer to an image, which the model does not get',
    );
    expect(within(flags).getByText('The question is the same as on line 3.')).toBeTruthy();
    expect(within(flags).getByText('The first 1 are listed.')).toBeTruthy();
  });

  it('show the gold text of an open question', async () => {
    const open = {
      index: 0,
      case: {
        id: '1',
        line: 1,
        question: 'Which drug?',
        options: {},
        answer: null,
        openAnswer: 'Ceftriaxone',
      },
      prompt: 'Prompt of 0',
      promptTokens: 7,
      tooLong: false,
    };
    const { addDataset } = await openStudio('#/data', {}, { rows: () => [open] });
    await addDataset(dataset({ rows: 1 }));
    await waitFor(() => expect(screen.getByText('Ceftriaxone')).toBeTruthy());
    expect(screen.getByText('open question')).toBeTruthy();
  });
});

const splitSettings: ReadyReport['settings'] = [
  {
    path: 'data.heldOutFraction',
    group: 'Data',
    label: 'Held-out share',
    help: 'h',
    kind: 'number',
    min: 0,
    max: 0.9,
    applies: 'new-run',
  },
  {
    path: 'data.splitSeed',
    group: 'Data',
    label: 'Split seed',
    help: 'h',
    kind: 'integer',
    min: 0,
    max: 99,
    applies: 'new-run',
  },
];
const hello = () => ({
  ...ready,
  settings: [...ready.settings.filter(({ path }) => !path.startsWith('data.')), ...splitSettings],
  defaults: { ...ready.defaults, data: { heldOutFraction: 0, splitSeed: 1 } },
});
const counts: SplitReport = {
  train: 48,
  heldOut: 12,
  repeats: 1,
  conflicts: 2,
  unlabelled: 0,
  strata: [{ name: 'A · step1', train: 24, heldOut: 6 }],
  strataInAll: 1,
};
const found: OverlapReport = {
  train: { name: 'cases.jsonl', part: 'train', rows: 48 },
  test: { name: 'cases.jsonl', part: 'held-out', rows: 12 },
  exact: 0,
  sharedAny: 5,
  sharedHalf: 3,
  tooShort: 1,
  examples: [{ testLine: 9, trainLine: 4, share: 0.75, excerpt: 'A 45-year-old man' }],
};

describe('the split', () => {
  it('sets the share and the seed of the next run, and counts the parts anew', async () => {
    const { session, addDataset, datasetWorkers } = await openStudio(
      '#/data',
      { hello },
      { rows, split: () => counts },
    );
    await addDataset(dataset());
    await view('Split');
    await choose('Held-out share', '0.2');
    await choose('Split seed', '7');
    expect(session.state().draft?.data).toEqual({ heldOutFraction: 0.2, splitSeed: 7 });
    await waitFor(() => expect(screen.getByText('48')).toBeTruthy());
    expect(screen.getByText('12').textContent).toBe('12 20.0 %');
    expect(screen.getByText('A · step1')).toBeTruthy();
    const asked = datasetWorkers[0]!.commands.filter(({ type }) => type === 'split');
    expect(asked.at(-1)).toEqual({
      type: 'split',
      datasetId: 'data-1',
      split: { heldOutFraction: 0.2, splitSeed: 7 },
    });
    const before = asked.length;
    await choose('Held-out share', '2');
    expect(screen.getByText('At most 0.9.')).toBeTruthy();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(datasetWorkers[0]!.types().filter((type) => type === 'split').length).toBe(before);
  });
});

describe('the overlap', () => {
  it('of a dataset’s parts is compared, counted and shown with the worst', async () => {
    const { session, addDataset, datasetWorkers } = await openStudio(
      '#/data',
      { hello },
      { rows, overlap: () => found },
    );
    await addDataset(dataset());
    await act(async () => {
      const draft = session.state().draft!;
      session.edit({ ...draft, data: { heldOutFraction: 0.2, splitSeed: 1 } });
      session.state();
    });
    await view('Overlap');
    expect((screen.getByLabelText('Training set') as HTMLSelectElement).selectedOptions[0]?.textContent).toBe(
      'cases.jsonl, training part',
    );
    await click('Compare');
    await waitFor(() => expect(screen.getByText('A 45-year-old man')).toBeTruthy());
    const shared = screen.getByRole('region', { name: 'What they share' });
    expect(shared.textContent).toContain('Of 12 test rows, against 48 training rows:');
    expect(within(shared).getByText('3').textContent).toBe('3 25.0 %');
    expect(screen.getByText('75.0 %')).toBeTruthy();
    expect(datasetWorkers[0]!.commands.at(-1)).toEqual({
      type: 'overlap',
      train: { datasetId: 'data-1', part: 'train' },
      test: { datasetId: 'data-1', part: 'held-out' },
      split: { heldOutFraction: 0.2, splitSeed: 1 },
    });
    expect((button('Compare') as HTMLButtonElement).disabled).toBe(true); // it is known
  });

  it('of two datasets shows its progress, and is cancelled', async () => {
    const { addDataset, store, datasetWorkers } = await openStudio('#/data', { hello }, { rows });
    await addDataset(dataset());
    await addDataset(dataset({ id: 'data-2', name: 'test.jsonl' }));
    await view('Overlap');
    await choose('Training set', 'all/data-1');
    await choose('Test set', 'all/data-1');
    expect((button('Compare') as HTMLButtonElement).disabled).toBe(true);
    await choose('Test set', 'all/data-2');
    await click('Compare');
    await act(async () => {
      store.dispatch({ type: 'dataset-news', event: { type: 'comparing', done: 30, total: 60 } });
      store.snapshot();
    });
    expect(screen.getByRole('progressbar', { name: 'Comparing' }).getAttribute('aria-valuenow')).toBe('50');
    await click('Cancel');
    expect(datasetWorkers[0]!.types().at(-1)).toBe('cancel');
  });
});

describe('the warning before a run', () => {
  const holdOut = (session: Session) =>
    act(async () => {
      const draft = session.state().draft!;
      session.edit({ ...draft, data: { heldOutFraction: 0.2, splitSeed: 1 } });
      session.state();
    });
  const words =
    'Of 12 held-out cases, 3 share half of their 13-word runs with what is trained on: see Overlap under Data.';

  it('tells in a line what the held-out part shares with the training part', async () => {
    const { session, datasetWorkers } = await openStudio('#/train', { hello }, { overlap: () => found });
    expect(datasetWorkers[0]!.types()).not.toContain('overlap');
    await holdOut(session);
    await waitFor(() => expect(screen.getByText(words)).toBeTruthy());
    expect(screen.getByText(/cases, 20 % of them held out/)).toBeTruthy();
  });

  it('says nothing where only boilerplate is shared', async () => {
    const clean = { ...found, sharedHalf: 0 };
    const { session, datasetWorkers } = await openStudio('#/train', { hello }, { overlap: () => clean });
    await holdOut(session);
    await waitFor(() => expect(datasetWorkers[0]!.types()).toContain('overlap'));
    expect(screen.queryByText(/13-word runs/)).toBeNull();
  });

  it('stands before an evaluation too, against what was trained on', async () => {
    const leaked = { ...found, exact: 4, sharedHalf: 4, test: { name: 'test.jsonl', part: 'all', rows: 60 } };
    const { addDataset, datasetWorkers } = await openStudio(
      '#/evaluate',
      { hello },
      { overlap: () => leaked },
    );
    await addDataset(dataset({ id: 'data-2', name: 'test.jsonl' }));
    await addDataset(dataset());
    expect(await screen.findByText('These are the cases that a run trains on.')).toBeTruthy();
    await act(async () => void fireEvent.click(screen.getByRole('checkbox', { name: /test\.jsonl/ })));
    await waitFor(() =>
      expect(screen.getByText(/^Of 60 cases of test\.jsonl, 4 are also trained on/)).toBeTruthy(),
    );
    expect(datasetWorkers[0]!.commands.at(-1)).toMatchObject({
      type: 'overlap',
      train: { datasetId: 'data-1', part: 'all' },
      test: { datasetId: 'data-2', part: 'all' },
    });
  });
});
