/** Cuts a file's content into records by a container, with the chunks cut where a test wants. */
import { type Container, type FileRecord, recordsOf } from '../../../src/engine/data/records';

export function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** The bytes in chunks; each is wiped after use: nothing may hold on to a chunk's memory. */
async function* chunks(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
  for (const [index, end] of places.slice(1).entries()) {
    const chunk = bytes.slice(places[index], end);
    yield chunk;
    chunk.fill(0x21);
  }
}

/** Bytes are given as a copy. */
export async function split(
  container: Container,
  content: string | Uint8Array,
  cuts: readonly number[] = [],
): Promise<FileRecord[]> {
  const bytes = typeof content === 'string' ? encode(content) : content;
  const records: FileRecord[] = [];
  for await (const record of recordsOf(container, chunks(bytes, cuts))) {
    records.push({ ...record, bytes: record.bytes.slice() });
  }
  return records;
}

/** What each record holds: its value, or the kind of its fault. */
export function contents(container: Container, records: readonly FileRecord[]): unknown[] {
  return records.map((record) => {
    if (record.fault !== null) return record.fault;
    const parsed = container.parse(record);
    return 'value' in parsed ? parsed.value : parsed.fault.kind;
  });
}
