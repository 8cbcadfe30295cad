/**
 * Measurements → rows of a table: what the engine takes against what a baseline takes, as a ratio from
 * one and the same run on one machine.
 */
import type { BenchRow, Spread } from '../../protocol';
import { countParameters } from '../policy/parameters';
import { type BenchCase, CASES, type CaseName, type SideName, tokensOf } from './cases';
import type { GpuUse, Measurement } from './measure';
import { benchConfig } from './model';

type Backend = 'webgpu' | 'wasm';

/** Milliseconds of a run, what it asks of WebGPU, or what our kernels count of themselves. */
export type Quantity =
  | 'time'
  | 'dispatches'
  | 'submits'
  | 'readbacks'
  | 'peakBytes'
  | 'workingBytes'
  | 'pipelines'
  | 'multiplyAdds'
  /** Bytes that shaders move, in bytes of the model's weights. */
  | 'traffic';

/** A row's question, before anything was measured. */
export interface RowPlan {
  readonly name: string;
  readonly quantity: Quantity;
  readonly backend: Backend;
  readonly caseName: CaseName;
  /** A rollout of fewer tokens: the difference of the two, per token, is the row. */
  readonly shorter?: CaseName;
  /** With `shorter`: of so many tokens instead of one. */
  readonly tokens?: number;
  /** Another side in the same case; or the engine in another training case, both per token; or nothing. */
  readonly baseline: Exclude<SideName, 'engine'> | { readonly engineIn: CaseName } | null;
  /** Baseline / engine is to be at least this, or without a baseline the figure at most; null: there is none. */
  readonly target: number | null;
}

/** One measurement of a run of the bench. */
export interface Job {
  readonly side: SideName;
  readonly backend: Backend;
  readonly caseName: CaseName;
}

/** A measurement, or why there is none. */
export type Outcome = { readonly measurement: Measurement } | { readonly problem: string };

/** Each measurement that the rows need, once. */
export function jobsOf(plans: readonly RowPlan[]): Job[] {
  const jobs = plans.flatMap((plan) => {
    const { backend, caseName, shorter } = plan;
    const baseline = baselineOf(plan);
    const ours: Job = { side: 'engine', backend, caseName };
    const compared = baseline === null ? [ours] : [ours, { ...baseline, backend }];
    if (shorter === undefined) return compared;
    return [...compared, ...compared.map((job) => ({ ...job, caseName: shorter }))];
  });
  return [...new Map(jobs.map((job) => [keyOf(job), job])).values()];
}

export function keyOf({ side, backend, caseName }: Job): string {
  return `${caseName} ${backend} ${side}`;
}

function baselineOf({ baseline, caseName }: RowPlan): Pick<Job, 'side' | 'caseName'> | null {
  if (baseline === null) return null;
  if (typeof baseline === 'string') return { side: baseline, caseName };
  return { side: 'engine', caseName: baseline.engineIn };
}

/** What one side takes. */
interface Taken {
  readonly value: number;
  /** Of a time that was measured as such. */
  readonly spread: Spread | null;
  readonly result: number;
}

export function rowOf(
  plan: RowPlan,
  timeKind: 'cpu' | 'wall',
  outcomes: ReadonlyMap<string, Outcome>,
): BenchRow {
  const { name, quantity, backend, caseName, target } = plan;
  const baseline = baselineOf(plan);
  const head = {
    ...{ name, backend, target },
    against: baseline === null ? null : baseline.side,
    unit: unitOf(quantity, timeKind),
  };
  try {
    const ours = takenBy(plan, { side: 'engine', caseName }, outcomes);
    const theirs = baseline && takenBy(plan, baseline, outcomes);
    const sameTask = baseline?.caseName === caseName && CASES[caseName].kind !== 'rollout';
    const figures = {
      ours: ours.value,
      baseline: theirs?.value ?? null,
      ratio: theirs && theirs.value / ours.value,
      spread: ours.spread && theirs?.spread ? { ours: ours.spread, baseline: theirs.spread } : null,
      difference: theirs && sameTask ? Math.abs(ours.result - theirs.result) / Math.abs(theirs.result) : null,
    };
    return { ...head, figures, problem: null };
  } catch (failure) {
    return { ...head, figures: null, problem: failure instanceof Error ? failure.message : String(failure) };
  }
}

