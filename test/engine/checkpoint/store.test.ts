import { get, keys, set, type UseStore } from 'idb-keyval';
import { describe, expect, it } from 'vitest';
import { CheckpointStore } from '../../../src/engine/checkpoint/store';
import type { Folder } from '../../../src/engine/files';
import { StudioError } from '../../../src/protocol/errors';
import { contents, facts, folderOf, freshDatabase, killedAfter, memorySentinel, noise } from './storage';

const CHUNK = 64;
const host = { usageBytes: null, quotaBytes: null, persisted: null };

const openStore = (database: UseStore, sentinel = memorySentinel()) =>
  CheckpointStore.open({ database, sentinel, chunkBytes: CHUNK });

const chunkKeys = async (database: UseStore) =>
  (await keys<string>(database)).filter((key) => key.startsWith('chunk/'));

async function errorOf(promise: Promise<unknown>): Promise<StudioError> {
  const thrown = await promise.then(
    () => new Error('nothing was thrown'),
    (error: unknown) => error,
  );
  if (!(thrown instanceof StudioError)) throw thrown;
  expect(thrown.record.boundary).toBe('storage');
  expect(thrown.record.message).toMatch(/expected .*received /is);
  expect(thrown.record.action).toBeTruthy();
  return thrown;
}

describe('saving and opening', () => {
  it.each([0, 1, 63, 64, 65, 128, 1000])(
    'a file of %i bytes comes back over chunks of 64',
    async (length) => {
      const store = await openStore(freshDatabase());
      const file = noise(length, 1);
      await store.save(facts('a'), folderOf({ 'x/y.bin': file, z: Uint8Array.of(1) }));
      const source = (await store.open('a')).get('x/y.bin')!;
      expect(source.size).toBe(length);
      expect(await source.read(0, length)).toEqual(file);
      for (const [start, end] of [
        [0, 0],
        [60, 70],
        [64, 128],
        [10, 999],
      ] as const) {
        if (end <= length) expect(await source.read(start, end)).toEqual(file.slice(start, end));
      }
    },
  );

  it('lists the newest first, by order of saving and not by the clock', async () => {
    const store = await openStore(freshDatabase());
    const first = await store.save(facts('a', { createdAt: '2030-01-01' }), folderOf({ f: noise(100, 1) }));
    const second = await store.save(facts('b', { createdAt: '2020-01-01' }), folderOf({ f: noise(10, 2) }));
    expect(first).toMatchObject({ ...facts('a', { createdAt: '2030-01-01' }), bytes: 100, deleted: false });
    expect(first.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(await store.list()).toEqual([second, first]);
  });

  it('stores a buffer cut from a larger one without the rest', async () => {
    const database = freshDatabase();
    const store = await openStore(database);
    const large = noise(10_000, 1);
    await store.save(facts('a'), folderOf({ f: large.subarray(100, 110) }));
    const [key] = await chunkKeys(database);
    expect(((await get(key!, database)) as ArrayBuffer).byteLength).toBe(10);
  });

  it('keeps what can be read back: long names are cut, NaN metrics left out', async () => {
    const store = await openStore(freshDatabase());
    await store.save(
      facts('a', { runName: 'r'.repeat(1000), metrics: { kl: Number.NaN, reward: 1 } }),
      folderOf({}),
    );
    const [summary] = await store.list();
    expect(summary!.runName).toHaveLength(200);
    expect(summary!.metrics).toEqual({ reward: 1 });
  });

  it('says which checkpoint is not there', async () => {
    const store = await openStore(freshDatabase());
    expect((await errorOf(store.open('nope'))).record).toMatchObject({ code: 'checkpoint-not-found' });
  });
});

describe('chunks', () => {
  it('are shared: the frozen base is stored once', async () => {
    const database = freshDatabase();
    const store = await openStore(database);
    const base = noise(6400, 1);
    const lora = (seed: number) =>
      folderOf({ 'resume/base.safetensors': base, 'adapter.safetensors': noise(64, seed) });
    await store.save(facts('a'), lora(2));
    expect(await chunkKeys(database)).toHaveLength(101);
    await store.save(facts('b'), lora(3));
    expect(await chunkKeys(database)).toHaveLength(102);
    expect(await store.report(host)).toMatchObject({ checkpointBytes: 6400 + 2 * 64, trashBytes: 0 });
    await store.delete('a');
    expect(await store.report(host)).toMatchObject({ checkpointBytes: 6400 + 64, trashBytes: 64 });
    await store.emptyTrash();
    expect(await chunkKeys(database)).toHaveLength(101);
    expect(await contents(await store.open('b'))).toEqual(await contents(lora(3)));
  });

  it('are read with their hash: a flipped bit and a missing chunk name checkpoint and file', async () => {
    const database = freshDatabase();
    const store = await openStore(database);
    await store.save(
      facts('a'),
      folderOf({ 'model.safetensors': noise(200, 1), 'config.json': noise(20, 2) }),
    );
    const files = await store.open('a');
    const intact = await contents(files);
    for (const key of await chunkKeys(database)) {
      const whole = new Uint8Array((await get(key, database)) as ArrayBuffer);
      const damaged = whole.slice();
      damaged[damaged.length >> 1]! ^= 4;
      for (const [value, code] of [
        [damaged.buffer, 'chunk-damaged'],
        [undefined, 'chunk-missing'],
        [whole.buffer.slice(1), 'chunk-damaged'],
      ] as const) {
        await set(key, value, database);
        const error = await errorOf(contents(await store.open('a')));
        expect(error.record.code).toBe(code);
        expect(error.record.message).toContain('“brisk-heron”, step 40');
        expect(['model.safetensors', 'config.json']).toContain(error.record.file);
      }
      await set(key, whole.buffer, database);
    }
    expect(await contents(files)).toEqual(intact);
  });

  it('that were damaged are written again by the next save, in a new session', async () => {
    const database = freshDatabase();
    const base = { base: noise(200, 1) };
    await (await openStore(database)).save(facts('a'), folderOf(base));
    const [key] = await chunkKeys(database);
    await set(key!, new ArrayBuffer(64), database);
    const store = await openStore(database);
    await store.save(facts('b'), folderOf(base));
    expect(await contents(await store.open('b'))).toEqual(base);
    expect(await contents(await store.open('a'))).toEqual(base);
  });
});

describe('a kill between any two transactions', () => {
  const old = folderOf({ 'model.safetensors': noise(300, 1), 'resume/state.json': noise(50, 2) });
  const next = folderOf({ 'model.safetensors': noise(300, 3), 'resume/state.json': noise(50, 4) });

  /** Sets the stage, runs `work` on a database killed after k operations, for every k until it survives. */
  async function forEveryKill(
    work: (store: CheckpointStore) => Promise<unknown>,
    check: (store: CheckpointStore, acknowledged: boolean, database: UseStore) => Promise<void>,
  ): Promise<number> {
    for (const when of ['before', 'after'] as const) {
      for (let k = 0; ; k++) {
        const database = freshDatabase();
        const sentinel = memorySentinel();
        await (await openStore(database, sentinel)).save(facts('old'), old);
        const killed = killedAfter(database, k, when);
        const acknowledged = await openStore(killed, sentinel)
          .then(work)
          .then(
            () => true,
            () => false,
          );
        const reopened = await openStore(database, sentinel);
        await check(reopened, acknowledged, database);
        expect((await reopened.report(host)).lost).toBeUndefined();
        if (acknowledged && when === 'after') return k;
        if (acknowledged) break;
      }
    }
    return 0;
  }

  it('leaves the last acknowledged checkpoint whole, and no orphan after the next start', async () => {
    const operations = await forEveryKill(
      (store) => store.save(facts('new'), next),
      async (store, acknowledged, database) => {
        const ids = (await store.list()).map(({ id }) => id);
        if (acknowledged) expect(ids).toContain('new');
        expect(ids).toContain('old');
        expect(await contents(await store.open('old'))).toEqual(await contents(old));
        // Unacknowledged, but with its record written, it must be whole too.
        if (ids.includes('new'))
          expect(await contents(await store.open('new'))).toEqual(await contents(next));
        expect(await chunkKeys(database)).toHaveLength(ids.includes('new') ? 12 : 6); // 5 + 1 chunks each
      },
    );
    expect(operations).toBeGreaterThan(7);
  });

  it('while deleting, leaves the other checkpoint whole', async () => {
    await forEveryKill(
      async (store) => {
        await store.save(facts('new'), next);
        await store.delete('old');
        await store.emptyTrash();
      },
      async (store, acknowledged, database) => {
        for (const { id } of await store.list()) {
          expect(await contents(await store.open(id))).toEqual(await contents(id === 'old' ? old : next));
        }
        if (acknowledged) expect(await chunkKeys(database)).toHaveLength(6);
      },
    );
  });
});

describe('the trash', () => {
  it('gives back what was deleted, until it is emptied', async () => {
    const store = await openStore(freshDatabase());
    const saved = await store.save(facts('a'), folderOf({ f: noise(100, 1) }));
    await store.delete('a');
    expect(await store.list()).toEqual([{ ...saved, deleted: true }]);
    await store.restore('a');
    expect(await store.list()).toEqual([saved]);
    await store.delete('a');
    await store.emptyTrash();
    expect(await store.list()).toEqual([]);
    expect((await errorOf(store.restore('a'))).record.code).toBe('checkpoint-not-found');
  });

  it('keeps the newest automatic checkpoints of a run, and every other', async () => {
    const store = await openStore(freshDatabase());
    for (let step = 1; step <= 5; step++) {
      await store.save(facts(`auto-${step}`, { step }), folderOf({ f: noise(10, step) }));
    }
    await store.save(facts('mine', { reason: 'manual', step: 0 }), folderOf({ f: noise(10, 9) }));
    await store.save(facts('other', { runId: 'run-2' }), folderOf({ f: noise(10, 8) }));
    await store.delete('auto-4');
    await store.pruneAutomatic('run-1', 2);
    expect((await store.list()).map(({ id }) => id)).toEqual(['other', 'mine', 'auto-5', 'auto-4', 'auto-3']);
    await store.pruneAutomatic('run-1', 0); // never the last one
    expect((await store.list()).map(({ id }) => id)).toEqual(['other', 'mine', 'auto-5', 'auto-4']);
  });
});

describe('a full disk', () => {
  /** Refuses transactions that would store more than `quota` bytes of chunks, as a browser does. */
  function limited(database: UseStore, quota: { bytes: number }): UseStore {
    return (mode, callback) =>
      database(mode, (store) => {
        const put = store.put.bind(store);
        store.put = (value: unknown, key?: IDBValidKey) => {
          quota.bytes -= value instanceof ArrayBuffer ? value.byteLength : 0;
          if (quota.bytes < 0) throw new DOMException('Quota exceeded', 'QuotaExceededError');
          return put(value, key);
        };
        return callback(store);
      });
  }

  it('refuses the new checkpoint with what to delete, and leaves the old ones', async () => {
    const database = freshDatabase();
    const store = await openStore(limited(database, { bytes: 700 }));
    const old = folderOf({ f: noise(300, 1) });
    await store.save(facts('old', { step: 10 }), old);
    await store.save(facts('older', { step: 5 }), folderOf({ f: noise(100, 7) }));
    await store.delete('older');
    const { record } = await errorOf(store.save(facts('new', { step: 20 }), folderOf({ f: noise(5000, 2) })));
    expect(record.code).toBe('quota-exceeded');
    expect(record.message).toContain('step 20');
    expect(record.message).toContain('The checkpoints kept (1) take 0.0 MB, the trash 0.0 MB');
    expect(record.action).toMatch(/Empty the trash.*oldest are “brisk-heron”, step 10/);
    expect((await store.list()).map(({ id }) => id)).toEqual(['older', 'old']);
    expect(await contents(await store.open('old'))).toEqual(await contents(old));
    expect(await chunkKeys(database)).toHaveLength(5 + 2); // nothing of the new one is left
  });

  it('names any other failure of the database', async () => {
    const database = freshDatabase();
    const store = await openStore(killedAfter(database, 6, 'before'));
    expect((await errorOf(store.save(facts('a'), folderOf({ f: noise(500, 1) })))).record).toMatchObject({
      code: 'database-failed',
      message: expect.stringContaining('killed'),
    });
  });

  it('passes on what the source of a file says', async () => {
    const store = await openStore(freshDatabase());
    const broken: Folder = new Map([
      [
        'f',
        {
          name: 'f',
          size: 10,
          read: async () =>
            Promise.reject(new StudioError({ boundary: 'data', code: 'gone', message: 'gone' })),
        },
      ],
    ]);
    await expect(store.save(facts('a'), broken)).rejects.toMatchObject({ record: { code: 'gone' } });
    expect(await store.list()).toEqual([]);
  });
});

describe('damage', () => {
  it('to one record leaves the others, sweeps nothing, and ends with the trash', async () => {
    const database = freshDatabase();
    const store = await openStore(database);
    await store.save(facts('a'), folderOf({ f: noise(100, 1) }));
    await store.save(facts('b'), folderOf({ f: noise(100, 2) }));
    const record = (await get('checkpoint/a', database)) as { manifest: string };
    for (const value of [
      { ...record, manifest: record.manifest.replace('40', '41') },
      { ...record, deleted: 1 },
      'x',
      null,
      3,
    ]) {
      await set('checkpoint/a', value, database);
      const reopened = await openStore(database);
      expect((await reopened.list()).map(({ id }) => id)).toEqual(['b']);
      expect((await reopened.report(host)).lost).toMatchObject({
        boundary: 'storage',
        code: 'checkpoint-manifest-damaged',
      });
      expect((await errorOf(reopened.open('a'))).record.code).toBe('checkpoint-manifest-damaged');
      expect(await chunkKeys(database)).toHaveLength(4);
    }
    const reopened = await openStore(database);
    await reopened.emptyTrash();
    expect(await chunkKeys(database)).toHaveLength(2);
    expect((await reopened.report(host)).lost).toBeUndefined();
  });

  it('is not what a newer version looks like: its chunks stay', async () => {
    const database = freshDatabase();
    const store = await openStore(database);
    await store.save(facts('a'), folderOf({ f: noise(100, 1) }));
    const manifest = '{"version":2,"files":"elsewhere"}';
    const sha256 = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(manifest));
    await set(
      'checkpoint/a',
      { manifest, sha256: Buffer.from(sha256).toString('hex'), deleted: false },
      database,
    );
    const reopened = await openStore(database);
    await reopened.emptyTrash();
    expect((await errorOf(reopened.open('a'))).record).toMatchObject({
      code: 'checkpoint-newer-version',
      message: expect.stringContaining('expected manifest version 1, received 2'),
    });
    expect(await chunkKeys(database)).toHaveLength(2);
    await reopened.delete('a');
    expect(await keys(database)).toEqual([]);
  });

  it('an empty database beside the sentinel is a loss, not a first visit', async () => {
    const sentinel = memorySentinel();
    expect((await (await openStore(freshDatabase(), sentinel)).report(host)).lost).toBeUndefined();
    await (await openStore(freshDatabase(), sentinel)).save(facts('a'), folderOf({}));
    const emptied = await openStore(freshDatabase(), sentinel);
    expect((await emptied.report(host)).lost).toMatchObject({
      code: 'checkpoints-lost',
      message: 'Stored checkpoints are gone: expected “brisk-heron”, step 40, received an empty database.',
    });
    // A new checkpoint replaces the memory, but this session keeps saying it.
    const database = freshDatabase();
    const visited = await openStore(database, sentinel);
    await visited.save(facts('b'), folderOf({}));
    expect((await visited.report(host)).lost).toBeDefined();
    expect((await (await openStore(database, sentinel)).report(host)).lost).toBeUndefined();
  });

  it('an emptied trash is no loss, and a broken sentinel stops nothing', async () => {
    const database = freshDatabase();
    const sentinel = memorySentinel();
    const store = await openStore(database, sentinel);
    await store.save(facts('a'), folderOf({}));
    await store.delete('a');
    await store.emptyTrash();
    expect((await (await openStore(database, sentinel)).report(host)).lost).toBeUndefined();

    const failing = {
      get: () => Promise.reject(new Error('no')),
      set: () => Promise.reject(new Error('no')),
    };
    const other = await CheckpointStore.open({ database, sentinel: failing });
    await other.save(facts('b'), folderOf({}));
    sentinel.text = 'not JSON';
    expect((await (await openStore(database, sentinel)).list()).map(({ id }) => id)).toEqual(['b']);
  });
});

describe('calls at the same time', () => {
  it('queue up: a sweep never takes the chunks of a save', async () => {
    const database = freshDatabase();
    const store = await openStore(database);
    await store.save(facts('a'), folderOf({ f: noise(100, 1) }));
    const files = (seed: number) => folderOf({ f: noise(640, seed) });
    await Promise.all([
      store.save(facts('b'), files(2)),
      store.delete('a').then(() => store.emptyTrash()),
      store.save(facts('c'), files(3)),
    ]);
    expect((await store.list()).map(({ id }) => id)).toEqual(['c', 'b']);
    for (const [id, seed] of [
      ['b', 2],
      ['c', 3],
    ] as const) {
      expect(await contents(await store.open(id))).toEqual(await contents(files(seed)));
    }
  });
});
