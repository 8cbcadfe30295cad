/**
 * Threefry-2x32 with 20 rounds: a counter-based generator (Salmon, Moraes, Dror and Shaw,
 * "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 *
 * 64 random bits are a pure function of a 64-bit key and a 64-bit counter, so there is no state to
 * save and draws may be made in any order or in parallel. It uses only u32 add, rotate and xor: a
 * shader repeats it bit for bit.
 */

/** Rotation distances of the 2x32 variant, period 8. */
const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;

/** The key schedule's parity constant for 32-bit words (C240 truncated). */
const PARITY = 0x1bd11bda;

const ROUNDS = 20;

/** Writes the two u32 words for (key, counter) to `out[0]`, `out[1]`. All inputs are taken modulo 2³². */
export function threefry2x32(
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
  out: Uint32Array,
): void {
  const keys = [key0 | 0, key1 | 0, PARITY ^ key0 ^ key1];
  let x = (counter0 + key0) | 0;
  let y = (counter1 + key1) | 0;
  for (let round = 0; round < ROUNDS; round++) {
    const distance = ROTATIONS[round % 8]!;
    x = (x + y) | 0;
    y = ((y << distance) | (y >>> (32 - distance))) ^ x;
    if (round % 4 === 3) {
      const injection = (round + 1) / 4;
      x = (x + keys[injection % 3]!) | 0;
      y = (y + keys[(injection + 1) % 3]! + injection) | 0;
    }
  }
  out[0] = x;
  out[1] = y;
}
