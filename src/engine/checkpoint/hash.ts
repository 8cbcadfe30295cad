/**
 * SHA-256 of what lies in memory, by the platform; `data/sha256` does it for streams. Where only
 * this program compares, large data is hashed piece by piece and the list of the pieces' hashes is
 * hashed again, so that no more than one piece is copied.
 */
import type { NamedArray } from '../files';
import { bytesOf } from './safetensors';

/** Hex. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}

const PIECE_BYTES = 32 * 2 ** 20;

/**
 * One hash for a set of tensors, whatever their order: the SHA-256 of the lines
 * `["name",[shape],"hash of bytes 0…32 MiB","hash of the next 32 MiB",…]` in order of name.
 */
export async function sha256OfTensors(tensors: readonly NamedArray[]): Promise<string> {
  const lines: string[] = [];
  for (const { name, shape, data } of [...tensors].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const bytes = bytesOf(data);
    const hashes: string[] = [];
    for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
      hashes.push(await sha256(bytes.subarray(start, start + PIECE_BYTES)));
    }
    lines.push(JSON.stringify([name, shape, ...hashes]));
  }
  return sha256(new TextEncoder().encode(lines.join('\n')));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
