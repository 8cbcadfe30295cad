/** Statistics of small samples, in float64 and in two passes, so that a large offset costs no digits. */

/** NaN for no values. */
export function mean(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Standard deviation with Bessel's correction (ddof 1), as TRL and verl take it; NaN below two values. */
export function standardDeviation(values: readonly number[]): number {
  const center = mean(values);
  let squares = 0;
  for (const value of values) squares += (value - center) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}

/**
 * No two values differ, so there is nothing to learn from. Compared directly: the standard deviation
 * of equal values need not be 0 after rounding (three times 0.1 gives 1.4e-17).
 */
export function isDead(values: readonly number[]): boolean {
  return values.every((value) => value === values[0]);
}
