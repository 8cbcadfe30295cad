/** From columns to what a chart draws: smoothing, x axes, decimation, label places. Pure. */
import type { StepHistory } from './history';

export type Column = readonly (number | null)[];

/** A line or chart never draws more points than this (measured: 1000 points cost 2× the paint of 500). */
export const POINT_LIMIT = 300;

/**
 * Exponential moving average with the start-up bias divided out (as TensorBoard's):
 * s_t = w·s_{t−1} + (1 − w)·v_t, s_0 = 0, shown s_t / (1 − w^t). A null stays null and is skipped.
 */
export function smooth(values: Column, weight: number): (number | null)[] {
  let sum = 0;
  let remaining = 1; // w^t
  return values.map((value) => {
    if (value === null) return null;
    sum = weight * sum + (1 - weight) * value;
    remaining *= weight;
    return sum / (1 - remaining);
  });
}

export type XAxisChoice = 'step' | 'tokens' | 'time';

/** x values aligned with the history's steps: the step, tokens so far, or seconds of training so far. */
export function xColumn(history: StepHistory, choice: XAxisChoice): number[] {
  if (choice === 'tokens') {
    let last = 0;
    return history.steps.map((_, index) => {
      last = history.columns.num_tokens?.[index] ?? last;
      return last;
    });
  }
  if (choice === 'time') {
    let seconds = 0;
    return history.steps.map((_, index) => {
      seconds += history.columns.step_time?.[index] ?? 0;
      return seconds;
    });
  }
  return [...history.steps];
}

export interface Points {
  readonly x: readonly number[];
  readonly columns: readonly Column[];
}

/**
 * At most `limit` points that keep every spike: the points are cut into buckets, and each bucket
 * leaves two rows holding, for each column, its lowest and highest value in the order they came.
 * The newest point stays exact.
 */
export function decimate(x: readonly number[], columns: readonly Column[], limit = POINT_LIMIT): Points {
  const count = x.length;
  if (count <= limit) return { x, columns };
  const buckets = Math.floor((limit - 1) / 2);
  const outX: number[] = [];
  const out = columns.map((): (number | null)[] => []);
  for (let bucket = 0; bucket < buckets; bucket++) {
    const from = Math.floor((bucket * (count - 1)) / buckets);
    const to = Math.floor(((bucket + 1) * (count - 1)) / buckets); // exclusive; the last point is apart
    outX.push(x[from]!, x[to - 1]!);
    columns.forEach((column, index) => {
      let low = -1;
      let high = -1;
      for (let at = from; at < to; at++) {
        const value = column[at] ?? null;
        if (value === null) continue;
        if (low < 0 || value < column[low]!) low = at;
        if (high < 0 || value > column[high]!) high = at;
      }
      const first = low < 0 ? null : column[Math.min(low, high)]!;
      const second = low < 0 ? null : column[Math.max(low, high)]!;
      out[index]!.push(first, second);
    });
  }
  outX.push(x[count - 1]!);
  columns.forEach((column, index) => {
    out[index]!.push(column[count - 1] ?? null);
  });
  return { x: outX, columns: out };
}

/**
 * Moves label centres apart to at least `gap`, within [top, bottom] while they fit, keeping their
 * order. In and out in pixels, aligned with each other.
 */
export function spreadLabels(wanted: readonly number[], gap: number, top: number, bottom: number): number[] {
  const order = wanted.map((_, index) => index).sort((a, b) => wanted[a]! - wanted[b]!);
  const placed = [...wanted];
  let floor = top;
  for (const index of order) {
    placed[index] = Math.max(wanted[index]!, floor);
    floor = placed[index]! + gap;
  }
  let ceiling = bottom;
  for (const index of order.reverse()) {
    placed[index] = Math.min(placed[index]!, ceiling);
    ceiling = placed[index]! - gap;
  }
  return placed;
}

/** Round values (1, 2, 2.5 or 5 times a power of ten) within [low, high], about `count` of them. */
export function niceTicks(low: number, high: number, count: number): number[] {
  const span = high - low;
  if (!(span > 0)) return [low];
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  // Counted in whole steps and rounded, so that 0.30000000000000004 reads 0.3.
  return Array.from({ length: last - first + 1 }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
}
