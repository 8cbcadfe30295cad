import { IDBFactory } from 'fake-indexeddb';
import { createStore, del, keys, type UseStore } from 'idb-keyval';
import { beforeEach, describe, expect, it } from 'vitest';
import { readDataset } from '../../../src/engine/data/read';
import {
  beginImport,
  listDatasets,
  openDataset,
  readBadLines,
  removeDataset,
  skipBadLines,
} from '../../../src/engine/data/store';
import { bytesSource } from '../../../src/engine/files';
import type { DatasetSummary } from '../../../src/protocol';
import { failureOf, medqaLines, medqaRow } from './support';

let store: UseStore;

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
  store = createStore('datasets', 'datasets');
});

async function importLines(
  lines: readonly string[],
  name = 'cases.jsonl',
  synthetic = false,
): Promise<DatasetSummary> {
  const run = await beginImport(store);
  const source = bytesSource(name, new TextEncoder().encode(lines.join('\n')));
  return run.finish(await readDataset(source, { name, sink: run.sink }), synthetic);
}

/** The database, but every write after the first `allowed` fails as if the tab had died. */
function dyingAfter(allowed: number): UseStore {
  let writes = 0;
  return (mode, callback) => {
    if (mode === 'readwrite' && writes++ >= allowed) return Promise.reject(new Error('the tab died'));
    return store(mode, callback);
  };
}

async function batchKeys(): Promise<unknown[]> {
  return (await keys(store)).filter((key) => Array.isArray(key) && key[0] !== 'manifest');
}

describe('a stored dataset', () => {
  it('gives back every case, in any order', async () => {
    const { id } = await importLines(medqaLines(4_321));
    const dataset = await openDataset(store, id);
    expect(dataset.count).toBe(4_321);
    for (const index of [0, 999, 1000, 4_320, 2_500, 1, 3_999, 4_000, 0]) {
      expect(await dataset.case(index)).toMatchObject({
        line: index + 1,
        question: medqaRow(index).question,
      });
    }
    await expect(dataset.case(4_321)).rejects.toThrow(RangeError);
    await expect(dataset.case(-1)).rejects.toThrow(RangeError);
    await expect(dataset.case(0.5)).rejects.toThrow(RangeError);
  });

  it('reads a batch once while it is in use', async () => {
    const { id } = await importLines(medqaLines(3_000));
    let reads = 0;
    const counting: UseStore = (mode, callback) => {
      reads++;
      return store(mode, callback);
    };
    const dataset = await openDataset(counting, id);
    expect(reads).toBe(1);
    await Promise.all([5, 6, 1_005, 7, 1_006].map((index) => dataset.case(index)));
    expect(reads).toBe(3);
  });

  it('is listed in the order of import, removed whole, and then not found', async () => {
    const first = await importLines(medqaLines(3), 'first.jsonl');
    const second = await importLines([...medqaLines(2), '{'], 'second.jsonl');
    expect((await listDatasets(store)).map(({ name }) => name)).toEqual(['first.jsonl', 'second.jsonl']);
    await removeDataset(store, second.id);
    expect(await listDatasets(store)).toEqual([first]);
    expect(await batchKeys()).toHaveLength(1);
    expect((await failureOf(openDataset(store, second.id))).record.code).toBe('dataset-not-found');
    await removeDataset(store, second.id);
  });

  it('is stored once when the same file is opened twice, under its newer name', async () => {
    const lines = [...medqaLines(1_500), '{'];
    const { id } = await importLines(lines, 'old.jsonl');
    await skipBadLines(store, id, true);
    const running = await openDataset(store, id);
    const before = await batchKeys();
    const again = await importLines(lines, 'new.jsonl');
    expect(again).toMatchObject({ id, name: 'new.jsonl', badLinesSkipped: true });
    expect(await listDatasets(store)).toEqual([again]);
    expect(await batchKeys()).toEqual(before);
    // A run that has it open goes on reading.
    expect(await running.case(1_400)).toMatchObject({ line: 1_401 });
  });

  it('remembers that bad lines are skipped, and keeps them for download', async () => {
    const { id, badLinesSkipped } = await importLines([...medqaLines(2), '{"question": 1', '[]']);
    expect(badLinesSkipped).toBe(false);
    expect((await skipBadLines(store, id, true)).badLinesSkipped).toBe(true);
    expect((await listDatasets(store))[0]?.badLinesSkipped).toBe(true);
    const { parts, lines } = await readBadLines(store, id);
    expect(lines).toBe(2);
    expect(parts.map((part) => new TextDecoder().decode(part)).join('')).toBe('{"question": 1\n[]\n');
  });

  it('carries neither licence nor citation when it is synthetic', async () => {
    const real = await importLines(medqaLines(2));
    expect(real.licence).toContain('MIT');
    const made = await importLines(medqaLines(3), 'starter.jsonl', true);
    expect(made).toMatchObject({ synthetic: true });
    expect([made.licence, made.citation]).toEqual([undefined, undefined]);
  });
});

describe('an interrupted import', () => {
  it('leaves nothing visible, wherever it stops, and the next import sweeps its batches', async () => {
    const lines = [...medqaLines(2_500), '{'];
    const kept = await importLines(medqaLines(5), 'kept.jsonl');
    // Writes: counter, 3 batches of rows, 1 of bad lines, manifest.
    for (let allowed = 0; allowed < 6; allowed++) {
      const dying = dyingAfter(allowed);
      const importing = async () => {
        const run = await beginImport(dying);
        const source = bytesSource('lost.jsonl', new TextEncoder().encode(lines.join('\n')));
        await run.finish(await readDataset(source, { name: 'lost.jsonl', sink: run.sink }), false);
      };
      expect((await failureOf(importing())).record.boundary).toBe('storage');
      expect(await listDatasets(store)).toEqual([kept]);
    }
    expect((await batchKeys()).length).toBeGreaterThan(1);
    const next = await importLines(medqaLines(6), 'next.jsonl');
    expect(await listDatasets(store)).toEqual([kept, next]);
    expect(await batchKeys()).toHaveLength(2);
    expect(await (await openDataset(store, kept.id)).case(4)).toMatchObject({ line: 5 });
  });

  it('is removed at once when it is abandoned', async () => {
    const run = await beginImport(store);
    await run.sink.saveCases([]);
    await run.sink.saveBadLines(new Uint8Array(3));
    expect(await batchKeys()).toHaveLength(2);
    await run.abandon();
    expect(await batchKeys()).toEqual([]);
  });
});

describe('a database that misbehaves', () => {
  it('says that it is full, and what to do', async () => {
    const full: UseStore = (mode, callback) =>
      mode === 'readwrite'
        ? Promise.reject(new DOMException('quota', 'QuotaExceededError'))
        : store(mode, callback);
    const { record } = await failureOf(beginImport(full));
    expect(record).toMatchObject({ boundary: 'storage', code: 'quota-exceeded' });
    expect(record.action).toContain('Remove');
  });

  it('says that cases are gone, and reading the file again mends it', async () => {
    const lines = medqaLines(1_200);
    const { id } = await importLines(lines);
    await del((await batchKeys())[1] as IDBValidKey, store);
    const dataset = await openDataset(store, id);
    expect(await dataset.case(0)).toMatchObject({ line: 1 });
    expect((await failureOf(dataset.case(1_100))).record.code).toBe('dataset-damaged');
    await importLines(lines);
    expect(await (await openDataset(store, id)).case(1_100)).toMatchObject({ line: 1_101 });
  });
});
