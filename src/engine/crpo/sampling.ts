/**
 * One token from one row of logits, on the CPU in float64: the reference sampler.
 *
 * Temperature divides the logits, then top-k keeps the k most likely tokens, then top-p the fewest of
 * these whose share reaches p (the order of transformers' logits warpers); the token is drawn by
 * inverting the cumulative distribution in order of token id.
 *
 * The log-prob is that of the full softmax at the sampling temperature, as if nothing had been cut
 * off: that is what the training forward computes, so the first update's ratio is 1 (TRL does the same).
 */
import { type RunConfig, StudioError } from '../../protocol';

export interface Draw {
  readonly token: number;
  /** Nats, at the sampling temperature. */
  readonly logprob: number;
}

export type SamplingSettings = Pick<RunConfig['sampling'], 'temperature' | 'topK' | 'topP'>;

/** Unnormalised probabilities of one row, kept between calls to spare their memory. */
let scratch = new Float64Array(0);

/** Draws with `uniform` in [0, 1) from the logits (V) of one row. −Infinity forbids a token. */
export function sampleToken(logits: Float32Array, settings: SamplingSettings, uniform: number): Draw {
  const { temperature } = settings;
  const highest = logits[greedyToken(logits)]!;
  if (scratch.length !== logits.length) scratch = new Float64Array(logits.length);
  const weights = scratch;
  let total = 0;
  for (let token = 0; token < logits.length; token++) {
    weights[token] = Math.exp((logits[token]! - highest) / temperature);
    total += weights[token]!;
  }
  const keptTotal = truncate(weights, total, settings);

  let remaining = uniform * keptTotal;
  let drawn = 0;
  for (let token = 0; token < weights.length; token++) {
    if (weights[token]! === 0) continue;
    drawn = token;
    remaining -= weights[token]!;
    if (remaining < 0) break;
  }
  return { token: drawn, logprob: (logits[drawn]! - highest) / temperature - Math.log(total) };
}

/** The most likely token, the lowest id among equals. NaN or +Infinity stops the run here, before it spreads. */
export function greedyToken(logits: Float32Array): number {
  let best = 0;
  let sum = 0;
  for (let token = 0; token < logits.length; token++) {
    if (logits[token]! > logits[best]!) best = token;
    sum += logits[token]!;
  }
  if (Number.isNaN(sum) || !Number.isFinite(logits[best])) {
    throw new StudioError({
      boundary: 'device',
      code: 'non-finite',
      message: 'The policy gave logits that are not finite numbers, so no token can be sampled.',
      action: 'Resume from the last checkpoint with a lower learning rate, or on another backend.',
    });
  }
  return best;
}

/** Sets the weights that top-k and top-p cut off to 0; returns the sum of those that stay. */
function truncate(weights: Float64Array, total: number, { topK, topP }: SamplingSettings): number {
  if ((topK === 0 || topK >= weights.length) && topP >= 1) return total;
  const descending = weights.slice().sort().reverse();
  const candidates = topK === 0 ? descending : descending.subarray(0, topK);
  const candidateTotal = candidates.reduce((sum, weight) => sum + weight, 0);

  let count = 0;
  let reached = 0;
  while (count < candidates.length && (count === 0 || reached < topP * candidateTotal))
    reached += candidates[count++]!;

  // Tokens as likely as the last one kept tie; the lowest ids fill the places that are left.
  const threshold = descending[count - 1]!;
  let places = count - descending.indexOf(threshold);
  let kept = 0;
  for (let token = 0; token < weights.length; token++) {
    const stays = weights[token]! > threshold || (weights[token] === threshold && places-- > 0);
    if (stays) kept += weights[token]!;
    else weights[token] = 0;
  }
  return kept;
}
