/** Figures of an evaluation: ratios of sums over cases, by name, with intervals from the same resamples. */
import type { Estimate, EvaluatedCase, EvaluatedSample, Interval, Proportion } from '../../protocol';
import type { Pausable } from '../crpo/environment';
import { bootstrapIntervals, type Ratio, ratioOf } from './bootstrap';
import { wilsonInterval } from './statistics';

/** The mean over completions; where `of` says null, it does not apply to that completion. */
export function perSample(
  cases: readonly EvaluatedCase[],
  of: (sample: EvaluatedSample) => number | null,
): Ratio {
  const numerators = new Float64Array(cases.length);
  const denominators = new Float64Array(cases.length);
  cases.forEach(({ samples }, index) => {
    for (const sample of samples) {
      const value = of(sample);
      if (value === null) continue;
      numerators[index] = numerators[index]! + value;
      denominators[index] = denominators[index]! + 1;
    }
  });
  return { numerators, denominators };
}

/** The mean over cases; null: it does not apply to that case. */
export function perCase<T>(cases: readonly T[], of: (each: T) => number | null): Ratio {
  const values = cases.map(of);
  return {
    numerators: Float64Array.from(values, (value) => value ?? 0),
    denominators: Float64Array.from(values, (value) => (value === null ? 0 : 1)),
  };
}

export async function estimates<Name extends string>(
  ratios: Readonly<Record<Name, Ratio>>,
  cases: number,
  seed: number,
  host: Pausable,
): Promise<Record<Name, Estimate>> {
  const names = Object.keys(ratios) as Name[];
  const intervals = await bootstrapIntervals(
    names.map((name) => ratios[name]),
    cases,
    seed,
    host,
  );
  const found = names.map((name, index) => [name, estimate(ratios[name], intervals[index]!)] as const);
  return Object.fromEntries(found) as Record<Name, Estimate>;
}

function estimate(ratio: Ratio, interval: Interval | null): Estimate {
  const cases = ratio.denominators.filter((denominator) => denominator !== 0).length;
  return { value: ratioOf(ratio), interval, cases };
}

/** `independent`: no two of the completions are of one case, so that Wilson's interval holds. */
export function proportion(ratio: Ratio, bootstrap: Interval | null, independent: boolean): Proportion {
  const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
  const [count, of] = [sum(ratio.numerators), sum(ratio.denominators)];
  return {
    count,
    of,
    value: ratioOf(ratio),
    wilson: independent ? wilsonInterval(count, of) : null,
    bootstrap,
  };
}
