/**
 * The cold start: supervised fine-tuning on prompts with completions to imitate, before CRPO. It is
 * the first stage of Clinical-R1 (arXiv 2512.00601), and what makes the starter policy from nothing.
 *
 * The loss is the mean negative log-prob over all completion tokens of a mini-batch; prompts and
 * padding are not in it. Mini-batches hold sequences of similar length, so that little is padding.
 */
import { type RunConfig, StudioError } from '../../protocol';
import { permutation } from '../random';
import type { TokenSequence } from './batch';
import { breathe, type Pausable } from './environment';
import type { Learner, LossRollout } from './learner';
import { updatePolicy } from './optimizer';

/** Mini-batches whose sequences are sorted by length together. */
const POOL = 16;

export interface ColdStartSettings {
  /** Seeds the order of the sequences. */
  readonly seed: number;
  /** Optimizer updates; the sequences are gone through as often as that takes. */
  readonly steps: number;
  /** Sequences per update. */
  readonly batchSize: number;
  /** Sequences per forward pass; gradients add up, so this changes memory, not the result. */
  readonly microBatchSize: number;
  readonly optimizer: RunConfig['optimizer'];
}

export interface ColdStartStep {
  /** 1-based. */
  readonly step: number;
  /** Nats per completion token, before the update. */
  readonly loss: number;
  readonly gradNorm: number;
  readonly learningRate: number;
  /** Prompt and completion tokens so far, without padding. */
  readonly tokens: number;
}

export interface ColdStartHost extends Pausable {
  onStep(step: ColdStartStep): void;
}

/**
 * Trains a learner that has made no update yet. Completions end with the stop token where the policy
 * shall stop. A throw leaves the weights of the last whole update.
 */
export async function coldStart(
  learner: Learner,
  sequences: readonly TokenSequence[],
  settings: ColdStartSettings,
  host: ColdStartHost,
): Promise<void> {
  const { steps, microBatchSize } = settings;
  let step = 0;
  let tokens = 0;
  for (const batch of miniBatches(sequences, settings)) {
    step++;
    const loss = await imitationGradient(learner, batch, microBatchSize, host);
    const { gradNorm, learningRate } = await updatePolicy(learner, step, loss, settings);
    tokens += batch.reduce((sum, sequence) => sum + lengthOf(sequence), 0);
    host.onStep({ step, loss, gradNorm, learningRate, tokens });
    if (step === steps) return;
  }
}

/**
 * Mini-batches without end. Each pass shuffles the sequences, sorts every `POOL` mini-batches' worth
 * of them by length, and shuffles the mini-batches again; what does not fill one waits for a later pass.
 */
function* miniBatches(
  sequences: readonly TokenSequence[],
  { seed, batchSize }: ColdStartSettings,
): Generator<TokenSequence[]> {
  const count = Math.floor(sequences.length / batchSize);
  if (count === 0) {
    throw new StudioError({
      boundary: 'data',
      code: 'cold-start-too-few',
      message: `Cold start: expected at least ${batchSize} sequences, one mini-batch, received ${sequences.length}.`,
      action: 'Give more sequences, or choose a smaller mini-batch.',
    });
  }
  for (let pass = 0; ; pass++) {
    const shuffled = Array.from(
      permutation(seed, 'promptOrder', pass, sequences.length),
      (index) => sequences[index]!,
    );
    const sorted: TokenSequence[] = [];
    for (let start = 0; start < count * batchSize; start += POOL * batchSize) {
      const pool = shuffled.slice(start, Math.min(start + POOL * batchSize, count * batchSize));
      sorted.push(...pool.sort((a, b) => lengthOf(a) - lengthOf(b)));
    }
    for (const index of permutation(seed, 'miniBatchOrder', pass, count))
      yield sorted.slice(index * batchSize, (index + 1) * batchSize);
  }
}

/** Leaves ∇ of −Σ log π(token) / tokens over the completions with the learner → the loss. */
async function imitationGradient(
  learner: Learner,
  batch: readonly TokenSequence[],
  microBatchSize: number,
  host: ColdStartHost,
): Promise<number> {
  const counted = batch.reduce((sum, { completionTokens }) => sum + completionTokens.length, 0);
  let loss = 0;
  try {
    for (let start = 0; start < batch.length; start += microBatchSize) {
      const rows = batch
        .slice(start, start + microBatchSize)
        .map((sequence) => toImitate(sequence, 1 / counted));
      loss += (await learner.addGradient(rows, { kind: 'imitation' }, host))[0]!;
      await breathe(host);
    }
  } catch (error) {
    learner.dropGradient();
    throw error;
  }
  return loss;
}

/** Nobody sampled it and nothing rewards it: only its tokens and their weight count. */
function toImitate({ promptTokens, completionTokens }: TokenSequence, weight: number): LossRollout {
  return {
    promptTokens,
    completionTokens,
    truncated: false,
    oldLogprobs: new Float32Array(completionTokens.length),
    referenceLogprobs: null,
    advantage: 0,
    weight,
    counted: completionTokens.length,
  };
}

function lengthOf({ promptTokens, completionTokens }: TokenSequence): number {
  return promptTokens.length + completionTokens.length;
}
