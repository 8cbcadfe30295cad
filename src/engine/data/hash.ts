/** Texts as numbers, for comparing very many of them in little memory. Not against adversaries. */

/** Two 32-bit multiplicative hashes over UTF-16 code units, with Murmur3's finalizer, joined to 53 bits. */
export function hash53(text: string): number {
  let a = 0x9e3779b9;
  let b = 0x85ebca6b;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x5bd1e995);
    b ^= b >>> 13;
  }
  return join53(mix32(a ^ text.length), mix32(b));
}

/** 21 bits of the first word and all 32 of the second, as a whole number below 2⁵³. */
export function join53(high: number, low: number): number {
  return (high >>> 11) * 0x1_0000_0000 + (low >>> 0);
}

/** Murmur3's 32-bit finalizer: every bit of the input reaches every bit of the result. */
export function mix32(word: number): number {
  let h = word ^ (word >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
