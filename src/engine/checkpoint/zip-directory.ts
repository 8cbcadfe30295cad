/**
 * The central directory of a zip from a stranger: read once, checked whole, before any entry is
 * believed. Names stay inside the folder and differ; entries lie inside the file and do not overlap;
 * each local header says what the directory says; sizes and ratios are bounded.
 *
 * Zip64, encryption, several disks and methods other than "stored" and "deflate" are refused by name.
 * Format: PKWARE APPNOTE 6.3.
 */
import { StudioError } from '../../protocol/errors';
import type { ByteSource } from '../files';

export interface ZipEntry {
  readonly path: string;
  readonly method: 'stored' | 'deflate';
  readonly crc: number;
  readonly compressedBytes: number;
  readonly bytes: number;
  /** First byte of the data in the zip. */
  readonly start: number;
}

export interface ZipLimits {
  readonly entries: number;
  /** Of all entries, unpacked. */
  readonly totalBytes: number;
  /** Of all compressed entries, unpacked: they are unpacked in memory. */
  readonly inflatedBytes: number;
  /** Unpacked over packed, for entries larger than 16 MiB. Ordinary text stays under 50. */
  readonly ratio: number;
}

/** Room for a checkpoint of a model with two billion parameters; no room for a bomb. */
export const ZIP_LIMITS: ZipLimits = {
  entries: 2000,
  totalBytes: 2 ** 34,
  inflatedBytes: 2 ** 31,
  ratio: 200,
};

const RATIO_FREE_BYTES = 16 * 2 ** 20;
const END_BYTES = 22;
const MAX_COMMENT_BYTES = 0xffff;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
const MAX_DIRECTORY_BYTES = 4 * 2 ** 20;
const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;

/** What the directory says of an entry, not yet compared with its local header. */
interface ListedEntry extends Omit<ZipEntry, 'start'> {
  readonly localStart: number;
  readonly flags: number;
  readonly nameBytes: Uint8Array;
}

export async function readDirectory(zip: ByteSource, limits: ZipLimits): Promise<readonly ZipEntry[]> {
  const end = await findEnd(zip, limits);
  const bytes = await zip.read(end.directoryStart, end.directoryStart + end.directoryBytes);
  const listed = listEntries(bytes, end.entries, zip.name);
  checkNames(listed, zip.name);
  checkSizes(listed, limits, zip.name);
  return placeEntries(
    listed.filter(({ path }) => !path.endsWith('/')),
    zip,
    end.directoryStart,
  );
}

export function zipError(code: string, file: string, expectation: string, action?: string): StudioError {
  return new StudioError({
    boundary: 'data',
    code,
    message: `${file}: ${expectation}.`,
    action: action ?? 'The zip is damaged or was made to mislead: export or download it again.',
    file,
  });
}

interface DirectoryEnd {
  readonly entries: number;
  readonly directoryStart: number;
  readonly directoryBytes: number;
}

async function findEnd(zip: ByteSource, limits: ZipLimits): Promise<DirectoryEnd> {
  const tailStart = Math.max(0, zip.size - END_BYTES - MAX_COMMENT_BYTES);
  const tail = await zip.read(tailStart, zip.size);
  const view = viewOf(tail);
  let at = tail.length - END_BYTES;
  while (
    at >= 0 &&
    !(
      view.getUint32(at, true) === END_SIGNATURE &&
      view.getUint16(at + 20, true) === tail.length - END_BYTES - at
    )
  )
    at--;
  if (at < 0)
    throw zipError('zip-end-missing', zip.name, 'expected a zip to end in its directory, received none');
  const [disk, directoryDisk, entriesHere, entries] = [4, 6, 8, 10].map((field) =>
    view.getUint16(at + field, true),
  ) as FourNumbers;
  const directoryBytes = view.getUint32(at + 12, true);
  const directoryStart = view.getUint32(at + 16, true);
  if (entries === 0xffff || directoryBytes === 0xffffffff || directoryStart === 0xffffffff)
    throw zip64Error(zip.name);
  if (disk !== 0 || directoryDisk !== 0 || entriesHere !== entries) {
    throw zipError('zip-several-disks', zip.name, 'expected a zip of one part, received one of several');
  }
  if (entries > limits.entries) {
    throw zipError(
      'zip-too-many-entries',
      zip.name,
      `expected at most ${limits.entries} entries, received ${entries}`,
    );
  }
  if (directoryStart + directoryBytes !== tailStart + at || directoryBytes > MAX_DIRECTORY_BYTES) {
    const received = `${directoryBytes} bytes from byte ${directoryStart} in a file of ${zip.size}`;
    throw zipError(
      'zip-directory-place',
      zip.name,
      `expected the directory right before its end record, received ${received}`,
    );
  }
  return { entries, directoryStart, directoryBytes };
}

