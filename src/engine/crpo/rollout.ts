/**
 * Prompts → sampled completions: o_i ~ π_old(·|q), all rows at once through the policy's decoder and
 * its KV cache, one token per row and pass. Rows end at a stop token or at the token limit; once half
 * of the rows are done they leave the decoder, so that the last long completion does not carry them.
 */
import type { Decoder, Policy } from '../policy';
import { uniform } from '../random';
import type { TokenSequence } from './batch';
import type { Prompt } from './draw';
import { breathe, type Pausable, type StepEnvironment } from './environment';
import { type Draw, sampleToken } from './sampling';

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
  const { config, policy, tokenizer } = environment;
  const { groupSize, maxCompletionTokens } = config.sampling;
  const rows = prompts.flatMap((prompt) => Array.from({ length: groupSize }, () => prompt));
  const settings: GenerationSettings = {
    maxTokens: maxCompletionTokens,
    stopTokens: tokenizer.eosTokenIds,
    padToken: tokenizer.padTokenId,
    choose: (row, position, logits) =>
      sampleToken(logits, config.sampling, uniform(config.seed, 'sampling', firstSerial + row, position)),
    onToken: (_ended, tokens) => environment.onPhase('sample', tokens, maxCompletionTokens),
    onEnd: (row, completion) => onEnd(row, rows[row]!, completion),
  };
  const promptTokens = rows.map(({ tokens }) => tokens);
  const completions = await generate(policy, promptTokens, settings, environment);
  return completions.map(({ tokens, logprobs, truncated }, row) => ({
    prompt: rows[row]!,
    promptTokens: rows[row]!.tokens,
    completionTokens: tokens,
    truncated,
    oldLogprobs: logprobs,
  }));
}

export interface Completion {
  /** Token ids, the stop token included. */
  readonly tokens: readonly number[];
  /** The chooser's log-prob of each token, nats. */
  readonly logprobs: Float32Array<ArrayBuffer>;
  /** It ran into the token limit. */
  readonly truncated: boolean;
}

export interface GenerationSettings {
  readonly maxTokens: number;
  readonly stopTokens: readonly number[];
  /** Fed to rows that are done but not yet dropped; its output is ignored. */
  readonly padToken: number;
  /** The next token of a row from its logits (V), at a 0-based position in the completion. */
  choose(row: number, position: number, logits: Float32Array): Draw;
  /** After each pass: completions ended and the longest completion so far, in tokens. */
  onToken(ended: number, tokens: number): void;
  /** A row has ended; nothing of its completion changes any more. */
  onEnd?(row: number, completion: Completion): void;
}

/** One completion per prompt (token ids), in the prompts' order. */
export async function generate(
  policy: Policy,
  prompts: readonly (readonly number[])[],
  settings: GenerationSettings,
  host: Pausable,
): Promise<Completion[]> {
  const rows = prompts.map(
    (): GrowingCompletion => ({ tokens: [], logprobs: [], ended: false, truncated: false }),
  );
  const decoder = await policy.startDecoding(prompts.map((prompt) => [...prompt]));
  try {
    await decodeAll(decoder, rows, settings, host);
  } finally {
    decoder.dispose();
  }
  return rows.map(completed);
}

interface GrowingCompletion {
  readonly tokens: number[];
  readonly logprobs: number[];
  ended: boolean;
  truncated: boolean;
}

function completed({ tokens, logprobs, truncated }: GrowingCompletion): Completion {
  return { tokens, logprobs: Float32Array.from(logprobs), truncated };
}

async function decodeAll(
  decoder: Decoder,
  rows: readonly GrowingCompletion[],
  settings: GenerationSettings,
  host: Pausable,
): Promise<void> {
  const stopTokens = new Set(settings.stopTokens);
  /** Decoder row → index in `rows`. */
  let decoded = rows.map((_, row) => row);
  let logits = decoder.logits;
  for (let position = 0; ; position++) {
    const vocabulary = logits.length / decoded.length;
    const next = Int32Array.from(decoded, (row, slot) => {
      const completion = rows[row]!;
      if (completion.ended) return settings.padToken;
      const draw = settings.choose(
        row,
        position,
        logits.subarray(slot * vocabulary, (slot + 1) * vocabulary),
      );
      completion.tokens.push(draw.token);
      completion.logprobs.push(draw.logprob);
      completion.truncated = !stopTokens.has(draw.token) && position + 1 === settings.maxTokens;
      completion.ended = stopTokens.has(draw.token) || completion.truncated;
      if (completion.ended) settings.onEnd?.(row, completed(completion));
      return draw.token;
    });
    const alive = decoded.flatMap((row, slot) => (rows[row]!.ended ? [] : [slot]));
    settings.onToken(rows.filter((row) => row.ended).length, position + 1);
    await breathe(host);
    if (alive.length === 0) return;

    const compact = alive.length * 2 <= decoded.length;
    if (compact) {
      decoder.keepRows(alive);
      decoded = alive.map((slot) => decoded[slot]!);
    }
    logits = await decoder.step(compact ? Int32Array.from(alive, (slot) => next[slot]!) : next);
  }
}
