/** Prompts → groups of sampled completions: o_i ~ π_old(·|q), all rows of the batch at once. */
import type { TokenSequence } from './batch';
import type { Prompt } from './draw';
import type { StepEnvironment } from './environment';
import type { Completion, GenerationSettings } from './learner';

/** One completion of a prompt. */
export interface SampledRollout extends TokenSequence {
  readonly prompt: Prompt;
  /** It ran into the token limit. */
  readonly truncated: boolean;
  /** log π_old of each completion token, nats at the sampling temperature. */
  readonly oldLogprobs: Float32Array<ArrayBuffer>;
}

/**
 * G rollouts per prompt, group by group. Rollout number `serial` of the run draws its tokens from its
 * own counters, so neither batching nor a resume changes them; the first one here is `firstSerial`.
 * `onEnd` hears of each completion as it ends.
 */
export async function sampleGroups(
  environment: StepEnvironment,
  prompts: readonly Prompt[],
  firstSerial: number,
  onEnd: (row: number, prompt: Prompt, completion: Completion) => void,
): Promise<SampledRollout[]> {
  const { config, learner, tokenizer } = environment;
  const { groupSize, maxCompletionTokens } = config.sampling;
  const rows = prompts.flatMap((prompt) => Array.from({ length: groupSize }, () => prompt));
  const settings: GenerationSettings = {
    maxTokens: maxCompletionTokens,
    stopTokens: tokenizer.eosTokenIds,
    padToken: tokenizer.padTokenId,
    sampling: config.sampling,
    draws: { seed: config.seed, stream: 'sampling', counters: rows.map((_, row) => firstSerial + row) },
    onProgress: ({ longest }) => environment.onPhase('sample', longest, maxCompletionTokens),
    onEnd: (row, completion) => onEnd(row, rows[row]!, completion),
  };
  const promptTokens = rows.map(({ tokens }) => tokens);
  const completions = await learner.generate(promptTokens, settings, environment);
  return completions.map(({ tokens, logprobs, truncated }, row) => ({
    prompt: rows[row]!,
    promptTokens: rows[row]!.tokens,
    completionTokens: tokens,
    truncated,
    oldLogprobs: logprobs,
  }));
}