type FourNumbers = [number, number, number, number];

function listEntries(bytes: Uint8Array<ArrayBuffer>, count: number, file: string): ListedEntry[] {
  const view = viewOf(bytes);
  const entries: ListedEntry[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + ENTRY_BYTES > bytes.length || view.getUint32(at, true) !== ENTRY_SIGNATURE) {
      throw zipError(
        'zip-directory-damaged',
        file,
        `expected ${count} entries in the directory, received ${i} whole ones`,
      );
    }
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) =>
      view.getUint16(at + field, true),
    ) as ThreeNumbers;
    const next = at + ENTRY_BYTES + nameLength + extraLength + commentLength;
    if (next > bytes.length) {
      throw zipError(
        'zip-directory-damaged',
        file,
        `expected ${count} entries in the directory, received ${i} whole ones`,
      );
    }
    const nameBytes = bytes.subarray(at + ENTRY_BYTES, at + ENTRY_BYTES + nameLength);
    entries.push(listEntry(view, at, nameBytes, file));
    at = next;
  }
  if (at !== bytes.length) {
    throw zipError(
      'zip-directory-damaged',
      file,
      `expected a directory of ${bytes.length} bytes, received entries of ${at}`,
    );
  }
  return entries;
}

type ThreeNumbers = [number, number, number];

function listEntry(view: DataView, at: number, nameBytes: Uint8Array, file: string): ListedEntry {
  const path = decodeName(nameBytes, file);
  const flags = view.getUint16(at + 8, true);
  const method = view.getUint16(at + 10, true);
  const compressedBytes = view.getUint32(at + 20, true);
  const bytes = view.getUint32(at + 24, true);
  const localStart = view.getUint32(at + 42, true);
  if ([compressedBytes, bytes, localStart].includes(0xffffffff)) throw zip64Error(file);
  if (flags & 1) {
    throw zipError(
      'zip-encrypted',
      file,
      `expected plain entries, received ${show(path)} encrypted`,
      'Unpack it with its password and zip it again.',
    );
  }
  if (method !== 0 && method !== 8) {
    const action = 'Unpack it and zip it again with deflate, or without compression.';
    throw zipError(
      'zip-method',
      file,
      `expected ${show(path)} stored or deflated, received method ${method}`,
      action,
    );
  }
  const isUnix = view.getUint16(at + 4, true) >> 8 === 3;
  if (isUnix && view.getUint32(at + 38, true) >>> 28 === 0xa) {
    throw zipError('zip-link', file, `expected files, received ${show(path)} as a symbolic link`);
  }
  if (method === 0 && compressedBytes !== bytes) {
    throw zipError(
      'zip-size',
      file,
      `expected ${show(path)} stored in ${bytes} bytes, received ${compressedBytes}`,
    );
  }
  const crc = view.getUint32(at + 16, true);
  return {
    path,
    method: method === 0 ? 'stored' : 'deflate',
    crc,
    compressedBytes,
    bytes,
    localStart,
    flags,
    nameBytes,
  };
}

function decodeName(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw zipError('zip-name', file, 'expected names in UTF-8, received other bytes');
  }
}

function checkNames(entries: readonly ListedEntry[], file: string): void {
  const seen = new Set<string>();
  for (const { path, bytes } of entries) {
    const isDirectory = path.endsWith('/');
    const segments = (isDirectory ? path.slice(0, -1) : path).split('/');
    const isInside = segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
    if (!isInside || /[\\\u0000-\u001f\u007f]|^[A-Za-z]:/.test(path) || path.length > 1000) {
      throw zipError(
        'zip-name',
        file,
        `expected names of files inside the zip's folder, received ${show(path)}`,
      );
    }
    if (seen.has(path))
      throw zipError('zip-name-twice', file, `expected each name once, received ${show(path)} twice`);
    if (isDirectory && bytes > 0)
      throw zipError('zip-size', file, `expected the directory ${show(path)} empty, received ${bytes} bytes`);
    seen.add(path);
  }
}

