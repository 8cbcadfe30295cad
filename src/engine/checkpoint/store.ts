/**
 * Checkpoints in a key-value database that may be killed between any two transactions.
 *
 * A file is cut into chunks, each stored once under its SHA-256 in a transaction of its own, so that
 * files two checkpoints share (the frozen base under LoRA) take their place once. The record that
 * names the chunks is written last, in one transaction: before it there is no checkpoint, after it
 * there is a whole one. Chunks that no record names are swept when the store opens and after deletions.
 * Every chunk is hashed again when it is read.
 *
 * One writer at a time: within a store calls queue up; between tabs the trainer's lock sees to it.
 */
import { delMany, get, getMany, keys, set, type UseStore } from 'idb-keyval';
import { type ErrorRecord, StudioError } from '../../protocol/errors';
import type { CheckpointSummary, StorageReport } from '../../protocol/records';
import type { ByteSource, Folder } from '../files';
import { type CheckpointFacts, labelOf } from './facts';
import { sha256 } from './hash';
import { chunkSizes, decodeRecord, encodeRecord, type ReadableRecord, type StoredFile } from './manifest';
import { type Sentinel, SentinelList } from './sentinel';
import { databaseError, notFound, quotaError } from './store-errors';
import { ChunkReader } from './stored-source';

export interface CheckpointStoreOptions {
  /** Its transactions should be of strict durability, or a power cut may undo what was acknowledged. */
  readonly database: UseStore;
  readonly sentinel: Sentinel;
  /** At most 32 MiB: some browsers fail on much larger values. */
  readonly chunkBytes?: number;
}

/** What the browser says of its storage. */
export type HostStorage = Pick<StorageReport, 'usageBytes' | 'quotaBytes' | 'persisted'>;

const CHUNK_BYTES = 32 * 2 ** 20;
const RECORD = 'checkpoint/';
const CHUNK = 'chunk/';
const AUTOMATIC: ReadonlySet<CheckpointSummary['reason']> = new Set(['interval', 'hide', 'pause']);

interface Records {
  readonly readable: ReadonlyMap<string, ReadableRecord>;
  readonly unreadable: ReadonlyMap<string, StudioError>;
}

export class CheckpointStore {
  /** Chunks that this session wrote, or read and found whole. */
  private readonly sound = new Set<string>();
  private queue: Promise<unknown> = Promise.resolve();
  private lost: ErrorRecord | null = null;

  private constructor(
    private readonly database: UseStore,
    private readonly sentinel: SentinelList,
    private readonly chunkBytes: number,
  ) {}

  /** Sweeps what a killed save left behind, and notices checkpoints that vanished. */
  static async open({ database, sentinel, chunkBytes }: CheckpointStoreOptions): Promise<CheckpointStore> {
    const store = new CheckpointStore(database, new SentinelList(sentinel), chunkBytes ?? CHUNK_BYTES);
    const { readable, unreadable } = await store.records();
    store.lost = await store.sentinel.lost(new Set([...readable.keys(), ...unreadable.keys()]));
    await store.exclusive(() => store.sweep());
    return store;
  }

  /** Newest first, the trash included. Checkpoints that cannot be read are in `report().lost` instead. */
  async list(): Promise<readonly CheckpointSummary[]> {
    const { readable } = await this.records();
    return [...readable.values()].sort((a, b) => b.manifest.order - a.manifest.order).map(summaryOf);
  }

  /** Bytes as stored: a chunk that several checkpoints share counts once, and as trash only if all are. */
  async report(host: HostStorage): Promise<StorageReport> {
    const { readable, unreadable } = await this.records();
    const sizes = this.sizes(readable);
    const lost = this.lost ?? [...unreadable.values()][0]?.record;
    return { ...host, ...sizes, ...(lost === undefined ? {} : { lost }) };
  }

