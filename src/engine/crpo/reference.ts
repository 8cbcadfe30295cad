/**
 * log π_ref of the sampled tokens, once per rollout batch. π_ref is the policy with LoRA off, which
 * costs no memory, or else a frozen copy of the weights that the run began with.
 */
import type { RunConfig } from '../../protocol';
import type { Policy } from '../policy';
import { type TokenSequence, tokenBatch } from './batch';
import { breathe, type StepEnvironment } from './environment';

/** The frozen copy that a run needs, taken before its first update; null where it needs none. The caller disposes it. */
export function createReference(policy: Policy, config: RunConfig): Policy | null {
  return config.loss.klCoefficient === 0 || policy.lora !== null ? null : policy.frozenCopy();
}

/** One array per sequence, nats at the sampling temperature; null where β is 0. */
export async function referenceLogprobs(
  environment: StepEnvironment,
  sequences: readonly TokenSequence[],
): Promise<Float32Array<ArrayBuffer>[] | null> {
  const { config, policy, reference, tokenizer } = environment;
  if (config.loss.klCoefficient === 0) return null;
  const { temperature } = config.sampling;
  const { microBatchSize } = config.update;
  const rows: Float32Array<ArrayBuffer>[] = [];
  for (let start = 0; start < sequences.length; start += microBatchSize) {
    const part = sequences.slice(start, start + microBatchSize);
    const batch = tokenBatch(part, tokenizer.padTokenId);
    const { logprobs } = (reference ?? policy).tokenLogprobs(batch, { temperature, adapter: false });
    try {
      const values = Float32Array.from(await logprobs.data());
      part.forEach(({ completionTokens }, row) => {
        const first = row * batch.completionLength;
        rows.push(values.slice(first, first + completionTokens.length));
      });
    } finally {
      logprobs.dispose();
    }
    environment.onPhase('reference', rows.length, sequences.length);
    await breathe(environment);
  }
  return rows;
}
