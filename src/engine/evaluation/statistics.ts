/**
 * Statistics of an evaluation, exact where they can be, in float64. Intervals are 95 %.
 *
 * Wilson: E. B. Wilson, JASA 22 (1927). pass@k: Chen et al., arXiv 2107.03374, equation 1. McNemar:
 * the exact binomial form of Psychometrika 12 (1947). Quantiles: type 7 of Hyndman and Fan, numpy's.
 */
import type { Interval } from '../../protocol';

/** The normal distribution's 97.5 % quantile. */
const Z = 1.959963984540054;

/** Of the share count / of, from independent trials; null for none. */
export function wilsonInterval(count: number, of: number): Interval | null {
  if (of === 0) return null;
  const share = count / of;
  const shrink = 1 + Z ** 2 / of;
  const center = (share + Z ** 2 / (2 * of)) / shrink;
  const half = (Z / shrink) * Math.sqrt((share * (1 - share)) / of + Z ** 2 / (4 * of ** 2));
  return { low: count === 0 ? 0 : center - half, high: count === of ? 1 : center + half };
}

/** 1 − C(n−c, k) / C(n, k): that at least one of k completions drawn from n, of which c are correct, is. 1 ≤ k ≤ n. */
export function passAtK(n: number, c: number, k: number): number {
  if (n - c < k) return 1;
  let allWrong = 1;
  for (let i = n - c + 1; i <= n; i++) allWrong *= 1 - k / i;
  return 1 - allWrong;
}

/** The most frequent answer; ties go to the first seen; null: none is valid. */
export function majorityAnswer(answers: readonly (string | null)[]): string | null {
  const votes = new Map<string, number>();
  for (const answer of answers) if (answer !== null) votes.set(answer, (votes.get(answer) ?? 0) + 1);
  let winner: string | null = null;
  for (const [answer, count] of votes) if (winner === null || count > votes.get(winner)!) winner = answer;
  return winner;
}

/**
 * Two-sided exact McNemar test: p of a split at least as uneven as this one among the discordant
 * pairs, were both directions equally likely. Binomial terms are taken relative to the central one,
 * so that thousands of pairs neither overflow nor vanish. O(pairs).
 */
export function mcnemarPValue(improved: number, regressed: number): number {
  const pairs = improved + regressed;
  const fewer = Math.min(improved, regressed);
  if (improved === regressed) return 1;
  const middle = Math.floor(pairs / 2);
  let term = 1; // C(pairs, j) / C(pairs, middle)
  let half = 0; // Σ of the terms j = 0 … middle
  let tail = 0; // Σ of the terms j = 0 … fewer
  for (let j = middle; j >= 0 && term > 0; j--) {
    half += term;
    if (j <= fewer) tail += term;
    term *= j / (pairs - j + 1);
  }
  // An even number of pairs has one central term, an odd one two.
  const whole = pairs % 2 === 0 ? 2 * half - 1 : 2 * half;
  return Math.min(1, (2 * tail) / whole);
}

/** Linear between the two nearest of the ascending values; NaN for none. */
export function quantile(ascending: Float64Array, q: number): number {
  if (ascending.length === 0) return Number.NaN;
  const position = q * (ascending.length - 1);
  const below = Math.floor(position);
  const low = ascending[below]!;
  const high = ascending[Math.min(below + 1, ascending.length - 1)]!;
  return low + (position - below) * (high - low);
}

/** ½ Σ |a_i − b_i| of two distributions given as counts, 0 … 1; both must count something. */
export function totalVariation(a: readonly number[], b: readonly number[]): number {
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  const [ofA, ofB] = [sum(a), sum(b)];
  return a.reduce((distance, count, index) => distance + Math.abs(count / ofA - b[index]! / ofB), 0) / 2;
}
