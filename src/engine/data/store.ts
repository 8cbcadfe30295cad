/**
 * Datasets in the browser's database, so that a reload and the trainer find them again.
 *
 * An import writes batches under a number of its own and, last, a manifest under the dataset's id:
 * only a manifest makes a dataset visible, and it is one value, so an interrupted import leaves
 * nothing but batches without a manifest, which the next import sweeps away. The same file opened
 * twice is stored once. Imports must not overlap (the caller holds a lock across tabs), because one
 * would sweep the other's batches.
 */
import { delMany, get, getMany, keys, set, type UseStore, update } from 'idb-keyval';
import { type ClinicalCase, type DatasetSummary, StudioError } from '../../protocol';
import { databaseGuard } from '../database-guard';
import type { DatasetReading, DatasetSink } from './read';

/** Changes when the same bytes would be read into other cases. */
const FORMAT = 1;
const CACHED_BATCHES = 4;
const IMPORT_COUNTER = 'imports';

const guard = databaseGuard({
  subject: 'Datasets',
  makeRoom: 'Remove a dataset or delete checkpoints that you no longer need',
  again: 'open the file again',
});

interface Manifest {
  readonly format: number;
  readonly summary: DatasetSummary;
  /** The number in the keys of its batches. */
  readonly importNumber: number;
  /** Rows of each batch, in order. */
  readonly batchRows: readonly number[];
  readonly badBatches: number;
  readonly badLinesKept: number;
}

type BatchKey = readonly ['rows' | 'bad', importNumber: number, index: number];
type ManifestKey = readonly ['manifest', id: string];
type Key = BatchKey | ManifestKey | typeof IMPORT_COUNTER;

interface DatasetImport {
  readonly sink: DatasetSink;
  /** Makes the dataset visible. @returns the summary as stored */
  finish(reading: DatasetReading, synthetic: boolean): Promise<DatasetSummary>;
  /** Removes what was written. */
  abandon(): Promise<void>;
}

export interface StoredDataset {
  readonly summary: DatasetSummary;
  /** Cases; indices run from 0 to this, exclusive. */
  readonly count: number;
  /** @throws StudioError `dataset-damaged` if the case is no longer there; RangeError for an index outside */
  case(index: number): Promise<ClinicalCase>;
}

interface BadLinesFile {
  /** The lines as they stood in the file. */
  readonly parts: readonly Uint8Array<ArrayBuffer>[];
  readonly lines: number;
  readonly summary: DatasetSummary;
}

/** Begins an import, after sweeping what interrupted ones left. */
export async function beginImport(store: UseStore): Promise<DatasetImport> {
  await sweep(store);
  let importNumber = 0;
  await guard('start an import', async () => {
    await update<number>(
      IMPORT_COUNTER,
      (last) => {
        importNumber = (last ?? 0) + 1;
        return importNumber;
      },
      store,
    );
  });
  const batchRows: number[] = [];
  let badBatches = 0;
  const abandon = () => removeBatches(store, (number) => number === importNumber);
  return {
    sink: {
      async saveCases(batch) {
        await save(store, ['rows', importNumber, batchRows.length], batch);
        batchRows.push(batch.length);
      },
      async saveBadLines(bytes) {
        await save(store, ['bad', importNumber, badBatches], bytes);
        badBatches++;
      },
    },
    async finish({ summary: read, badLinesKept }, synthetic) {
      const earlier = await findManifest(store, read.id);
      if (earlier?.format === FORMAT && (await isWhole(store, earlier))) {
        // The same bytes, so the same cases: the stored ones stay, a run may be reading them.
        const { badLinesSkipped } = earlier.summary;
        const summary = { ...labelled(read, synthetic), badLinesSkipped };
        await save(store, ['manifest', read.id], { ...earlier, summary });
        await abandon();
        return summary;
      }
      const summary = labelled(read, synthetic);
      const manifest: Manifest = {
        format: FORMAT,
        summary,
        importNumber,
        batchRows,
        badBatches,
        badLinesKept,
      };
      await save(store, ['manifest', read.id], manifest);
      if (earlier !== undefined) await sweep(store);
      return summary;
    },
    abandon,
  };
}

/** A synthetic dataset shares a published layout, but neither its licence nor its citation. */
function labelled(summary: DatasetSummary, synthetic: boolean): DatasetSummary {
  if (!synthetic) return summary;
  const { licence: _licence, citation: _citation, ...own } = summary;
  return { ...own, synthetic: true };
}

/** All stored datasets, in the order of their import. */
export async function listDatasets(store: UseStore): Promise<readonly DatasetSummary[]> {
  const manifests = await guard('list the datasets', async () => {
    const manifestKeys = (await keys<Key>(store)).filter(isManifestKey);
    return getMany<Manifest>(manifestKeys, store);
  });
  return manifests
    .filter((manifest) => manifest !== undefined)
    .sort((a, b) => a.importNumber - b.importNumber)
    .map(({ summary }) => summary);
}

/** Notes whether bad lines stay out with the person's consent. @throws StudioError `dataset-not-found` */
export async function skipBadLines(store: UseStore, id: string, skip: boolean): Promise<DatasetSummary> {
  const manifest = await readManifest(store, id);
  const summary = { ...manifest.summary, badLinesSkipped: skip };
  await save(store, ['manifest', id], { ...manifest, summary });
  return summary;
}

