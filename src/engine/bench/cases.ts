/**
 * The cases of the bench, by name, and what a side must do to be measured in them. A side is one
 * implementation: the engine, the baseline, another library. Each case is measured in an isolate of
 * its own (a process, a worker), so that neither compiled pipelines nor pooled buffers of one
 * measurement are there in the next.
 */
import type { TensorHost } from '../tensor/backend';
import type { BenchHost, Measurement, Repeats, Work } from './measure';
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

/** A linear layer alone, for one token of each row. */
export interface LinearCase {
  readonly kind: 'linear';
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
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

/** A training step of the small model on `rows` sequences of `tokens` each, divided as in `TRAINING_BATCH`. */
function scaled(rows: number, tokens: number): TrainingCase {
  const { promptTokens, completionTokens } = TRAINING_BATCH;
  const prompt = (tokens * promptTokens) / (promptTokens + completionTokens);
  const batch = { rows, promptTokens: prompt, completionTokens: tokens - prompt };
  return { kind: 'training', model: MODELS.d128, batch };
}

export const CASES = {
  'training-tiny': {
    kind: 'training',
    model: MODELS.tiny,
    batch: { rows: 2, promptTokens: 16, completionTokens: 16 },
  },
  'training-d128': { kind: 'training', model: MODELS.d128, batch: TRAINING_BATCH },
  'training-d256': { kind: 'training', model: MODELS.d256, batch: TRAINING_BATCH },
  'training-4x64': scaled(4, 64),
  'training-4x256': scaled(4, 256),
  'training-4x512': scaled(4, 512),
  'training-1x128': scaled(1, 128),
  'training-2x128': scaled(2, 128),
  'training-8x128': scaled(8, 128),
  'training-16x128': scaled(16, 128),
  'training-32x128': scaled(32, 128),
  'rollout-tiny': { ...ROLLOUT, model: MODELS.tiny, rows: 4, promptTokens: 8, tokens: 8 },
  'rollout-d128': { ...ROLLOUT, model: MODELS.d128 },
  /** Half of it: the difference of the two is what a token takes, prefill aside. */
  'rollout-d128-half': { ...ROLLOUT, model: MODELS.d128, tokens: ROLLOUT.tokens / 2 },
  /** For times, which vary: the more tokens a difference is over, the less that matters. */
  'rollout-d128-short': { ...ROLLOUT, model: MODELS.d128, tokens: 2 },
  'rollout-one': { ...ROLLOUT, model: MODELS.d128, rows: 1 },
  'rollout-one-half': { ...ROLLOUT, model: MODELS.d128, rows: 1, tokens: ROLLOUT.tokens / 2 },
  'head-v8192': { kind: 'head', rows: 512, width: 128, vocabulary: 8192 },
  'head-tiny': { kind: 'head', rows: 24, width: 32, vocabulary: 48 },
  'linear-1': { ...LINEAR, rows: 1 },
  'linear-8': { ...LINEAR, rows: 8 },
  'linear-32': { ...LINEAR, rows: 32 },
} as const satisfies Readonly<Record<string, BenchCase>>;

export type CaseName = keyof typeof CASES;

/** Steps of as many tokens vary little, and take long. */
const LONG_STEP = 1024;

export function repeatsOf(caseName: CaseName): Repeats {
  const long = CASES[caseName].kind === 'training' && tokensOf(caseName) >= LONG_STEP;
  return long ? { warmUp: 1, repeats: 1 } : { warmUp: 2, repeats: 5 };
}

/** Training: all that a step computes with. Rollout: sampled per row. 0 for parts of a model. */
export function tokensOf(caseName: CaseName): number {
  const benchCase: BenchCase = CASES[caseName];
  if (benchCase.kind === 'rollout') return benchCase.tokens;
  if (benchCase.kind !== 'training') return 0;
  const { rows, promptTokens, completionTokens } = benchCase.batch;
  return rows * (promptTokens + completionTokens);
}

/** One implementation, ready to run one case. */
export interface Side {
  /**
   * Training and head: → the loss. Rollout: all its tokens → their sum. Linear: → the mean of |y|.
   * `run` counts from 0.
   */
  run(run: number): Promise<number>;
  /** So far; only our own kernels count it. */
  readonly work?: Readonly<Work>;
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
