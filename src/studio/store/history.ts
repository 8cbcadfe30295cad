/** The run's past as columns: one array per metric, aligned with `steps`. Bounded; plain JSON. */
import type { StepRecord } from '../../protocol';

/** Longer histories lose every second record of their older half: curves keep their shape. */
export const HISTORY_LIMIT = 20_000;

export interface StepHistory {
  readonly steps: readonly number[];
  /** Metric key (TRL's) → one value per entry of `steps`; null: not reported at that step. */
  readonly columns: Readonly<Record<string, readonly (number | null)[]>>;
}

export const emptyHistory: StepHistory = { steps: [], columns: {} };

/**
 * Adds records in order. A record whose step is not after the last one rewinds the history to
 * just before it: a resumed run repeats steps that were done but not saved.
 */
export function appendSteps(history: StepHistory, records: readonly StepRecord[]): StepHistory {
  if (records.length === 0) return history;
  let steps = [...history.steps];
  // A null prototype: a metric may be called anything, `constructor` included.
  let columns: Record<string, (number | null)[]> = Object.create(null);
  for (const [key, values] of Object.entries(history.columns)) columns[key] = [...values];

  for (const { step, metrics } of records) {
    while (steps.length > 0 && steps[steps.length - 1]! >= step) {
      steps.pop();
      for (const values of Object.values(columns)) values.pop();
    }
    for (const key of Object.keys(metrics)) columns[key] ??= new Array(steps.length).fill(null);
    for (const [key, values] of Object.entries(columns)) {
      const value = metrics[key];
      values.push(value !== undefined && Number.isFinite(value) ? value : null);
    }
    steps.push(step);
    if (steps.length > HISTORY_LIMIT) {
      const half = steps.length >> 1;
      const keep = (_: unknown, index: number) => index >= half || index % 2 === 0;
      steps = steps.filter(keep);
      columns = Object.fromEntries(
        Object.entries(columns).map(([key, values]) => [key, values.filter(keep)]),
      );
    }
  }
  return { steps, columns };
}

/** The newest value of a metric; a step that did not report it is passed over. */
export function latest(history: StepHistory, key: string): number | null {
  return history.columns[key]?.findLast((value) => value !== null) ?? null;
}