  /**
   * Stores a folder; the checkpoint exists once this resolves, and not at all if it rejects. The
   * sources must not change meanwhile. Rejects with `quota-exceeded` or `database-failed`.
   */
  save(facts: CheckpointFacts, folder: Folder): Promise<CheckpointSummary> {
    return this.exclusive(async () => {
      const { readable } = await this.records();
      const order = Math.max(0, ...[...readable.values()].map(({ manifest }) => manifest.order)) + 1;
      try {
        const present = new Set(await this.keysWith(CHUNK));
        const files: StoredFile[] = [];
        for (const [path, source] of folder) {
          files.push({ path, bytes: source.size, chunks: await this.storeChunks(source, present) });
        }
        const manifest = { version: 1, order, chunkBytes: this.chunkBytes, facts, files } as const;
        const record = await encodeRecord(manifest);
        await set(RECORD + facts.id, record, this.database);
        await this.remember(new Map(readable).set(facts.id, { record, manifest }));
        return summaryOf({ record, manifest });
      } catch (error) {
        await this.sweep().catch(() => undefined); // The first error is the one to tell; the next start sweeps again.
        if (error instanceof StudioError) throw error;
        const isQuota = (error as { name?: unknown } | null)?.name === 'QuotaExceededError';
        throw isQuota
          ? quotaError(facts, await this.list(), this.sizes(readable), error)
          : databaseError('save', error);
      }
    });
  }

  /** A checkpoint's files, read and checked chunk by chunk as they are asked for. */
  async open(id: string): Promise<Folder> {
    const { manifest } = await this.find(id);
    const reader = new ChunkReader(labelOf(manifest.facts), manifest.chunkBytes, (hash) =>
      this.io('read', () => get(CHUNK + hash, this.database)),
    );
    return new Map(manifest.files.map((file) => [file.path, reader.source(file)]));
  }

  /** Moves to the trash; what cannot be read goes for good. */
  delete(id: string): Promise<void> {
    return this.exclusive(async () => {
      const { readable, unreadable } = await this.records();
      if (unreadable.has(id)) await this.forget([id], readable);
      else await this.flag(id, true);
    });
  }

  restore(id: string): Promise<void> {
    return this.exclusive(() => this.flag(id, false));
  }

  /** Removes what is in the trash, and the records that are damaged beyond reading. */
  emptyTrash(): Promise<void> {
    return this.exclusive(async () => {
      const { readable, unreadable } = await this.records();
      const trash = [...readable].filter(([, { record }]) => record.deleted);
      const damaged = [...unreadable].filter(
        ([, error]) => error.record.code === 'checkpoint-manifest-damaged',
      );
      await this.forget(
        [...trash, ...damaged].map(([id]) => id),
        readable,
      );
    });
  }

  /** Keeps the newest `keep` of a run's automatic checkpoints; the older ones go for good, not to the trash. */
  pruneAutomatic(runId: string, keep: number): Promise<void> {
    return this.exclusive(async () => {
      const { readable } = await this.records();
      const automatic = [...readable.values()]
        .filter(({ record, manifest }) => !record.deleted && manifest.facts.runId === runId)
        .filter(({ manifest }) => AUTOMATIC.has(manifest.facts.reason))
        .sort((a, b) => b.manifest.order - a.manifest.order);
      const old = automatic.slice(Math.max(keep, 1)).map(({ manifest }) => manifest.facts.id);
      if (old.length > 0) await this.forget(old, readable);
    });
  }

  /** Hashes of the source's chunks, each stored if it is not there yet. */
  private async storeChunks(source: ByteSource, present: Set<string>): Promise<string[]> {
    const hashes: string[] = [];
    for (let start = 0; start < source.size; start += this.chunkBytes) {
      const bytes = await source.read(start, Math.min(start + this.chunkBytes, source.size));
      const hash = await sha256(bytes);
      hashes.push(hash);
      if (present.has(CHUNK + hash) && (await this.isSound(hash))) continue;
      // A view would store all of the buffer it looks into.
      const exact = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
      await set(CHUNK + hash, exact.buffer, this.database);
      present.add(CHUNK + hash);
      this.sound.add(hash);
    }
    return hashes;
  }

