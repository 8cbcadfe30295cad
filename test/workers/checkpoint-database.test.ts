import 'fake-indexeddb/auto';
import { get, set } from 'idb-keyval';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { checkpointSentinel, openCheckpointDatabase } from '../../workers/checkpoint-database';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe('openCheckpointDatabase', () => {
  it('asks for strict durability in every transaction', async () => {
    const database = openCheckpointDatabase('strict');
    await get('key', database); // opens it
    const transaction = vi.spyOn(IDBDatabase.prototype, 'transaction');
    await set('key', 1, database);
    expect(await get('key', database)).toBe(1);
    expect(transaction.mock.calls).toEqual([
      ['checkpoints', 'readwrite', { durability: 'strict' }],
      ['checkpoints', 'readonly', { durability: 'strict' }],
    ]);
  });

  it('lets another tab delete the database and opens a new one at the next use', async () => {
    const database = openCheckpointDatabase('deleted');
    await set('key', 1, database);
    await new Promise((resolve, reject) => {
      const request = indexedDB.deleteDatabase('deleted');
      request.onsuccess = resolve;
      request.onerror = reject;
    });
    expect(await get('key', database)).toBeUndefined();
  });

  it('tries again after opening failed', async () => {
    const open = vi.spyOn(indexedDB, 'open').mockImplementationOnce(() => {
      throw new DOMException('refused', 'SecurityError');
    });
    const database = openCheckpointDatabase('refused');
    await expect(get('key', database)).rejects.toThrow('refused');
    expect(await get('key', database)).toBeUndefined();
    expect(open).toHaveBeenCalledTimes(2);
  });
});

describe('checkpointSentinel', () => {
  /** An origin private file system of one directory. */
  function stubFiles(): Map<string, string> {
    const files = new Map<string, string>();
    const getFileHandle = async (name: string, options?: { create?: boolean }) => {
      if (!files.has(name) && !options?.create) throw new DOMException('no such file', 'NotFoundError');
      return {
        getFile: async () => new Blob([files.get(name)!]),
        createWritable: async () => {
          let text = '';
          return {
            write: async (more: string) => {
              text += more;
            },
            close: async () => void files.set(name, text),
          };
        },
      };
    };
    vi.stubGlobal('navigator', { storage: { getDirectory: async () => ({ getFileHandle }) } });
    return files;
  }

  it('remembers one text, replaced as a whole', async () => {
    const files = stubFiles();
    expect(await checkpointSentinel.get()).toBeNull();
    await checkpointSentinel.set('a longer text');
    await checkpointSentinel.set('short');
    expect(await checkpointSentinel.get()).toBe('short');
    expect([...files.keys()]).toEqual(['crpo-studio-checkpoints.json']);
  });
});
