/**
 * Prompts → completions, all rows at once through the policy's decoder and its KV cache, one token per
 * row and pass. Rows end at a stop token or at the token limit; once half of the rows are done they
 * leave the decoder, so that the last long completion does not carry them.
 */
import type { Decoder, Policy } from '../../policy';
import { uniform } from '../../random';
import { GrowingCompletions } from '../completions';
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
  /** Tokens of prompt and completion, a bit each, where a repetition penalty asks for them. */
  const seen = prompts.map((prompt) =>
    remembers ? seenTokens(policy.config.vocabularySize, prompt) : undefined,
  );
  const completions = new GrowingCompletions(prompts.length, settings);
  const decoder = await policy.startDecoding(prompts, { breathe: () => breathe(host) });
  try {
    await decodeAll(decoder, completions, seen, settings, host);
  } finally {
    decoder.dispose();
  }
  return completions.all();
}

async function decodeAll(
  decoder: Decoder,
  completions: GrowingCompletions,
  seen: readonly (Uint32Array | undefined)[],
  settings: GenerationSettings,
  host: Pausable,
): Promise<void> {
  /** Decoder row → row of the completions. */
  let decoded = seen.map((_, row) => row);
  let logits = decoder.logits;
  for (let position = 0; ; position++) {
    const vocabulary = logits.length / decoded.length;
    const next = Int32Array.from(decoded, (row, slot) => {
      if (completions.hasEnded(row)) return settings.padToken;
      const { token, logprob } = choose(
        logits.subarray(slot * vocabulary, (slot + 1) * vocabulary),
        settings,
        row,
        position,
        seen[row],
      );
      if (seen[row] !== undefined) markSeen(seen[row], token);
      completions.append(row, token, logprob);
      return token;
    });
    const alive = decoded.flatMap((row, slot) => (completions.hasEnded(row) ? [] : [slot]));
    completions.report();
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
