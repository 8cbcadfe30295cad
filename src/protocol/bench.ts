/** The benchmark page's messages: rows that compare the engine with a baseline, and progress on the way. */
import type { ErrorRecord } from './errors';

export interface BenchRow {
  readonly name: string;
  readonly backend: 'webgpu' | 'wasm';
  /** `engine`: itself, on less. null: nothing; the row is a figure. */
  readonly against: 'plain' | 'jax-js' | 'engine' | null;
  /** `M mul-adds`: millions of multiply-adds. `weights`: bytes, of what the model's weights take. */
  readonly unit:
    | 'ms CPU'
    | 'ms'
    | 'dispatches'
    | 'submits'
    | 'readbacks'
    | 'MB'
    | 'pipelines'
    | 'M mul-adds'
    | 'weights';
  /** Baseline / engine is to be at least this, or a mere figure at most; null: there is no target. */
  readonly target: number | null;
  /** null: it was not measured, and `problem` says why. */
  readonly figures: BenchFigures | null;
  readonly problem: string | null;
}

export interface BenchFigures {
  readonly ours: number;
  /** null: compared with nothing. */
  readonly baseline: number | null;
  /** baseline / ours: above 1, the engine takes less. */
  readonly ratio: number | null;
  /** Of the repeats; null for what is counted. */
  readonly spread: { readonly ours: Spread; readonly baseline: Spread } | null;
  /** How far their results are apart (losses), relative to the baseline's; null where they are not the same. */
  readonly difference: number | null;
}

/** Milliseconds per run. */
export interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
  readonly repeats: number;
}

export interface BenchReport {
  /** null: WebGPU was not measured. */
  readonly adapter: string | null;
  readonly rows: readonly BenchRow[];
}

/** To the bench worker; it stops when it is terminated. */
export interface BenchCommand {
  readonly type: 'bench';
  readonly rows: BenchRows;
}

/** `short`: what also a slow device measures within a minute or two. */
export type BenchRows = 'short' | 'all';

export interface BenchResults {
  bench: BenchReport;
}

/** From the bench worker. */
export type BenchEvent =
  | {
      readonly type: 'bench-progress';
      /** Measurements. */
      readonly done: number;
      readonly total: number;
      /** The one at work. */
      readonly measuring: string;
      readonly report: BenchReport;
    }
  | { readonly type: 'done'; readonly requestId: number; readonly result: BenchReport }
  | { readonly type: 'failed'; readonly requestId: number; readonly error: ErrorRecord };
