/**
 * The cold start: supervised fine-tuning on prompts with completions to imitate, before CRPO. It is
 * the first stage of Clinical-R1 (arXiv 2512.00601), and what makes the starter policy from nothing.
 *
 * The loss is the mean negative log-prob over all completion tokens of a mini-batch; prompts and
 * padding are not in it. Mini-batches hold sequences of similar length, so that little is padding.
 */
import { type RunConfig, StudioError } from '../../protocol';
import type { Policy } from '../policy';
import { permutation } from '../random';
import { tf } from '../tensor';
import { padRight, type TokenSequence, tokenBatch } from './batch';
import { breathe, type Pausable } from './environment';
import { createAdamW, flatten, updatePolicy } from './optimizer';

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
 * Trains the policy's trainable tensors in place with AdamW. Completions end with the stop token
 * where the policy shall stop. A throw leaves the weights of the last whole update.
 */
export async function coldStart(
  policy: Policy,
  sequences: readonly TokenSequence[],
  padToken: number,
  settings: ColdStartSettings,
  host: ColdStartHost,
): Promise<void> {
  const { steps, microBatchSize } = settings;
  let optimizer = createAdamW(policy);
  let tokens = 0;
  try {
    for (const batch of miniBatches(sequences, settings)) {
      const descent = await imitationGradient(policy, batch, padToken, microBatchSize, host);
      const update = await updatePolicy(policy, optimizer, descent, settings);
      optimizer = update.optimizer;
      tokens += batch.reduce((sum, sequence) => sum + lengthOf(sequence), 0);
      const { gradNorm, learningRate } = update;
      host.onStep({ step: optimizer.step, loss: descent.loss, gradNorm, learningRate, tokens });
      if (optimizer.step === steps) return;
    }
  } finally {
    tf.dispose([optimizer.m, optimizer.v]);
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

/** ∇ of −Σ log π(token) / tokens over the completions; the caller disposes it. */
async function imitationGradient(
  policy: Policy,
  batch: readonly TokenSequence[],
  padToken: number,
  microBatchSize: number,
  host: ColdStartHost,
): Promise<{ gradient: tf.Tensor1D; loss: number }> {
  const counted = batch.reduce((sum, { completionTokens }) => sum + completionTokens.length, 0);
  let gradient: tf.Tensor1D | null = null;
  let loss = 0;
  try {
    for (let start = 0; start < batch.length; start += microBatchSize) {
      const part = batch.slice(start, start + microBatchSize);
      const [value, added] = tf.tidy((): [tf.Scalar, tf.Tensor1D] => {
        const { value, grads } = negativeLogprob(policy, part, padToken, counted);
        const flat = flatten(grads);
        return [value, gradient === null ? flat : tf.add(gradient, flat)];
      });
      gradient?.dispose();
      gradient = added;
      loss += (await value.data())[0]!;
      value.dispose();
      await breathe(host);
    }
  } catch (error) {
    gradient?.dispose();
    throw error;
  }
  return { gradient: gradient!, loss };
}

function negativeLogprob(
  policy: Policy,
  part: readonly TokenSequence[],
  padToken: number,
  counted: number,
): { value: tf.Scalar; grads: tf.Tensor[] } {
  const tokens = tokenBatch(part, padToken);
  const share = part.map(({ completionTokens }) =>
    new Float32Array(completionTokens.length).fill(1 / counted),
  );
  const shape: [number, number] = [part.length, tokens.completionLength];
  const weights = tf.tensor2d(padRight(share, tokens.completionLength), shape); // (N, T), 0 on padding
  return tf.valueAndGrads((...parameters: tf.Tensor[]) => {
    const { logprobs } = policy.tokenLogprobs(tokens, { temperature: 1, parameters });
    return tf.neg(tf.sum(tf.mul(logprobs, weights))) as tf.Scalar;
  })([...policy.trainable()]);
}

function lengthOf({ promptTokens, completionTokens }: TokenSequence): number {
  return promptTokens.length + completionTokens.length;
}
