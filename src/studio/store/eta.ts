/** How long a run will still take, as a range: the median of its recent steps, give or take. */
import type { RunConfig } from '../../protocol';
import type { StepHistory } from './history';

/** Steps looked back on, and steps before anything is said (the first one compiles shaders). */
const WINDOW = 20;
const SILENT_STEPS = 3;

export interface Eta {
  readonly lowSeconds: number;
  readonly highSeconds: number;
}

/** `q`-quantile, 0 … 1, of sorted values, linear between neighbours. */
export function quantile(sorted: readonly number[], q: number): number {
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  const high = Math.ceil(at);
  return sorted[low]! + (sorted[high]! - sorted[low]!) * (at - low);
}

/**
 * Remaining steps × (median of the last 20 step times ∓ half their quartile distance); null while
 * there is too little to go by. Only the first of the updates on one rollout batch samples, so
 * times are averaged over a whole batch before the median is taken.
 */
export function estimate(history: StepHistory, config: RunConfig, step: number): Eta | null {
  const updates = Math.max(1, config.update.miniBatches * config.update.epochs);
  const times = (history.columns.step_time ?? []).filter((time): time is number => time !== null);
  if (times.length < SILENT_STEPS + 1 || times.length < updates + 1) return null;
  const recent = times.slice(1).slice(-Math.max(WINDOW, updates)); // the first step compiles
  const perStep: number[] = [];
  for (let end = recent.length; end >= updates; end -= updates) {
    const batch = recent.slice(end - updates, end);
    perStep.push(batch.reduce((sum, time) => sum + time, 0) / updates);
  }
  if (perStep.length === 0) return null;
  perStep.sort((a, b) => a - b);
  const remaining = Math.max(0, config.steps - step);
  const median = quantile(perStep, 0.5);
  const spread = (quantile(perStep, 0.75) - quantile(perStep, 0.25)) / 2;
  return { lowSeconds: remaining * (median - spread), highSeconds: remaining * (median + spread) };
}
