/**
 * SHA-256 of a stream (FIPS 180-4), for files that do not fit into memory: `crypto.subtle.digest`
 * wants all bytes at once.
 */

/** First 32 bits of the fractional parts of the cube roots of the first 64 primes (4.2.2). */
const ROUND_CONSTANTS = fractions(64, Math.cbrt);
/** The same of the square roots of the first 8 primes (5.3.3). */
const INITIAL_HASH = fractions(8, Math.sqrt);

const BLOCK_BYTES = 64;

export class Sha256 {
  readonly #hash = Int32Array.from(INITIAL_HASH);
  readonly #block = new Uint8Array(BLOCK_BYTES);
  readonly #schedule = new Int32Array(64);
  #length = 0;

  /** Appends bytes. */
  update(bytes: Uint8Array): this {
    let from = 0;
    const filled = this.#length % BLOCK_BYTES;
    this.#length += bytes.length;
    if (filled > 0) {
      from = Math.min(BLOCK_BYTES - filled, bytes.length);
      this.#block.set(bytes.subarray(0, from), filled);
      if (filled + from < BLOCK_BYTES) return this;
      this.#compress(this.#block, 0);
    }
    for (; from + BLOCK_BYTES <= bytes.length; from += BLOCK_BYTES) this.#compress(bytes, from);
    this.#block.set(bytes.subarray(from));
    return this;
  }

  /** The digest as 64 hexadecimal digits. Ends the stream. */
  digest(): string {
    const bits = this.#length * 8;
    // A one bit, zeros, and the length in 64 bits fill up the last block, or the last two.
    const padding = new Uint8Array(2 * BLOCK_BYTES - ((this.#length + 8) % BLOCK_BYTES) - 56);
    padding[0] = 0x80;
    const view = new DataView(padding.buffer);
    view.setUint32(padding.length - 8, Math.floor(bits / 0x1_0000_0000));
    view.setUint32(padding.length - 4, bits % 0x1_0000_0000);
    this.update(padding);
    return Array.from(this.#hash, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }

  /** One block (6.2.2). */
  #compress(bytes: Uint8Array, start: number): void {
    const w = this.#schedule;
    const k = ROUND_CONSTANTS;
    for (let t = 0, at = start; t < 16; t++, at += 4) {
      w[t] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
    }
    for (let t = 16; t < 64; t++) {
      const x = w[t - 15]!;
      const y = w[t - 2]!;
      const sigma0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const sigma1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[t] = (w[t - 16]! + sigma0 + w[t - 7]! + sigma1) | 0;
    }
    const hash = this.#hash;
    let a = hash[0]!;
    let b = hash[1]!;
    let c = hash[2]!;
    let d = hash[3]!;
    let e = hash[4]!;
    let f = hash[5]!;
    let g = hash[6]!;
    let h = hash[7]!;
    for (let t = 0; t < 64; t++) {
      const sum1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const choose = (e & f) ^ (~e & g);
      const first = (h + sum1 + choose + k[t]! + w[t]!) | 0;
      const sum0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const majority = (a & b) ^ (a & c) ^ (b & c);
      h = g;
      g = f;
      f = e;
      e = (d + first) | 0;
      d = c;
      c = b;
      b = a;
      a = (first + sum0 + majority) | 0;
    }
    hash[0]! += a;
    hash[1]! += b;
    hash[2]! += c;
    hash[3]! += d;
    hash[4]! += e;
    hash[5]! += f;
    hash[6]! += g;
    hash[7]! += h;
  }
}

function fractions(count: number, root: (x: number) => number): Int32Array {
  const words = new Int32Array(count);
  for (let candidate = 2, found = 0; found < count; candidate++) {
    let isPrime = true;
    for (let divisor = 2; divisor * divisor <= candidate; divisor++) isPrime &&= candidate % divisor !== 0;
    if (isPrime) words[found++] = Math.floor((root(candidate) % 1) * 0x1_0000_0000);
  }
  return words;
}