  /** A chunk that another checkpoint stored is trusted only after it was read whole once in this session. */
  private async isSound(hash: string): Promise<boolean> {
    if (this.sound.has(hash)) return true;
    const value: unknown = await get(CHUNK + hash, this.database);
    const isWhole = value instanceof ArrayBuffer && (await sha256(new Uint8Array(value))) === hash;
    if (isWhole) this.sound.add(hash);
    return isWhole;
  }

  private async flag(id: string, deleted: boolean): Promise<void> {
    const { record } = await this.find(id);
    await this.io('update', () => set(RECORD + id, { ...record, deleted }, this.database));
  }

  /** The sentinel forgets first: a kill in between must not look like a loss. */
  private async forget(ids: readonly string[], readable: Records['readable']): Promise<void> {
    const remaining = new Map(readable);
    for (const id of ids) remaining.delete(id);
    await this.remember(remaining);
    await this.io('delete', () =>
      delMany(
        ids.map((id) => RECORD + id),
        this.database,
      ),
    );
    await this.sweep();
  }

  private remember(readable: Records['readable']): Promise<void> {
    return this.sentinel.remember([...readable].map(([id, { manifest }]) => [id, labelOf(manifest.facts)]));
  }

  /** While a record cannot be read, its chunks are unknown, and nothing is swept. */
  private async sweep(): Promise<void> {
    const { readable, unreadable } = await this.records();
    if (unreadable.size > 0) return;
    const used = new Set<string>();
    for (const { manifest } of readable.values())
      for (const hash of chunkSizes(manifest).keys()) used.add(CHUNK + hash);
    const orphans = (await this.keysWith(CHUNK)).filter((key) => !used.has(key));
    if (orphans.length === 0) return;
    for (const key of orphans) this.sound.delete(key.slice(CHUNK.length));
    await this.io('delete', () => delMany(orphans, this.database));
  }

  private async records(): Promise<Records> {
    const names = await this.keysWith(RECORD);
    const values = await this.io('read', () => getMany<unknown>(names, this.database));
    const readable = new Map<string, ReadableRecord>();
    const unreadable = new Map<string, StudioError>();
    for (const [i, name] of names.entries()) {
      const id = name.slice(RECORD.length);
      if (values[i] === undefined) continue; // deleted since its key was read
      try {
        readable.set(id, await decodeRecord(id, values[i]));
      } catch (error) {
        if (!(error instanceof StudioError)) throw error;
        unreadable.set(id, error);
      }
    }
    return { readable, unreadable };
  }

  private async find(id: string): Promise<ReadableRecord> {
    const value = await this.io('read', () => get<unknown>(RECORD + id, this.database));
    if (value === undefined) throw notFound(id);
    return decodeRecord(id, value);
  }

  private sizes(readable: Records['readable']): Pick<StorageReport, 'checkpointBytes' | 'trashBytes'> {
    const kept = new Map<string, number>();
    const trash = new Map<string, number>();
    for (const { record, manifest } of readable.values()) {
      for (const [hash, bytes] of chunkSizes(manifest)) (record.deleted ? trash : kept).set(hash, bytes);
    }
    const sum = (sizes: Iterable<number>) => [...sizes].reduce((total, bytes) => total + bytes, 0);
    const onlyTrash = [...trash].filter(([hash]) => !kept.has(hash)).map(([, bytes]) => bytes);
    return { checkpointBytes: sum(kept.values()), trashBytes: sum(onlyTrash) };
  }

  private async keysWith(prefix: string): Promise<string[]> {
    const all = await this.io('read', () => keys(this.database));
    return all.filter((key): key is string => typeof key === 'string' && key.startsWith(prefix));
  }

  private async io<T>(what: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw databaseError(what, error);
    }
  }

  private exclusive<T>(task: () => Promise<T>): Promise<T> {
    const result = this.queue.then(task);
    this.queue = result.catch(() => undefined);
    return result;
  }
}

function summaryOf({ record, manifest }: ReadableRecord): CheckpointSummary {
  const bytes = manifest.files.reduce((total, file) => total + file.bytes, 0);
  return { ...manifest.facts, bytes, sha256: record.sha256, deleted: record.deleted };
}
