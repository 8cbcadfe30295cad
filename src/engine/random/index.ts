/**
 * Every random choice of a run, as a pure function of (seed, stream, counters). Nothing here has
 * state that outlives a call, so a resumed run needs only its counters to draw the same numbers.
 */
import { threefry2x32 } from './threefry';

export { threefry2x32 };

/** One stream per purpose: the same counters in two streams are unrelated draws. */
export const STREAMS = {
  /** Initial weights of a new policy. Counter: draw index. */
  init: 0,
  /** Initial weights of LoRA adapters. Counter: draw index. */
  loraInit: 1,
  /** Order of the cases. Counter: pass over the dataset. */
  promptOrder: 2,
  /** Tokens of the rollouts. Counters: serial number of the rollout in its run, token position. */
  sampling: 3,
  /** Order of the rollouts within a rollout batch. Counter: serial number of the pass over a batch. */
  miniBatchOrder: 4,
  /** Tokens of evaluated completions. Counters: line of the case · 64 + sample, token position. */
  evaluation: 5,
  /** Cases of a bootstrap resample. Counters: resample, pair of positions in it. */
  bootstrap: 6,
  /** Which questions are held out. Counters: the two words of the question's hash. */
  split: 7,
} as const;

export type StreamName = keyof typeof STREAMS;

const words = new Uint32Array(2);

/**
 * Uniform in [0, 1): a multiple of 2⁻²⁴, exact in float32, so that a shader draws the same number.
 * Seed and counters are uint32.
 */
export function uniform(seed: number, stream: StreamName, counter0: number, counter1 = 0): number {
  threefry2x32(seed, STREAMS[stream], counter0, counter1, words);
  return (words[0]! >>> 8) * 2 ** -24;
}

/** A uniformly random order of 0 … size−1 (Fisher-Yates). Bias below size · 2⁻³². */
export function permutation(seed: number, stream: StreamName, counter: number, size: number): Uint32Array {
  const order = Uint32Array.from({ length: size }, (_, index) => index);
  for (let last = size - 1; last > 0; last--) {
    threefry2x32(seed, STREAMS[stream], counter, last, words);
    const chosen = Math.floor((words[0]! / 2 ** 32) * (last + 1));
    const moved = order[last]!;
    order[last] = order[chosen]!;
    order[chosen] = moved;
  }
  return order;
}

/** The stream's draws 0, 1, 2, … one after the other, for initialisation. */
export function sequence(seed: number, stream: StreamName): () => number {
  let draw = 0;
  return () => uniform(seed, stream, draw++);
}