function takenBy(
  { quantity, backend, shorter, tokens = 1, baseline }: RowPlan,
  { side, caseName }: Pick<Job, 'side' | 'caseName'>,
  outcomes: ReadonlyMap<string, Outcome>,
): Taken {
  const measured = (of: CaseName): Measurement => {
    const outcome = outcomes.get(keyOf({ side, backend, caseName: of })) ?? { problem: 'not measured' };
    if ('problem' in outcome) throw new Error(`${side}: ${outcome.problem}`);
    return outcome.measurement;
  };
  const whole = measured(caseName);
  const { result } = whole;
  if (shorter !== undefined) {
    const less = valueIn(leastTime(measured(shorter)), quantity, shorter);
    const difference = valueIn(leastTime(whole), quantity, caseName) - less;
    if (quantity === 'time' && difference <= 0)
      throw new Error(`${side}: the machine was too busy to tell what a token takes`);
    const perToken = difference / (tokensOf(caseName) - tokensOf(shorter));
    return { value: perToken * tokens, spread: null, result };
  }
  const value = valueIn(whole, quantity, caseName);
  const perToken = baseline !== null && typeof baseline !== 'string';
  const parts = perToken ? tokensOf(caseName) : 1;
  return { value: value / parts, spread: quantity === 'time' ? divided(whole.time, parts) : null, result };
}

/** A busy machine only adds to a time: for a difference of two, the least of each is nearest to the truth. */
function leastTime(measurement: Measurement): Measurement {
  const { time } = measurement;
  return { ...measurement, time: { ...time, median: time.lowest } };
}

function divided({ median, lowest, highest, repeats }: Spread, by: number): Spread {
  return { median: median / by, lowest: lowest / by, highest: highest / by, repeats };
}

/** A row as it is printed; one that misses its target is marked. */
export function describeRow(row: BenchRow): string {
  const { against } = row;
  const other = against === null || against === 'engine' ? '' : `, against ${against}`;
  const title = `${row.name}${other} on ${row.backend}`.padEnd(72);
  if (row.figures === null) return `${title} ${row.problem}`;
  const { ours, baseline, ratio, spread, difference } = row.figures;
  const number = (value: number) => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0).padStart(8);
  const range = ({ lowest, highest }: Spread) => `${number(lowest).trim()}…${number(highest).trim()}`;
  const values = baseline === null ? number(ours) : `${number(ours)} : ${number(baseline)}`;
  const parts = [`${values} ${row.unit.padEnd(10)}`];
  if (ratio !== null) parts.push(`× ${ratio.toFixed(2)}`);
  if (row.target !== null) {
    const missed = ratio === null ? ours > row.target : ratio < row.target;
    parts.push(`target ${row.target}${missed ? ' MISSED' : ''}`);
  }
  if (spread !== null) parts.push(`${range(spread.ours)} : ${range(spread.baseline)}`);
  if (difference !== null) parts.push(`results differ by ${difference.toExponential(0)}`);
  return `${title} ${parts.join('   ')}`;
}

function valueIn({ time, gpu, work }: Measurement, quantity: Quantity, caseName: CaseName): number {
  if (quantity === 'time') return time.median;
  if (quantity === 'multiplyAdds' || quantity === 'traffic') {
    if (work === null) throw new Error('no kernels of ours to count');
    return quantity === 'traffic' ? work.bytes / weightBytes(caseName) : work.multiplyAdds / 1e6;
  }
  if (gpu === null) throw new Error('no WebGPU to count');
  const values: Record<typeof quantity, keyof GpuUse> = {
    dispatches: 'dispatches',
    submits: 'submits',
    readbacks: 'readbacks',
    peakBytes: 'peakBytes',
    workingBytes: 'workingBytes',
    pipelines: 'pipelinesSoFar',
  };
  return gpu[values[quantity]] / (quantity.endsWith('Bytes') ? 1e6 : 1);
}

function weightBytes(caseName: CaseName): number {
  const benchCase: BenchCase = CASES[caseName];
  if (!('model' in benchCase)) throw new Error(`internal: ${caseName} has no model`);
  return 4 * countParameters(benchConfig(benchCase.model));
}

function unitOf(quantity: Quantity, timeKind: 'cpu' | 'wall'): BenchRow['unit'] {
  switch (quantity) {
    case 'time':
      return timeKind === 'cpu' ? 'ms CPU' : 'ms';
    case 'peakBytes':
    case 'workingBytes':
      return 'MB';
    case 'multiplyAdds':
      return 'M mul-adds';
    case 'traffic':
      return 'weights';
    default:
      return quantity;
  }
}
