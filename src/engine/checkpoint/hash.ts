/**
 * SHA-256 in two ways: the platform's, fast but only over bytes that lie together in memory, and
 * an incremental one (FIPS 180-4) for streams whose plain `sha256sum` a person may want to compare.
 *
 * Where only this program compares, large data is hashed piece by piece and the list of the pieces'
 * hashes is hashed again, so that no more than one piece is in memory.
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

const BLOCK_BYTES = 64;

/** First 32 bits of the fractional parts of the square roots of the first 8 primes. */
const SQUARE_ROOTS = Int32Array.of(
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
);

/** First 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const CUBE_ROOTS = Int32Array.of(
  0x428a2f98,
  0x71374491,
  0xb5c0fbcf,
  0xe9b5dba5,
  0x3956c25b,
  0x59f111f1,
  0x923f82a4,
  0xab1c5ed5,
  0xd807aa98,
  0x12835b01,
  0x243185be,
  0x550c7dc3,
  0x72be5d74,
  0x80deb1fe,
  0x9bdc06a7,
  0xc19bf174,
  0xe49b69c1,
  0xefbe4786,
  0x0fc19dc6,
  0x240ca1cc,
  0x2de92c6f,
  0x4a7484aa,
  0x5cb0a9dc,
  0x76f988da,
  0x983e5152,
  0xa831c66d,
  0xb00327c8,
  0xbf597fc7,
  0xc6e00bf3,
  0xd5a79147,
  0x06ca6351,
  0x14292967,
  0x27b70a85,
  0x2e1b2138,
  0x4d2c6dfc,
  0x53380d13,
  0x650a7354,
  0x766a0abb,
  0x81c2c92e,
  0x92722c85,
  0xa2bfe8a1,
  0xa81a664b,
  0xc24b8b70,
  0xc76c51a3,
  0xd192e819,
  0xd6990624,
  0xf40e3585,
  0x106aa070,
  0x19a4c116,
  0x1e376c08,
  0x2748774c,
  0x34b0bcb5,
  0x391c0cb3,
  0x4ed8aa4a,
  0x5b9cca4f,
  0x682e6ff3,
  0x748f82ee,
  0x78a5636f,
  0x84c87814,
  0x8cc70208,
  0x90befffa,
  0xa4506ceb,
  0xbef9a3f7,
  0xc67178f2,
);

/** SHA-256 of bytes that come in pieces of any size. */
export class Sha256 {
  private readonly state = Int32Array.from(SQUARE_ROOTS);
  private readonly schedule = new Int32Array(BLOCK_BYTES);
  private readonly rest = new Uint8Array(BLOCK_BYTES);
  private totalBytes = 0;

  update(bytes: Uint8Array): this {
    let from = 0;
    const restBytes = this.totalBytes % BLOCK_BYTES;
    this.totalBytes += bytes.length;
    if (restBytes > 0) {
      from = Math.min(BLOCK_BYTES - restBytes, bytes.length);
      this.rest.set(bytes.subarray(0, from), restBytes);
      if (restBytes + from < BLOCK_BYTES) return this;
      this.compress(this.rest, 0);
    }
    for (; from + BLOCK_BYTES <= bytes.length; from += BLOCK_BYTES) this.compress(bytes, from);
    this.rest.set(bytes.subarray(from));
    return this;
  }

  /** Hex. Ends the stream. */
  digest(): string {
    const totalBits = BigInt(this.totalBytes) * 8n;
    const paddingBytes = BLOCK_BYTES - ((this.totalBytes + 8) % BLOCK_BYTES);
    const tail = new Uint8Array(paddingBytes + 8);
    tail[0] = 0x80;
    new DataView(tail.buffer).setBigUint64(paddingBytes, totalBits);
    this.update(tail);
    const bytes = new Uint8Array(32);
    const view = new DataView(bytes.buffer);
    for (const [i, word] of this.state.entries()) view.setInt32(4 * i, word);
    return hex(bytes);
  }

  /** One block of 64 bytes from `at` on (FIPS 180-4, 6.2.2). */
  private compress(block: Uint8Array, at: number): void {
    const { state, schedule: w } = this;
    for (let t = 0; t < 16; t++) {
      const i = at + 4 * t;
      w[t] = (block[i]! << 24) | (block[i + 1]! << 16) | (block[i + 2]! << 8) | block[i + 3]!;
    }
    for (let t = 16; t < 64; t++) {
      const x = w[t - 15]!;
      const y = w[t - 2]!;
      const sigma0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
      const sigma1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
      w[t] = w[t - 16]! + sigma0 + w[t - 7]! + sigma1;
    }
    let a = state[0]!;
    let b = state[1]!;
    let c = state[2]!;
    let d = state[3]!;
    let e = state[4]!;
    let f = state[5]!;
    let g = state[6]!;
    let h = state[7]!;
    for (let t = 0; t < 64; t++) {
      const choose = (e & f) ^ (~e & g);
      const first =
        (h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + choose + CUBE_ROOTS[t]! + w[t]!) | 0;
      const majority = (a & b) ^ (a & c) ^ (b & c);
      const second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + majority;
      h = g;
      g = f;
      f = e;
      e = (d + first) | 0;
      d = c;
      c = b;
      b = a;
      a = (first + second) | 0;
    }
    state[0]! += a;
    state[1]! += b;
    state[2]! += c;
    state[3]! += d;
    state[4]! += e;
    state[5]! += f;
    state[6]! += g;
    state[7]! += h;
  }
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
