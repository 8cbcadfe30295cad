import { describe, expect, it } from 'vitest';
import type { ColumnReport, OverlapReport } from '../../../src/protocol';
import { draftMapping } from '../../../src/studio/store/mapping';
import { dataset } from '../records';
import { failure, scriptedSession } from '../scripted';

const file = new Blob(['stem,x,y\n']);
const report: ColumnReport = {
  name: 'own.csv',
  container: 'csv',
  fields: [{ path: 'stem', rows: 1, examples: ['Is it?'] }],
  rowsLookedAt: 1,
  suggestion: null,
};
const mapping = {
  question: 'stem',
  options: { kind: 'fields', fields: ['x', 'y'] },
  answer: null,
  id: null,
  facets: [],
} as const;
const noRow = failure({ boundary: 'data', code: 'dataset-no-usable-row', message: 'No known layout.' });

/** Reads `own.csv` only with a mapping. */
const needsMapping = {
  open: ({ name, mapping }: { name: string; mapping?: unknown }) => {
    if (name === 'own.csv' && mapping === undefined) throw noRow;
    return dataset({ id: name, name });
  },
  columns: () => report,
};

describe('a file of unknown layout', () => {
  it('waits with its fields, is read by the mapping, and then is chosen and remembered', async () => {
    const { session, datasetWorkers, memory } = scriptedSession({}, needsMapping);
    expect(await session.openDataset('own.csv', file)).toBe(false);
    expect(session.state().data.unread).toEqual({
      name: 'own.csv',
      reason: 'No known layout.',
      need: 'columns',
      report,
      draft: draftMapping(report),
    });
    expect(session.state().errors).toEqual([]);
    expect(session.state().importing).toBeNull();

    expect(await session.librarian.readUnread({ mapping })).toBe(true);
    expect(datasetWorkers[0]!.commands.at(-1)).toEqual({ type: 'open', name: 'own.csv', file, mapping });
    expect(session.state().data.unread).toBeNull();
    expect(session.state().datasetId).toBe('own.csv');
    expect([...memory.values()]).toEqual(['own.csv']);
  });

  it('goes on waiting while the mapping fails, and the failure is shown', async () => {
    const impossible = failure({ boundary: 'data', code: 'mapping-impossible', message: 'Impossible.' });
    const { session } = scriptedSession(
      {},
      {
        ...needsMapping,
        open: ({ mapping: given }: { mapping?: unknown }) => {
          throw given === undefined ? noRow : impossible;
        },
      },
    );
    await session.openDataset('own.csv', file);
    expect(await session.librarian.readUnread({ mapping })).toBe(false);
    expect(session.state().data.unread?.need).toBe('columns');
    expect(session.state().errors.map(({ record }) => record.code)).toEqual(['mapping-impossible']);
  });

  it('is let go', async () => {
    const { session } = scriptedSession({}, needsMapping);
    await session.openDataset('own.csv', file);
    session.librarian.letGo();
    expect(session.state().data.unread).toBeNull();
    expect(await session.librarian.readUnread({ mapping })).toBe(false);
  });

  it('takes the place of one that waited, which is said', async () => {
    const { session } = scriptedSession(
      {},
      {
        ...needsMapping,
        open: () => {
          throw noRow;
        },
      },
    );
    await session.openDataset('own.csv', file);
    await session.openDataset('other.csv', new Blob(['a,b\n']));
    expect(session.state().data.unread?.name).toBe('other.csv');
    expect(session.state().notices.map(({ text }) => text)).toEqual([
      'own.csv is let go: other.csv waits in its place.',
    ]);
  });

  it('stays an error where it has no fields to map', async () => {
    const { session } = scriptedSession(
      {},
      {
        ...needsMapping,
        columns: () => {
          throw failure({ boundary: 'data', code: 'dataset-empty' });
        },
      },
    );
    await session.openDataset('own.csv', file);
    expect(session.state().data.unread).toBeNull();
    expect(session.state().errors.map(({ record }) => record.code)).toEqual(['dataset-no-usable-row']);
  });
});

it('MedMCQA of unknown base waits for the person’s word', async () => {
  const unknown = failure({ boundary: 'data', code: 'answer-base-unknown', message: 'From 0 or from 1?' });
  const { session, datasetWorkers } = scriptedSession(
    {},
    {
      open: ({ name, copBase }: { name: string; copBase?: number }) => {
        if (copBase === undefined) throw unknown;
        return dataset({ id: name, name });
      },
    },
  );
  await session.openDataset('mcq.jsonl', file);
  expect(session.state().data.unread).toEqual({
    name: 'mcq.jsonl',
    reason: 'From 0 or from 1?',
    need: 'answer-base',
  });
  expect(await session.librarian.readUnread({ copBase: 0 })).toBe(true);
  expect(datasetWorkers[0]!.commands.at(-1)).toMatchObject({ type: 'open', copBase: 0 });
});

describe('comparing', () => {
  const of = {
    train: { datasetId: 'a', part: 'all' },
    test: { datasetId: 'b', part: 'all' },
    split: { heldOutFraction: 0, splitSeed: 1 },
  } as const;
  const found: OverlapReport = {
    train: { name: 'a', part: 'all', rows: 3 },
    test: { name: 'b', part: 'all', rows: 3 },
    exact: 2,
    sharedAny: 2,
    sharedHalf: 2,
    tooShort: 0,
    examples: [],
  };

  it('is done once, one at a time, and its report stays', async () => {
    let atOnce = 0;
    const { session, datasetWorkers } = scriptedSession(
      {},
      {
        overlap: async () => {
          expect(++atOnce).toBe(1);
          await new Promise((resolve) => setTimeout(resolve, 2));
          atOnce--;
          return found;
        },
      },
    );
    const other = { ...of, test: { datasetId: 'c', part: 'all' } } as const;
    const results = await Promise.all([of, of, other].map((each) => session.librarian.compare(each)));
    expect(results).toEqual([true, true, true]);
    expect(datasetWorkers[0]!.types()).toEqual(['overlap', 'overlap']);
    expect(session.state().data).toMatchObject({
      comparing: null,
      overlaps: [{ of, report: found }, { of: other }],
    });
  });

  it('that was cancelled is no error, and can be done again', async () => {
    let cancelled = true;
    const { session } = scriptedSession(
      {},
      {
        overlap: () => {
          if (cancelled)
            throw failure({ boundary: 'data', code: 'overlap-cancelled', message: 'Cancelled.' });
          return found;
        },
      },
    );
    expect(await session.librarian.compare(of)).toBe(false);
    expect(session.state().errors).toEqual([]);
    expect(session.state().data.comparing).toBeNull();
    cancelled = false;
    expect(await session.librarian.compare(of)).toBe(true);
  });
});
