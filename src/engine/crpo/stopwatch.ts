/** How long a step and its phases take, by the clock that it was given. */
import type { PhaseTimes } from '../../protocol';

export interface Stopwatch {
  /** Adds the task's time to the phase. */
  time<T>(phase: keyof PhaseTimes, task: () => Promise<T>): Promise<T>;
  phaseMs(): PhaseTimes;
  /** Since the watch was made. */
  totalMs(): number;
}

/** `clock` tells milliseconds. */
export function stopwatch(clock: () => number): Stopwatch {
  const begun = clock();
  const spent = { sample: 0, score: 0, reference: 0, update: 0 };
  return {
    async time(phase, task) {
      const start = clock();
      const result = await task();
      spent[phase] += clock() - start;
      return result;
    },
    phaseMs: () => ({ ...spent }),
    totalMs: () => clock() - begun,
  };
}
