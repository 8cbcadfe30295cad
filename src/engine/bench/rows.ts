/**
 * Measurements → rows of a table: what the engine takes against what a baseline takes, as a ratio from
 * one and the same run on one machine.
 */
import type { BenchRow, Spread } from '../../protocol';
import { CASES, type CaseName, type SideName } from './cases';
import type { GpuUse, Measurement } from './measure';

type Backend = 'webgpu' | 'wasm';

/** What is compared: milliseconds of a run, or what a run asks of WebGPU. */
export type Quantity = 'time' | 'dispatches' | 'submits' | 'peakBytes' | 'workingBytes' | 'pipelines';

/** A row's question, before anything was measured. */
export interface RowPlan {
  readonly name: string;
  readonly quantity: Quantity;
  readonly backend: Backend;
  readonly caseName: CaseName;
  /** A rollout of fewer tokens: the difference of the two, per token, is the row. */
  readonly shorter?: CaseName;
  readonly baseline: Exclude<SideName, 'engine'>;
  /** Baseline / engine is to be at least this; null: there is none. */
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
  const jobs = plans.flatMap(({ baseline, backend, caseName, shorter }) =>
    [caseName, ...(shorter === undefined ? [] : [shorter])].flatMap((name): Job[] => [
      { side: 'engine', backend, caseName: name },
      { side: baseline, backend, caseName: name },
    ]),
  );
  return [...new Map(jobs.map((job) => [keyOf(job), job])).values()];
}

export function keyOf({ side, backend, caseName }: Job): string {
  return `${caseName} ${backend} ${side}`;
}

export function rowOf(
  plan: RowPlan,
  timeKind: 'cpu' | 'wall',
  outcomes: ReadonlyMap<string, Outcome>,
): BenchRow {
  const { name, quantity, backend, caseName, shorter, baseline, target } = plan;
  const head = { name, backend, against: baseline, unit: unitOf(quantity, timeKind), target };
  const measured = (side: SideName, of: CaseName): Measurement => {
    const outcome = outcomes.get(keyOf({ side, backend, caseName: of })) ?? { problem: 'not measured' };
    if ('problem' in outcome) throw new Error(`${side}: ${outcome.problem}`);
    return outcome.measurement;
  };
  const take = (side: SideName): number => {
    const whole = valueIn(measured(side, caseName), quantity);
    if (shorter === undefined) return whole;
    const tokens = tokensOf(caseName) - tokensOf(shorter);
    return (whole - valueIn(measured(side, shorter), quantity)) / tokens;
  };
  try {
    const [ours, theirs] = [take('engine'), take(baseline)];
    const [a, b] = [measured('engine', caseName), measured(baseline, caseName)];
    const timed = quantity === 'time' && shorter === undefined;
    const sampled = CASES[caseName].kind === 'rollout';
    const figures = {
      ours,
      baseline: theirs,
      ratio: theirs / ours,
      spread: timed ? { ours: a.time, baseline: b.time } : null,
      difference: sampled ? null : Math.abs(a.result - b.result) / Math.abs(b.result),
    };
    return { ...head, figures, problem: null };
  } catch (failure) {
    return { ...head, figures: null, problem: failure instanceof Error ? failure.message : String(failure) };
  }
}

/** A row as it is printed; a ratio that misses its target is marked. */
export function describeRow(row: BenchRow): string {
  const title = `${row.name}, against ${row.against} on ${row.backend}`.padEnd(72);
  if (row.figures === null) return `${title} ${row.problem}`;
  const { ours, baseline, ratio, spread, difference } = row.figures;
  const number = (value: number) => value.toFixed(value < 100 ? 1 : 0).padStart(8);
  const range = ({ lowest, highest }: Spread) => `${number(lowest).trim()}…${number(highest).trim()}`;
  const parts = [`${number(ours)} : ${number(baseline)} ${row.unit.padEnd(10)} × ${ratio.toFixed(2)}`];
  if (row.target !== null) parts.push(`target ${row.target}${ratio < row.target ? ' MISSED' : ''}`);
  if (spread !== null) parts.push(`${range(spread.ours)} : ${range(spread.baseline)}`);
  if (difference !== null) parts.push(`results differ by ${difference.toExponential(0)}`);
  return `${title} ${parts.join('   ')}`;
}

function valueIn({ time, gpu }: Measurement, quantity: Quantity): number {
  if (quantity === 'time') return time.median;
  if (gpu === null) throw new Error('no WebGPU to count');
  const values: Record<typeof quantity, keyof GpuUse> = {
    dispatches: 'dispatches',
    submits: 'submits',
    peakBytes: 'peakBytes',
    workingBytes: 'workingBytes',
    pipelines: 'pipelinesSoFar',
  };
  return gpu[values[quantity]] / (quantity.endsWith('Bytes') ? 1e6 : 1);
}

function tokensOf(caseName: CaseName): number {
  const benchCase = CASES[caseName];
  return benchCase.kind === 'rollout' ? benchCase.tokens : 0;
}

function unitOf(quantity: Quantity, timeKind: 'cpu' | 'wall'): BenchRow['unit'] {
  if (quantity === 'time') return timeKind === 'cpu' ? 'ms CPU' : 'ms';
  return quantity === 'peakBytes' || quantity === 'workingBytes' ? 'MB' : quantity;
}
