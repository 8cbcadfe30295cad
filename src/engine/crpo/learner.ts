/**
 * What the update loop asks of the device: the policy, its gradient and its optimizer's moments behind
 * one interface. There are two implementations: `plain` computes in TensorFlow.js ops on every
 * backend and is the reference; `fused` runs our own kernels on webgpu. They agree within float32
 * tolerance, so a run has the same trajectory on both.
 */
import type { RunConfig } from '../../protocol';
import type { NamedArray } from '../files';
import type { LoraSettings, ParameterLayout, PolicyConfig } from '../policy';
import type { StreamName } from '../random';
import type { Rollout, TokenSequence } from './batch';
import type { Pausable } from './environment';

/** A policy that is only read: what it computes and what it holds. */
export interface FrozenPolicy {
  readonly config: PolicyConfig;
  /** `config.json` as it was loaded. */
  readonly configJson: string;
  /** null: no adapter. */
  readonly lora: LoraSettings | null;
  /** One completion per prompt (token ids, none empty), in the prompts' order. */
  generate(
    prompts: readonly (readonly number[])[],
    settings: GenerationSettings,
    host: Pausable,
  ): Promise<Completion[]>;
  /** Log-probability of each completion token in nats, one array per sequence. `adapter: false`: LoRA off. */
  logprobs(
    sequences: readonly TokenSequence[],
    options: { readonly temperature: number; readonly adapter?: boolean },
    host: Pausable,
  ): Promise<Float32Array<ArrayBuffer>[]>;
  /** All weights under HF names, in HF orientation; `merged`: with the adapter folded in. */
  exportWeights(options: { readonly merged: boolean }): Promise<readonly NamedArray[]>;
  dispose(): void;
}

export interface Learner extends FrozenPolicy {
  /** Of what trains: the adapter if there is one, else all weights. The order of the moments. */
  readonly layout: ParameterLayout;
  /**
   * Adds the gradient of Σ_i w_i Σ_t ℓ_it over `rows`, one micro-batch, to the gradient so far.
   * Resolves to its loss, then to the sums of `lossMetrics`. Activations that would take more than
   * `memoryBytes` in all are computed twice instead of kept, where the learner can.
   */
  addGradient(
    rows: readonly LossRollout[],
    objective: LossObjective,
    host: Pausable,
    memoryBytes?: number,
  ): Promise<readonly number[]>;
  /**
   * One AdamW update by the gradient so far, which is dropped in any case. Throws `non-finite`, with
   * nothing changed, when the gradient's norm is no finite number.
   */
  applyGradient(update: AdamWUpdate): Promise<{ readonly gradNorm: number }>;
  /** Drops the gradient so far, if any. */
  dropGradient(): void;
  /** First and second moments in layout order: copies. Zeros before the first update. */
  moments(): Promise<Moments>;
  restoreMoments(moments: Moments): void;
  /** The policy as it is now, adapter included; the caller disposes it. */
  freeze(): FrozenPolicy;
  /** `adapter_config.json` and its tensors under PEFT's names; null without an adapter. */
  exportAdapter(): Promise<{ config: Record<string, unknown>; tensors: readonly NamedArray[] } | null>;
}

/** A rollout with its place in the loss. */
export interface LossRollout extends Rollout {
  /** w_i. */
  readonly weight: number;
  /** Tokens in the loss, from the first. */
  readonly counted: number;
}

/** ℓ_it: CRPO's token loss (`loss.ts`) at the sampling temperature, or −log π for imitation (cold start). */
export type LossObjective =
  | { readonly kind: 'crpo'; readonly settings: RunConfig['loss']; readonly temperature: number }
  | { readonly kind: 'imitation' };

export interface AdamWUpdate {
  /** 1-based number of this update. */
  readonly step: number;
  readonly learningRate: number;
  readonly settings: RunConfig['optimizer'];
}

export interface Moments {
  readonly m: Float32Array<ArrayBuffer>;
  readonly v: Float32Array<ArrayBuffer>;
}

export interface Completion {
  /** Token ids, the stop token included. */
  readonly tokens: readonly number[];
  /** Of each token, under the full softmax at the sampling temperature, nats. */
  readonly logprobs: Float32Array<ArrayBuffer>;
  /** It ran into the token limit. */
  readonly truncated: boolean;
}

export interface GenerationSettings {
  readonly maxTokens: number;
  readonly stopTokens: readonly number[];
  /** Fed to rows that have ended; its output is ignored. */
  readonly padToken: number;
  /** null: the most likely token, the lowest id among equals; its log-prob is at temperature 1. */
  readonly sampling: SamplingSettings | null;
  /** Position p of row i is drawn with uniform(seed, stream, counters[i], p). */
  readonly draws: {
    readonly seed: number;
    readonly stream: StreamName;
    readonly counters: readonly number[];
  };
  /** After each token, or each block of tokens. */
  onProgress(progress: GenerationProgress): void;
  /** A row has ended; nothing of its completion changes any more. */
  onEnd?(row: number, completion: Completion): void;
}

export interface GenerationProgress {
  /** Completions that have ended. */
  readonly ended: number;
  /** Tokens of the longest completion so far. */
  readonly longest: number;
  /** Tokens of all completions so far. */
  readonly tokens: number;
}

/** As in `RunConfig.sampling`. Order: repetition penalty, temperature, top-k, top-p, min-p. */
export interface SamplingSettings {
  readonly temperature: number;
  /** 0 is off. */
  readonly topK: number;
  /** 1 is off. */
  readonly topP: number;
  /** 0 is off. Keeps tokens whose probability is at least this share of the most likely one's. */
  readonly minP: number;
  /** 1 is off. Divides the positive logits of tokens that prompt or completion hold, multiplies negative ones. */
  readonly repetitionPenalty: number;
}
