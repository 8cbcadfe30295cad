/**
 * Zips: written as a stream, read as a folder. Packing is fflate's; the directory, the bounds and the
 * checksums are read here, because fflate keeps `../` in names and cuts an entry to a declared size
 * without a word.
 */
import { Inflate, Zip, ZipDeflate, ZipPassThrough } from 'fflate';
import { StudioError } from '../../protocol/errors';
import { type ByteSource, bytesSource, type Folder } from '../files';
import { Crc32 } from './crc32';
import { readDirectory, ZIP_LIMITS, type ZipEntry, type ZipLimits, zipError } from './zip-directory';

const READ_BYTES = 4 * 2 ** 20;
/** A piece of deflated data at its best ratio, 1032, unpacks to 64 MiB. */
const INFLATE_BYTES = 64 * 2 ** 10;
const MAX_ZIP_BYTES = 2 ** 32 - 1;
/** The earliest date that a zip can tell: the same folder gives the same zip, whenever it is packed. */
const NO_DATE = new Date(1980, 0, 1);

/**
 * The zip's bytes, piece by piece: `.safetensors` as they are, everything else deflated. Whoever
 * collects the pieces should hand each to a `Blob` or a file at once, so that memory holds only one.
 * Throws `zip-too-large` beyond 4 GiB.
 */
export async function* writeZip(folder: Folder): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const expectedBytes = [...folder].reduce(
    (total, [path, { size }]) => total + size + 4 * path.length + 200,
    0,
  );
  if (expectedBytes > MAX_ZIP_BYTES) {
    const action = 'Export the adapter alone, or train a smaller model.';
    throw zipError(
      'zip-too-large',
      'The export',
      `expected at most 4 GiB in a zip, received ${expectedBytes} bytes`,
      action,
    );
  }
  const ready: Uint8Array<ArrayBuffer>[] = [];
  const zip = new Zip((error, bytes) => {
    if (error) throw error;
    ready.push(bytes as Uint8Array<ArrayBuffer>);
  });
  for (const [path, source] of folder) {
    const entry = path.endsWith('.safetensors')
      ? new ZipPassThrough(path)
      : new ZipDeflate(path, { level: 6 });
    entry.mtime = NO_DATE;
    zip.add(entry);
    let end = 0;
    do {
      const start = end;
      end = Math.min(start + READ_BYTES, source.size);
      entry.push(await source.read(start, end), end === source.size);
      yield* ready.splice(0);
    } while (end < source.size);
  }
  zip.end();
  yield* ready;
}

/**
 * The zip as a folder. Stored entries are read in ranges, deflated ones unpacked whole at their first
 * use; either is compared with its checksum before the first byte is given. Rejects with a
 * `StudioError` of boundary `data` that names the zip or the entry.
 */
export async function openZip(zip: ByteSource, limits: ZipLimits = ZIP_LIMITS): Promise<Folder> {
  const entries = await readDirectory(zip, limits);
  return new Map(
    entries.map((entry) => [
      entry.path,
      entry.method === 'stored' ? storedSource(zip, entry) : deflatedSource(zip, entry),
    ]),
  );
}

function storedSource(zip: ByteSource, entry: ZipEntry): ByteSource {
  let checked: Promise<void> | null = null;
  return {
    name: entry.path,
    size: entry.bytes,
    async read(start, end) {
      checked ??= checkStored(zip, entry);
      await checked;
      return zip.read(entry.start + start, entry.start + end);
    },
  };
}

function deflatedSource(zip: ByteSource, entry: ZipEntry): ByteSource {
  let unpacked: Promise<ByteSource> | null = null;
  return {
    name: entry.path,
    size: entry.bytes,
    async read(start, end) {
      unpacked ??= inflate(zip, entry).then((bytes) => bytesSource(entry.path, bytes));
      return (await unpacked).read(start, end);
    },
  };
}

async function checkStored(zip: ByteSource, entry: ZipEntry): Promise<void> {
  const crc = new Crc32();
  for await (const piece of pieces(zip, entry, READ_BYTES)) crc.update(piece);
  checkCrc(crc, entry);
}

async function inflate(zip: ByteSource, entry: ZipEntry): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = allocate(entry);
  const crc = new Crc32();
  let filled = 0;
  const stream = new Inflate((piece) => {
    if (filled + piece.length > bytes.length) throw sizeError(entry, 'more');
    bytes.set(piece, filled);
    crc.update(piece);
    filled += piece.length;
  });
  try {
    let packedBytes = 0;
    for await (const piece of pieces(zip, entry, INFLATE_BYTES)) {
      packedBytes += piece.length;
      stream.push(piece, packedBytes === entry.compressedBytes);
    }
  } catch (cause) {
    if (cause instanceof StudioError) throw cause;
    const received = cause instanceof Error ? cause.message : String(cause);
    throw zipError(
      'zip-deflate',
      entry.path,
      `expected deflated data, received what does not unpack (${received})`,
    );
  }
  if (filled < bytes.length) throw sizeError(entry, `${filled}`);
  checkCrc(crc, entry);
  return bytes;
}

function allocate(entry: ZipEntry): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(entry.bytes);
  } catch {
    const expectation = `expected to unpack into memory, received ${entry.bytes} bytes, more than there is`;
    throw zipError('zip-memory', entry.path, expectation, 'Pack the zip again without compression (zip -0).');
  }
}

async function* pieces(zip: ByteSource, { start, compressedBytes }: ZipEntry, pieceBytes: number) {
  const end = start + compressedBytes;
  for (let at = start; at < end; at += pieceBytes) yield await zip.read(at, Math.min(at + pieceBytes, end));
}

function checkCrc(crc: Crc32, entry: ZipEntry): void {
  if (crc.value === entry.crc) return;
  const [expected, received] = [entry.crc, crc.value].map((value) => value.toString(16).padStart(8, '0'));
  throw zipError('zip-crc', entry.path, `expected data with the checksum ${expected}, received ${received}`);
}

function sizeError(entry: ZipEntry, received: string): StudioError {
  return zipError('zip-size', entry.path, `expected ${entry.bytes} bytes unpacked, received ${received}`);
}
