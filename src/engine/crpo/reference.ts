/**
 * log π_ref of the sampled tokens, once per rollout batch. π_ref is the policy with LoRA off, which
 * costs no memory, or else a frozen copy of the weights that the run began with.
 */
import type { RunConfig } from '../../protocol';
import type { TokenSequence } from './batch';
import { breathe, type StepEnvironment } from './environment';
import type { FrozenPolicy, Learner } from './learner';

/** The frozen copy that a run needs, taken before its first update; null where it needs none. The caller disposes it. */
export function createReference(learner: Learner, config: RunConfig): FrozenPolicy | null {
  return config.loss.klCoefficient === 0 || learner.lora !== null ? null : learner.freeze();
}

/** One array per sequence, nats at the sampling temperature; null where β is 0. */
export async function referenceLogprobs(
  environment: StepEnvironment,
  sequences: readonly TokenSequence[],
): Promise<Float32Array<ArrayBuffer>[] | null> {
  const { config, learner, reference } = environment;
  if (config.loss.klCoefficient === 0) return null;
  const policy = reference ?? learner;
  const { temperature } = config.sampling;
  const { microBatchSize } = config.update;
  const rows: Float32Array<ArrayBuffer>[] = [];
  for (let start = 0; start < sequences.length; start += microBatchSize) {
    const part = sequences.slice(start, start + microBatchSize);
    rows.push(...(await policy.logprobs(part, { temperature, adapter: false }, environment)));
    environment.onPhase('reference', rows.length, sequences.length);
    await breathe(environment);
  }
  return rows;
}
