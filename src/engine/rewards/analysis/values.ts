/** Numbers of a text or case, for looking one up within a tolerance in logarithmic time. */

/** Relative tolerance of "the same number". */
export const SAME_VALUE = 0.005;

export function isNear(value: number, expected: number, tolerance = SAME_VALUE): boolean {
  return Math.abs(value - expected) <= reach(expected, tolerance);
}

export interface ValueSet {
  readonly has: (value: number) => boolean;
}

export function valueSet(values: Iterable<number>): ValueSet {
  const sorted = Float64Array.from(values).sort();
  return {
    has: (value) => {
      const low = value - reach(value, SAME_VALUE);
      let from = 0;
      let to = sorted.length;
      while (from < to) {
        const middle = (from + to) >> 1;
        if (sorted[middle]! < low) from = middle + 1;
        else to = middle;
      }
      return from < sorted.length && isNear(sorted[from]!, value);
    },
  };
}

function reach(value: number, tolerance: number): number {
  return Math.max(1e-9, Math.abs(value) * tolerance);
}
