/**
 * The rollout batch: what one round of sampling leaves for its updates, and the order in which they
 * use it up. It is part of the training state, so a run resumes exactly inside a batch.
 */
import type { RunConfig } from '../../protocol';
import { permutation } from '../random';

export interface TokenSequence {
  readonly promptTokens: readonly number[];
  /** The stop token included; at least one token. */
  readonly completionTokens: readonly number[];
}

export interface Rollout extends TokenSequence {
  readonly truncated: boolean;
  /** log π_old of each completion token, as sampled. */
  readonly oldLogprobs: Float32Array<ArrayBuffer>;
  /** log π_ref of each completion token; null where β was 0. */
  readonly referenceLogprobs: Float32Array<ArrayBuffer> | null;
  readonly advantage: number;
}

export interface RolloutBatch {
  readonly rollouts: readonly Rollout[];
  /** At which they were sampled; the updates divide their logits by the same. */
  readonly temperature: number;
  /** Rollout indices of every update that this batch serves, epoch by epoch. */
  readonly miniBatches: readonly (readonly number[])[];
  /** Mini-batches already used. */
  readonly used: number;
}

export function isUsedUp(batch: RolloutBatch | null): batch is null {
  return batch === null || batch.used === batch.miniBatches.length;
}

/** What the updates need of freshly sampled rollouts; `serial` counts the run's rollout batches from 0. */
export function newBatch(
  config: RunConfig,
  serial: number,
  sampled: readonly Omit<Rollout, 'referenceLogprobs' | 'advantage'>[],
  advantages: readonly number[],
  references: readonly Float32Array<ArrayBuffer>[] | null,
): RolloutBatch {
  const rollouts = sampled.map(
    ({ promptTokens, completionTokens, truncated, oldLogprobs }, row): Rollout => ({
      promptTokens,
      completionTokens,
      truncated,
      oldLogprobs,
      referenceLogprobs: references?.[row] ?? null,
      advantage: advantages[row]!,
    }),
  );
  const miniBatches = planMiniBatches(config.seed, serial, rollouts.length, config.update);
  return { rollouts, temperature: config.sampling.temperature, miniBatches, used: 0 };
}

/**
 * Each epoch visits every rollout once, in an order of its own, cut into `miniBatches` equal parts
 * (`validateConfig` refuses sizes that do not divide). Within a part rollouts keep their order.
 */
function planMiniBatches(
  seed: number,
  serial: number,
  rollouts: number,
  { epochs, miniBatches }: RunConfig['update'],
): number[][] {
  const size = rollouts / miniBatches;
  return Array.from({ length: epochs }, (_, epoch) =>
    Array.from(permutation(seed, 'miniBatchOrder', serial * epochs + epoch, rollouts)),
  ).flatMap((order) =>
    Array.from({ length: miniBatches }, (_, part) =>
      order.slice(part * size, (part + 1) * size).sort((a, b) => a - b),
    ),
  );
}