/** @throws StudioError `dataset-not-found` */
export async function readBadLines(store: UseStore, id: string): Promise<BadLinesFile> {
  const { importNumber, badBatches, badLinesKept, summary } = await readManifest(store, id);
  const batchKeys = Array.from({ length: badBatches }, (_, index) => ['bad', importNumber, index]);
  const parts = await guard('read the bad lines', () => getMany<Uint8Array<ArrayBuffer>>(batchKeys, store));
  return { parts: parts.filter((part) => part !== undefined), lines: badLinesKept, summary };
}

/** Removes a dataset; one that is not there is no error. */
export async function removeDataset(store: UseStore, id: string): Promise<void> {
  const manifest = await findManifest(store, id);
  if (manifest === undefined) return;
  // First the manifest: if this is interrupted, a later sweep finds the batches.
  await guard('remove a dataset', () => delMany([['manifest', id]], store));
  await removeBatches(store, (number) => number === manifest.importNumber);
}

/** A stored dataset, read a batch at a time; a few batches stay in memory. @throws StudioError `dataset-not-found` */
export async function openDataset(store: UseStore, id: string): Promise<StoredDataset> {
  const { summary, importNumber, batchRows } = await readManifest(store, id);
  const starts: number[] = [];
  let count = 0;
  for (const rows of batchRows) {
    starts.push(count);
    count += rows;
  }
  const cache = new Map<number, Promise<readonly ClinicalCase[]>>();

  const readBatch = async (batch: number): Promise<readonly ClinicalCase[]> => {
    const key = ['rows', importNumber, batch];
    const cases = await guard('read a dataset', () => get<readonly ClinicalCase[]>(key, store));
    if (cases === undefined || cases.length !== batchRows[batch]) throw damaged(summary.name);
    return cases;
  };
  const batchOf = (batch: number): Promise<readonly ClinicalCase[]> => {
    const cached = cache.get(batch);
    cache.delete(batch);
    const cases = cached ?? readBatch(batch);
    // The map's order is the order of use; the first is the one unused for longest.
    cache.set(batch, cases);
    if (cache.size > CACHED_BATCHES) cache.delete(cache.keys().next().value!);
    cases.catch(() => cache.delete(batch));
    return cases;
  };

  return {
    summary,
    count,
    async case(index) {
      if (!Number.isInteger(index) || index < 0 || index >= count) {
        throw new RangeError(`internal: expected a case index from 0 to ${count - 1}, received ${index}`);
      }
      const batch = lastAtMost(starts, index);
      return (await batchOf(batch))[index - starts[batch]!]!;
    },
  };
}

/** Whether all batches of a manifest are there. */
async function isWhole(store: UseStore, manifest: Manifest): Promise<boolean> {
  const found = await guard('look up a dataset', () => keys<Key>(store));
  const rows = found.filter(
    (key) => isBatchKey(key) && key[0] === 'rows' && key[1] === manifest.importNumber,
  );
  return rows.length === manifest.batchRows.length;
}

/** Deletes the batches that no manifest names. */
async function sweep(store: UseStore): Promise<void> {
  const used = new Set<number>();
  await guard('tidy up', async () => {
    const manifestKeys = (await keys<Key>(store)).filter(isManifestKey);
    const manifests = await getMany<Manifest>(manifestKeys, store);
    for (const manifest of manifests) if (manifest !== undefined) used.add(manifest.importNumber);
  });
  await removeBatches(store, (number) => !used.has(number));
}

async function removeBatches(store: UseStore, unwanted: (importNumber: number) => boolean): Promise<void> {
  await guard('remove batches', async () => {
    const batches = (await keys<Key>(store)).filter((key) => isBatchKey(key) && unwanted(key[1]));
    if (batches.length > 0) await delMany(batches, store);
  });
}

function isManifestKey(key: Key): key is ManifestKey {
  return Array.isArray(key) && key[0] === 'manifest';
}

function isBatchKey(key: Key): key is BatchKey {
  return Array.isArray(key) && key[0] !== 'manifest';
}

async function findManifest(store: UseStore, id: string): Promise<Manifest | undefined> {
  return guard('look up a dataset', () => get<Manifest>(['manifest', id], store));
}

async function readManifest(store: UseStore, id: string): Promise<Manifest> {
  const manifest = await findManifest(store, id);
  if (manifest !== undefined) return manifest;
  throw new StudioError({
    boundary: 'storage',
    code: 'dataset-not-found',
    message: `Expected a stored dataset ${id.slice(0, 12)}…, received none.`,
    action: 'It may have been removed in another tab: open the file again.',
  });
}

async function save(store: UseStore, key: BatchKey | ManifestKey, value: unknown): Promise<void> {
  await guard('save a dataset', () => set(key, value, store));
}

function damaged(name: string): StudioError {
  return new StudioError({
    boundary: 'storage',
    code: 'dataset-damaged',
    message: `${name}: expected its cases in the browser's database, received none: they were removed or are damaged.`,
    action: 'Open the file again.',
    file: name,
  });
}

/** Index of the last of the ascending numbers that is at most `value`. */
function lastAtMost(ascending: readonly number[], value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (ascending[middle]! <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
