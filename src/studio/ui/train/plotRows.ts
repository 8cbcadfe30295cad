/** From series to what Recharts takes: decimated rows, the room they need on the y axis, ticks on x. Pure. */
import { type Column, decimate, niceTicks } from '../../store/series';
import type { LineStyle } from './objectiveStyle';

export interface Series {
  readonly key: string;
  readonly label: string;
  readonly style: LineStyle;
  /** What the line shows; aligned with `x`. */
  readonly values: Column;
  /** As measured, where `values` is smoothed. */
  readonly raw?: Column;
  readonly strong?: boolean;
}

/** `x`, each series under its key and, as measured, under `key/raw`; `band`: lower and upper edge. */
export interface Row {
  readonly x: number;
  [key: string]: number | null | [number, number];
}

/** Decimated rows, one record per x. */
export function toRows(
  x: readonly number[],
  series: readonly Series[],
  band: readonly [Column, Column] | undefined,
  limit: number,
): Row[] {
  const columns = series.flatMap(({ values, raw }) => (raw ? [values, raw] : [values]));
  const points = decimate(x, band ? [...columns, ...band] : columns, limit);
  return points.x.map((at, index) => {
    const row: Row = { x: at };
    let column = 0;
    for (const { key, raw } of series) {
      row[key] = points.columns[column++]![index] ?? null;
      if (raw) row[`${key}/raw`] = points.columns[column++]![index] ?? null;
    }
    if (band) {
      const low = points.columns[column]![index] ?? null;
      const high = points.columns[column + 1]![index] ?? null;
      if (low !== null && high !== null) row.band = [low, high];
    }
    return row;
  });
}

/** Charts that are pointed at together may hold different points of the same x. */
export function nearestRow(rows: readonly Row[], x: number): Row | undefined {
  const distance = (row: Row) => Math.abs(row.x - x);
  let nearest = rows[0];
  for (const row of rows) if (distance(row) < distance(nearest!)) nearest = row;
  return nearest;
}

/** A little air around what is drawn; a flat line gets some to lie in. */
export function extent(rows: readonly Row[]): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const row of rows) {
    for (const [key, value] of Object.entries(row)) {
      if (key === 'x' || value === null) continue;
      const [from, to] = typeof value === 'number' ? [value, value] : value;
      low = Math.min(low, from);
      high = Math.max(high, to);
    }
  }
  if (low > high) return [0, 1];
  const size = Math.max(Math.abs(low), Math.abs(high));
  const flat = high - low <= 1e-9 * size; // smoothing a constant leaves rounding
  const air = flat ? 0.1 * size || 0.1 : 0.04 * (high - low);
  // 0 is a floor for what cannot be negative, and anchors shares and rewards.
  return [low >= 0 ? (low < 0.35 * high ? 0 : low - air) : low - air, high + air];
}

/** Round values from `low` to `high`, no two of which read the same: of those, the whole one stays. */
export function ticksOf(low: number, high: number, count: number, format: (x: number) => string): number[] {
  const byText = new Map<string, number>();
  for (const tick of niceTicks(low, high, count)) {
    const text = format(tick);
    if (!byText.has(text) || Number.isInteger(tick)) byText.set(text, tick);
  }
  return [...byText.values()];
}

/** Pixels of a character along the x axis, about. */
const CHARACTER = 6.6;
/** Pixels between two texts there, at least. */
const TEXT_GAP = 36;

/** A text along the x axis, centred at this pixel. */
export interface Tick {
  readonly at: number;
  readonly text: string;
}

/** The ticks that have room left of `right`: the last one is moved in and stays, then as many as fit. */
export function fitTicks(ticks: readonly Tick[], right: number): Tick[] {
  const shown: Tick[] = [];
  let end = right;
  for (const { at, text } of ticks.toReversed()) {
    const half = (CHARACTER * text.length) / 2;
    const centre = shown.length === 0 ? Math.min(at, end - half) : at;
    if (centre + half > end) continue;
    shown.unshift({ at: centre, text });
    end = centre - half - TEXT_GAP;
  }
  return shown;
}