function checkSizes(entries: readonly ListedEntry[], limits: ZipLimits, file: string): void {
  const again = 'If the zip is yours, pack it again without compression (zip -0).';
  let total = 0;
  let inflated = 0;
  for (const { path, method, bytes, compressedBytes } of entries) {
    total += bytes;
    if (method === 'deflate') inflated += bytes;
    if (bytes > RATIO_FREE_BYTES && bytes > limits.ratio * compressedBytes) {
      throw zipError(
        'zip-ratio',
        file,
        `expected ${show(path)} to unpack to at most ${limits.ratio} times its size, received ${bytes} bytes from ${compressedBytes}`,
        again,
      );
    }
  }
  if (total > limits.totalBytes) {
    throw zipError(
      'zip-total-size',
      file,
      `expected at most ${limits.totalBytes} bytes unpacked, received ${total}`,
    );
  }
  if (inflated > limits.inflatedBytes) {
    throw zipError(
      'zip-total-size',
      file,
      `expected at most ${limits.inflatedBytes} bytes of compressed files, received ${inflated}`,
      again,
    );
  }
}

/** Finds each entry's data behind its local header, which must agree with the directory. */
async function placeEntries(
  listed: readonly ListedEntry[],
  zip: ByteSource,
  directoryStart: number,
): Promise<ZipEntry[]> {
  const entries: ZipEntry[] = [];
  let previousEnd = 0;
  for (const entry of [...listed].sort((a, b) => a.localStart - b.localStart)) {
    const { path, method, crc, compressedBytes, bytes, localStart, nameBytes } = entry;
    const nameEnd = localStart + LOCAL_BYTES + nameBytes.length;
    if (nameEnd > directoryStart) throw outside(entry, zip.name);
    const header = await zip.read(localStart, nameEnd);
    const view = viewOf(header);
    if (!agrees(view, header.subarray(LOCAL_BYTES), entry)) {
      throw zipError(
        'zip-local-header',
        zip.name,
        `expected the header of ${show(path)} to say what the directory says, received another`,
      );
    }
    const start = nameEnd + view.getUint16(28, true);
    if (start + compressedBytes > directoryStart) throw outside(entry, zip.name);
    if (localStart < previousEnd) {
      throw zipError(
        'zip-overlap',
        zip.name,
        `expected entries one after another, received ${show(path)} inside another`,
      );
    }
    previousEnd = start + compressedBytes;
    entries.push({ path, method, crc, compressedBytes, bytes, start });
  }
  return entries;
}

/** Flag 3: a descriptor after the data holds checksum and sizes, the local header may hold zeros. */
function agrees(view: DataView, nameBytes: Uint8Array, entry: ListedEntry): boolean {
  const hasDescriptor = (entry.flags & 8) !== 0;
  const same = (offset: number, value: number) => {
    const local = view.getUint32(offset, true);
    return local === value || (hasDescriptor && local === 0);
  };
  return (
    view.getUint32(0, true) === LOCAL_SIGNATURE &&
    view.getUint16(6, true) === entry.flags &&
    view.getUint16(8, true) === (entry.method === 'stored' ? 0 : 8) &&
    same(14, entry.crc) &&
    same(18, entry.compressedBytes) &&
    same(22, entry.bytes) &&
    view.getUint16(26, true) === entry.nameBytes.length &&
    nameBytes.every((byte, i) => byte === entry.nameBytes[i])
  );
}

function outside({ path }: ListedEntry, file: string): StudioError {
  return zipError(
    'zip-entry-outside',
    file,
    `expected the data of ${show(path)} before the directory, received a place beyond it`,
  );
}

function zip64Error(file: string): StudioError {
  const action = 'Unpack it; what it holds is larger than 4 GiB or was packed for it.';
  return zipError('zip-zip64', file, 'expected an ordinary zip, received the 64-bit kind', action);
}

function viewOf(bytes: Uint8Array<ArrayBuffer>): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A name from the zip, shortened and with control characters escaped. */
function show(path: string): string {
  return JSON.stringify(path.length > 120 ? `${path.slice(0, 120)}…` : path);
}
