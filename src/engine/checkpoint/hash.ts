/**
 * SHA-256 of what lies in memory, by the platform; `data/sha256` does it for streams. Where only
 * this program compares, large data is hashed piece by piece and the list of the pieces' hashes is
 * hashed again, so that no more than one piece is copied.
 */
import { bytesOf } from './safetensors';

/** Hex. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}

/** Values that are hashed at once: 32 MiB. */
export const HASHED_VALUES = 8 * 2 ** 20;

/**
 * One hash for a set of tensors, whatever their order: the SHA-256 of the lines
 * `["name",[shape],"hash of bytes 0…32 MiB","hash of the next 32 MiB",…]` in order of name.
 */
export class TensorHash {
  /** Name → shape and the hashes so far. */
  readonly #tensors = new Map<string, { readonly shape: readonly number[]; readonly hashes: string[] }>();

  /** The next values of a tensor, from its first on; unless they are its last, a multiple of `HASHED_VALUES`. */
  async add(name: string, shape: readonly number[], values: Float32Array<ArrayBuffer>): Promise<void> {
    const { hashes } = this.#tensors.get(name) ?? { hashes: [] as string[] };
    this.#tensors.set(name, { shape, hashes });
    for (let start = 0; start < values.length; start += HASHED_VALUES)
      hashes.push(await sha256(bytesOf(values.subarray(start, start + HASHED_VALUES))));
  }

  async digest(): Promise<string> {
    const inOrder = [...this.#tensors].sort(([a], [b]) => (a < b ? -1 : 1));
    const lines = inOrder.map(([name, { shape, hashes }]) => JSON.stringify([name, shape, ...hashes]));
    return sha256(new TextEncoder().encode(lines.join('\n')));
  }
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
