/**
 * Prompts → completions, all rows at once through the policy's decoder and its KV cache, one token per
 * row and pass. Rows end at a stop token or at the token limit; once half of the rows are done they
 * leave the decoder, so that the last long completion does not carry them.
 */
import type { Decoder, Policy } from '../../policy';
import { uniform } from '../../random';
import { breathe, type Pausable } from '../environment';
import type { Completion, GenerationSettings } from '../learner';
import { type Draw, greedyToken, markSeen, sampleToken, seenTokens } from '../sampling';

/** One completion per prompt (token ids), in the prompts' order. */
export async function generate(
  policy: Policy,
  prompts: readonly (readonly number[])[],
  settings: GenerationSettings,
  host: Pausable,
): Promise<Completion[]> {
  const remembers = (settings.sampling?.repetitionPenalty ?? 1) !== 1;
  const rows = prompts.map(
    (prompt): GrowingCompletion => ({
      tokens: [],
      logprobs: [],
      ended: false,
      truncated: false,
      ...(remembers && { seen: seenTokens(policy.config.vocabularySize, prompt) }),
    }),
  );
  const decoder = await policy.startDecoding(prompts, { breathe: () => breathe(host) });
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
  /** Tokens of prompt and completion, a bit each, where a repetition penalty asks for them. */
  readonly seen?: Uint32Array;
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
      const { token, logprob } = choose(
        logits.subarray(slot * vocabulary, (slot + 1) * vocabulary),
        settings,
        row,
        position,
        completion.seen,
      );
      completion.tokens.push(token);
      completion.logprobs.push(logprob);
      if (completion.seen !== undefined) markSeen(completion.seen, token);
      completion.truncated = !stopTokens.has(token) && position + 1 === settings.maxTokens;
      completion.ended = stopTokens.has(token) || completion.truncated;
      if (completion.ended) settings.onEnd?.(row, completed(completion));
      return token;
    });
    const alive = decoded.flatMap((row, slot) => (rows[row]!.ended ? [] : [slot]));
    settings.onProgress({
      ended: rows.filter((row) => row.ended).length,
      longest: position + 1,
      tokens: rows.reduce((sum, { tokens }) => sum + tokens.length, 0),
    });
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

/** The next token of a row from its logits (V), at a 0-based position in the completion. */
function choose(
  logits: Float32Array,
  { sampling, draws }: GenerationSettings,
  row: number,
  position: number,
  seen: Uint32Array | undefined,
): Draw {
  if (sampling === null) return mostLikely(logits);
  const draw = uniform(draws.seed, draws.stream, draws.counters[row]!, position);
  return sampleToken(logits, sampling, draw, seen);
}

/** The greedy choice, with its log-prob at temperature 1. */
function mostLikely(logits: Float32Array): Draw {
  const token = greedyToken(logits);
  let total = 0;
  for (const logit of logits) total += Math.exp(logit - logits[token]!);
  return { token, logprob: -Math.log(total) };
}
