import { IDBFactory } from 'fake-indexeddb';
import type { UseStore } from 'idb-keyval';
import { beforeEach, describe, expect, it } from 'vitest';
import { beginImport } from '../../../src/engine/data/store';
import type { ClinicalCase, DatasetSummary } from '../../../src/protocol';
import { openDatasetDatabase } from '../../../workers/dataset-database';
import { openCases } from '../../../workers/trainer/cases';
import { failureOf } from '../../engine/data/support';
import { dataset } from '../../studio/records';

const ALL = { heldOutFraction: 0, splitSeed: 1 };
const FIFTH = { heldOutFraction: 0.2, splitSeed: 1 };

let database: UseStore;
beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
  database = openDatasetDatabase();
});

function row(line: number, changes: Partial<ClinicalCase> = {}): ClinicalCase {
  return {
    id: String(line),
    line,
    question: `Patient ${line}?`,
    options: { A: 'Yes', B: 'No' },
    answer: 'AB'[line % 2]!,
    ...changes,
  };
}

const rows = (count: number) => Array.from({ length: count }, (_, index) => row(index + 1));

/** Stores the cases; the summary is changed as asked. */
async function store(cases: readonly ClinicalCase[], changes: Partial<DatasetSummary> = {}): Promise<string> {
  const { sink, finish } = await beginImport(database);
  await sink.saveCases(cases);
  const unlabelled = cases.filter(({ answer, openAnswer }) => answer === null && openAnswer === undefined);
  const summary = dataset({ rows: cases.length, unlabelled: unlabelled.length, ...changes });
  return (await finish({ summary, badLinesKept: 0 }, false)).id;
}

async function lines(...args: Parameters<typeof openCases>): Promise<number[]> {
  const { cases } = await openCases(...args);
  return Promise.all(Array.from({ length: cases.count }, async (_, index) => (await cases.at(index)).line));
}

describe('openCases', () => {
  it('trains on all where nothing is held out, without reading them', async () => {
    const id = await store(rows(30));
    let reads = 0;
    const counting: UseStore = (mode, callback) => {
      reads++;
      return database(mode, callback);
    };
    const { cases } = await openCases(counting, id, 'train', ALL);
    expect([cases.count, reads]).toEqual([30, 1]); // its manifest
  });

  it('parts the cases: every one is in training or held out, the same each time', async () => {
    const id = await store(rows(50));
    const train = await lines(database, id, 'train', FIFTH);
    const heldOut = await lines(database, id, 'held-out', FIFTH);
    expect([train.length, heldOut.length]).toEqual([40, 10]);
    expect([...train, ...heldOut].sort((a, b) => a - b)).toEqual(rows(50).map(({ line }) => line));
    expect(await lines(database, id, 'held-out', FIFTH)).toEqual(heldOut);
    expect(await lines(database, id, 'held-out', { ...FIFTH, splitSeed: 2 })).not.toEqual(heldOut);
    expect(await lines(database, id, 'all', FIFTH)).toHaveLength(50);
  });

  it('has open questions among the labelled cases, and none without an answer', async () => {
    const open = row(2, { options: {}, answer: null, openAnswer: 'Malaria' });
    const id = await store([row(1), open, row(3, { answer: null })]);
    expect(await lines(database, id, 'all', ALL)).toEqual([1, 2]);
    expect(await lines(database, id, 'train', ALL)).toEqual([1, 2]);
  });

  it('trains on no repeat and no contradiction that the import met, and evaluates on all', async () => {
    const twice = { question: 'Is it?' };
    const cases = [row(1, twice), row(2, { ...twice, answer: 'A' }), row(3), row(4), { ...row(4), line: 5 }];
    const id = await store(cases, {
      issueCounts: { 'duplicate-question': 1, 'duplicate-question-other-answer': 1 },
    });
    expect(await lines(database, id, 'train', ALL)).toEqual([3, 4]);
    expect(await lines(database, id, 'all', ALL)).toEqual([1, 2, 3, 4, 5]);
  });

  it('refuses an empty part, unlabelled cases and too many bad lines, with what to do', async () => {
    const id = await store(rows(4));
    const { record } = await failureOf(openCases(database, id, 'held-out', ALL));
    expect(record).toMatchObject({ boundary: 'data', code: 'part-empty', file: 'cases.jsonl' });
    expect(record.message).toContain('none of the 4 labelled ones (held-out share 0, seed 1)');
    const blind = await store([row(1, { answer: null })], { id: 'blind' });
    expect((await failureOf(openCases(database, blind, 'all', ALL))).record.code).toBe('no-labelled-case');
    const broken = await store(rows(9), { id: 'broken', badLines: 1 });
    expect((await failureOf(openCases(database, broken, 'train', ALL))).record.code).toBe(
      'bad-lines-not-skipped',
    );
  });
});
