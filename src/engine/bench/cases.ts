/**
 * The cases of the bench, by name, and what a side must do to be measured in them. A side is one
 * implementation: the engine, the baseline, another library. Each case is measured in an isolate of
 * its own (a process, a worker), so that neither compiled pipelines nor pooled buffers of one
 * measurement are there in the next.
 */
import type { TensorHost } from '../tensor/backend';
import type { BenchHost, Measurement, Repeats } from './measure';
import { type BatchSize, MODELS, type ModelSize, TRAINING_BATCH } from './model';

export type SideName = 'engine' | 'plain' | 'jax-js';

export interface TrainingCase {
  readonly kind: 'training';
  readonly model: ModelSize;
  readonly batch: BatchSize;
}

export interface RolloutCase {
  readonly kind: 'rollout';
  readonly model: ModelSize;
  readonly rows: number;
  readonly promptTokens: number;
  /** Sampled per row. */
  readonly tokens: number;
}

export type BenchCase = TrainingCase | RolloutCase;

const ROLLOUT = { kind: 'rollout', rows: 32, promptTokens: 32, tokens: 32 } as const;

export const CASES = {
  'training-tiny': {
    kind: 'training',
    model: MODELS.tiny,
    batch: { rows: 2, promptTokens: 16, completionTokens: 16 },
  },
  'training-d128': { kind: 'training', model: MODELS.d128, batch: TRAINING_BATCH },
  'training-d256': { kind: 'training', model: MODELS.d256, batch: TRAINING_BATCH },
  'rollout-tiny': { ...ROLLOUT, model: MODELS.tiny, rows: 4, promptTokens: 8, tokens: 8 },
  'rollout-d128': { ...ROLLOUT, model: MODELS.d128 },
  /** Half of it: the difference of the two is what a token takes, prefill aside. */
  'rollout-d128-half': { ...ROLLOUT, model: MODELS.d128, tokens: ROLLOUT.tokens / 2 },
} as const satisfies Readonly<Record<string, BenchCase>>;

export type CaseName = keyof typeof CASES;

/** One implementation, ready to run one case. */
export interface Side {
  /**
   * Training: one optimizer step → its loss. Rollout: all its tokens → their sum. `run` counts from 0.
   */
  run(run: number): Promise<number>;
  /** Resolves when the device has done all that was asked of it. */
  settle(): Promise<void>;
  dispose(): void;
}

/** Where a side runs, and on which case. */
export interface IsolateRequest {
  readonly caseName: CaseName;
  readonly backend: 'webgpu' | 'wasm';
  readonly tensors: TensorHost;
  readonly repeats: Repeats;
  readonly host: BenchHost;
}

export interface IsolateResult {
  readonly adapter: string;
  readonly measurement: Measurement;
}
