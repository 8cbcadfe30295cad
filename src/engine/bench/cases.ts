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

/** A linear layer alone, on `rows` tokens: forward, and for training both gradients. */
export interface LinearCase {
  readonly kind: 'linear';
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly training: boolean;
}

/** The head and the loss alone, forward and backward, on `rows` completion tokens. */
export interface HeadCase {
  readonly kind: 'head';
  readonly rows: number;
  readonly width: number;
  readonly vocabulary: number;
}

export type BenchCase = TrainingCase | RolloutCase | LinearCase | HeadCase;

/** Times that a run of `LinearCase` does the same: one alone is too short to be timed. */
export const LINEAR_TIMES = 8;

const ROLLOUT = { kind: 'rollout', rows: 32, promptTokens: 32, tokens: 32 } as const;

/** Of a 0.5B model's width. */
const LINEAR = { kind: 'linear', inputs: 896, outputs: 1216 } as const;

type LinearName<Rows extends number, Kind extends string> = `linear-${Kind}-${Rows}`;

function linearCases<const Rows extends number, const Training extends boolean>(
  rows: readonly Rows[],
  training: Training,
): Record<LinearName<Rows, Training extends true ? 'training' : 'decode'>, LinearCase> {
  const kind = training ? 'training' : 'decode';
  const cases = rows.map((count) => [`linear-${kind}-${count}`, { ...LINEAR, rows: count, training }]);
  return Object.fromEntries(cases);
}

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
  'head-v8192': { kind: 'head', rows: 512, width: 128, vocabulary: 8192 },
  'head-tiny': { kind: 'head', rows: 24, width: 32, vocabulary: 48 },
  ...linearCases([64, 128, 256, 512], true),
  ...linearCases([1, 8, 32], false),
} as const satisfies Readonly<Record<string, BenchCase>>;

export type CaseName = keyof typeof CASES;

/** One implementation, ready to run one case. */
export interface Side {
  /**
   * Training and head: → the loss. Rollout: all its tokens → their sum. Linear: → the mean of |y|.
   * `run` counts from 0.
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
