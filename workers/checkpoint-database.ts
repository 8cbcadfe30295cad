/**
 * Where checkpoints lie in this browser: an IndexedDB database for the store, and a file in the
 * origin's private file system for the sentinel, which damage to the database does not reach.
 */
import { promisifyRequest, type UseStore } from 'idb-keyval';
import type { Sentinel } from '../src/engine/checkpoint/sentinel';

const STORE = 'checkpoints';

/**
 * idb-keyval's own `createStore`, but with strict durability: a transaction is complete only once
 * its bytes are on the disk, so that a power cut does not undo what was acknowledged.
 */
export function openCheckpointDatabase(name = 'crpo-studio-checkpoints'): UseStore {
  let opening: Promise<IDBDatabase> | null = null;
  const open = async (): Promise<IDBDatabase> => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    const database = await promisifyRequest(request);
    const reset = () => {
      opening = null;
    };
    database.onclose = reset;
    // Another tab wants to delete or upgrade the database: let it, and open again at the next use.
    database.onversionchange = () => {
      database.close();
      reset();
    };
    return database;
  };
  return async (mode, callback) => {
    opening ??= open().catch((error: unknown) => {
      opening = null;
      throw error;
    });
    const database = await opening;
    return callback(database.transaction(STORE, mode, { durability: 'strict' }).objectStore(STORE));
  };
}

const SENTINEL_FILE = 'crpo-studio-checkpoints.json';

/** A text file beside the database. Closing its writable replaces it in one step. */
export const checkpointSentinel: Sentinel = {
  async get() {
    const root = await navigator.storage.getDirectory();
    const file = await root.getFileHandle(SENTINEL_FILE).then(
      (handle) => handle.getFile(),
      (error: unknown) => {
        if (error instanceof DOMException && error.name === 'NotFoundError') return null;
        throw error;
      },
    );
    return file === null ? null : file.text();
  },
  async set(text) {
    const root = await navigator.storage.getDirectory();
    const handle = await root.getFileHandle(SENTINEL_FILE, { create: true });
    const writable = await handle.createWritable();
    await writable.write(text);
    await writable.close();
  },
};
