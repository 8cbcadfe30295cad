/** Zips byte by byte, so that a test can lie in any field. CRC and deflate come from Node's zlib. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface RawEntry {
  readonly name: string | Uint8Array;
  readonly data: Uint8Array;
  readonly deflate?: boolean;
  /** Fields to overwrite, in the directory and in the local header alike. */
  readonly lie?: Partial<Fields>;
  /** Fields to overwrite in the local header alone. */
  readonly localLie?: Partial<Fields>;
  /** The directory points here instead. */
  readonly localStart?: number;
}

interface Fields {
  madeBy: number;
  flags: number;
  method: number;
  crc: number;
  compressed: number;
  bytes: number;
  attributes: number;
}

export interface RawEnd {
  entries?: number;
  entriesHere?: number;
  disk?: number;
  directoryStart?: number;
  directoryBytes?: number;
  comment?: string;
}

export function rawZip(entries: readonly RawEntry[], end: RawEnd = {}): Uint8Array<ArrayBuffer> {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name as string);
    const data = entry.deflate ? deflateRawSync(entry.data) : Buffer.from(entry.data);
    const fields: Fields = {
      madeBy: 20,
      flags: 0,
      method: entry.deflate ? 8 : 0,
      crc: crc32(entry.data),
      compressed: data.length,
      bytes: entry.data.length,
      attributes: 0,
      ...entry.lie,
    };
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    writeShared(local, 4, { ...fields, ...entry.localLie });
    local.writeUInt16LE(name.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(fields.madeBy, 4);
    writeShared(central, 6, fields);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(fields.attributes, 38);
    central.writeUInt32LE(entry.localStart ?? offset, 42);
    locals.push(local, name, data);
    directory.push(central, name);
    offset += local.length + name.length + data.length;
  }
  const central = Buffer.concat(directory);
  const comment = Buffer.from(end.comment ?? '');
  const tail = Buffer.alloc(22);
  tail.writeUInt32LE(0x06054b50, 0);
  tail.writeUInt16LE(end.disk ?? 0, 4);
  tail.writeUInt16LE(end.entriesHere ?? end.entries ?? entries.length, 8);
  tail.writeUInt16LE(end.entries ?? entries.length, 10);
  tail.writeUInt32LE(end.directoryBytes ?? central.length, 12);
  tail.writeUInt32LE(end.directoryStart ?? offset, 16);
  tail.writeUInt16LE(comment.length, 20);
  return new Uint8Array(Buffer.concat([...locals, central, tail, comment]));
}

function writeShared(into: Buffer, at: number, { flags, method, crc, compressed, bytes }: Fields): void {
  into.writeUInt16LE(20, at);
  into.writeUInt16LE(flags, at + 2);
  into.writeUInt16LE(method, at + 4);
  into.writeUInt32LE(crc, at + 10);
  into.writeUInt32LE(compressed, at + 14);
  into.writeUInt32LE(bytes, at + 18);
}
