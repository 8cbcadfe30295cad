/**
 * Random choices of the clinic: a case is a pure function of (seed, purpose, serial number), so
 * that cases can be made in any order and one more case changes no other.
 */
import { threefry2x32 } from '../../src/engine/random';

/** Keys apart from the engine's own streams (0, 1, 2, …), so that no draw is shared with a run. */
const PURPOSES = { case: 0x0c11_0001, trace: 0x0c11_0002, order: 0x0c11_0003 } as const;

export class Draws {
  readonly #words = new Uint32Array(2);
  #count = 0;

  constructor(
    readonly seed: number,
    readonly purpose: keyof typeof PURPOSES,
    readonly serial: number,
  ) {}

  /** In [0, 1). */
  uniform(): number {
    threefry2x32(this.seed, PURPOSES[this.purpose], this.serial, this.#count++, this.#words);
    return this.#words[0]! / 2 ** 32;
  }

  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  /** In low … high, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.uniform() * (high - low + 1));
  }

  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length - 1)]!;
  }

  /** A new array in random order (Fisher-Yates). */
  shuffled<T>(items: readonly T[]): T[] {
    const order = [...items];
    for (let last = order.length - 1; last > 0; last--) {
      const chosen = this.integer(0, last);
      const moved = order[last]!;
      order[last] = order[chosen]!;
      order[chosen] = moved;
    }
    return order;
  }

  /** A key, with probability in proportion to its weight. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries(weights) as [K, number][];
    let rest = this.uniform() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) {
      rest -= weight;
      if (rest < 0) return key;
    }
    return entries.at(-1)![0];
  }
}
