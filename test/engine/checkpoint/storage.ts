/** Storage for tests: a fresh database, ways to break it, and small folders. */
import { IDBFactory } from 'fake-indexeddb';
import { promisifyRequest, type UseStore } from 'idb-keyval';
import type { CheckpointFacts } from '../../../src/engine/checkpoint/facts';
import type { Sentinel } from '../../../src/engine/checkpoint/sentinel';
import { bytesSource, type Folder } from '../../../src/engine/files';

export function freshDatabase(): UseStore {
  const request = new IDBFactory().open('test', 1);
  request.onupgradeneeded = () => request.result.createObjectStore('test');
  const opening = promisifyRequest<IDBDatabase>(request as IDBRequest<IDBDatabase>);
  return async (mode, callback) => callback((await opening).transaction('test', mode).objectStore('test'));
}

const KILLED = new Error('killed');

/**
 * The database of a process that is killed at its `operations`-th transaction: that one is lost
 * (`before`) or done without anyone learning of it (`after`), and nothing comes later.
 */
export function killedAfter(database: UseStore, operations: number, when: 'before' | 'after'): UseStore {
  let left = operations;
  return async (mode, callback) => {
    if (left < 0 || (left === 0 && when === 'before')) {
      left = -1;
      throw KILLED;
    }
    const result = await database(mode, callback);
    if (left-- === 0) throw KILLED;
    return result;
  };
}

export function memorySentinel(): Sentinel & { text: string | null } {
  return {
    text: null,
    async get() {
      return this.text;
    },
    async set(text) {
      this.text = text;
    },
  };
}

export function facts(id: string, more: Partial<CheckpointFacts> = {}): CheckpointFacts {
  return {
    id,
    runId: 'run-1',
    runName: 'brisk-heron',
    modelName: 'starter',
    step: 40,
    createdAt: '2026-11-22T10:00:00.000Z',
    metrics: { reward: 0.5 },
    reason: 'interval',
    ...more,
  };
}

export function folderOf(files: Record<string, Uint8Array<ArrayBuffer>>): Folder {
  return new Map(Object.entries(files).map(([path, bytes]) => [path, bytesSource(path, bytes)]));
}

/** Every file of a folder, read whole. */
export async function contents(folder: Folder): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  for (const [path, source] of folder) files[path] = await source.read(0, source.size);
  return files;
}

/** Bytes that look random and depend on `seed` alone (xorshift32). */
export function noise(length: number, seed: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = seed * 2654435761 + 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}
