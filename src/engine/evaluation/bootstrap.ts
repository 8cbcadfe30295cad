/**
 * Percentile bootstrap over cases (Efron 1979): a resample draws as many cases as there are, with
 * replacement, and every figure is computed on the same resamples. All figures are ratios of sums
 * over cases, so that completions of one case stay together and a figure that applies to some
 * cases only keeps its own denominator: accuracy is Σ correct / Σ completions. Thousands of cases take
 * a second, so the host breathes between resamples; what comes out does not depend on where.
 */
import type { Interval } from '../../protocol';
import { breathe, type Pausable } from '../crpo/environment';
import { STREAMS, threefry2x32 } from '../random';
import { quantile } from './statistics';

export const RESAMPLES = 2000;

/** Draws and sums over cases between two breaths, or one resample: about 50 ms of one core of 2024. */
const SITTING = 4e6;

/** A draw takes as long as this many cases of a sum. */
const DRAW = 8;

/** Per case, in the cases' order. */
export interface Ratio {
  readonly numerators: Float64Array;
  readonly denominators: Float64Array;
  /** Of some cases only: which ones; the sums are over these. */
  readonly positions?: Uint32Array;
}

/** Σ numerators / Σ denominators; null: of nothing. */
export function ratioOf({ numerators, denominators }: Ratio): number | null {
  let numerator = 0;
  let denominator = 0;
  for (let i = 0; i < numerators.length; i++) {
    numerator += numerators[i]!;
    denominator += denominators[i]!;
  }
  return denominator === 0 ? null : numerator / denominator;
}

/**
 * The 95 % interval of each ratio over `cases` cases. Resamples in which a denominator is 0 say
 * nothing of that ratio and are left out of it; null for fewer than two cases with a denominator. Two
 * calls with the same seed and number of cases draw the same resamples.
 */
export async function bootstrapIntervals(
  ratios: readonly Ratio[],
  cases: number,
  seed: number,
  host: Pausable,
  resamples = RESAMPLES,
): Promise<(Interval | null)[]> {
  const values = ratios.map(() => new Float64Array(resamples));
  const defined = ratios.map(() => 0);
  const weights = new Float64Array(cases);
  const atATime = resamplesAtATime(ratios, cases);
  for (let resample = 0; resample < resamples; resample++) {
    if (resample % atATime === 0) await breathe(host);
    drawWeights(weights, seed, resample);
    ratios.forEach((ratio, index) => {
      const value = weighted(ratio, weights);
      if (value !== null) values[index]![defined[index]!++] = value;
    });
  }
  return ratios.map((ratio, index) => {
    if (ratio.denominators.filter((denominator) => denominator !== 0).length < 2) return null;
    const ascending = values[index]!.subarray(0, defined[index]!).sort();
    return { low: quantile(ascending, 0.025), high: quantile(ascending, 0.975) };
  });
}

function resamplesAtATime(ratios: readonly Ratio[], cases: number): number {
  const perResample = ratios.reduce((sum, { numerators }) => sum + numerators.length, DRAW * cases);
  return Math.max(1, Math.floor(SITTING / Math.max(1, perResample)));
}

const words = new Uint32Array(2);

/** How often each case is drawn. A counter gives two 32-bit words, and so two draws. */
function drawWeights(weights: Float64Array, seed: number, resample: number): void {
  weights.fill(0);
  const cases = weights.length;
  for (let position = 0; position < cases; position++) {
    if (position % 2 === 0) threefry2x32(seed, STREAMS.bootstrap, resample, position / 2, words);
    const drawn = Math.floor((words[position % 2]! / 2 ** 32) * cases);
    weights[drawn] = weights[drawn]! + 1;
  }
}

function weighted({ numerators, denominators, positions }: Ratio, weights: Float64Array): number | null {
  let numerator = 0;
  let denominator = 0;
  for (let i = 0; i < numerators.length; i++) {
    const weight = weights[positions === undefined ? i : positions[i]!]!;
    if (weight === 0) continue;
    numerator += weight * numerators[i]!;
    denominator += weight * denominators[i]!;
  }
  return denominator === 0 ? null : numerator / denominator;
}
