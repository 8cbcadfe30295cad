/** The benchmark page's messages: rows that compare the engine with a baseline, and progress on the way. */
import type { ErrorRecord } from './errors';

export interface BenchRow {
  readonly name: string;
  readonly backend: 'webgpu' | 'wasm';
  readonly against: 'plain' | 'jax-js';
  readonly unit: 'ms CPU' | 'ms' | 'dispatches' | 'submits' | 'MB' | 'pipelines';
  /** Baseline / engine is to be at least this; null: there is no target. */
  readonly target: number | null;
  /** null: it was not measured, and `problem` says why. */
  readonly figures: BenchFigures | null;
  readonly problem: string | null;
}

export interface BenchFigures {
  readonly ours: number;
  readonly baseline: number;
  /** baseline / ours: above 1, the engine takes less. */
  readonly ratio: number;
  /** Of the repeats; null for what is counted. */
  readonly spread: { readonly ours: Spread; readonly baseline: Spread } | null;
  /** How far their results are apart (losses), relative to the baseline's; null where tokens are sampled. */
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
export type BenchCommand = { readonly type: 'bench' };

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
