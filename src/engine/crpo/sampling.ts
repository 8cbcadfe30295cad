/**
 * One token from one row of logits, on the CPU in float64: the reference sampler.
 *
 * The repetition penalty weakens the logits of tokens seen before, temperature divides them, then
 * top-k keeps the k most likely tokens, top-p the fewest of these whose share reaches p, and min-p
 * those that are at least so many times as likely as the first (the order of transformers' logits
 * processors and warpers); the token is drawn by inverting the cumulative distribution in order of
 * token id.
 *
 * The log-prob is that of the full softmax at the sampling temperature, as if nothing had been weakened
 * or cut off: that is what the training forward computes, so the first update's ratio is 1 (TRL does
 * the same).
 */
import { StudioError } from '../../protocol';
import type { SamplingSettings } from './learner';

export interface Draw {
  readonly token: number;
  /** Nats, at the sampling temperature. */
  readonly logprob: number;
}

/** Unnormalised probabilities of one row, kept between calls to spare their memory. */
let scratch = new Float64Array(0);

/**
 * Draws with `uniform` in [0, 1) from the logits (V) of one row. −Infinity forbids a token. `seen` are
 * the tokens that prompt or completion hold, which only a repetition penalty asks for.
 */
export function sampleToken(
  logits: Float32Array,
  settings: SamplingSettings,
  uniform: number,
  seen?: Uint32Array,
): Draw {
  const { temperature, repetitionPenalty } = settings;
  const highest = logits[greedyToken(logits)]!;
  if (scratch.length !== logits.length) scratch = new Float64Array(logits.length);
  const weights = scratch;
  const total = softmaxWeights(logits, highest, temperature, weights);
  let drawableTotal = total;
  if (repetitionPenalty !== 1) {
    const scores = penalise(logits, repetitionPenalty, seen);
    drawableTotal = softmaxWeights(scores, scores[greedyToken(scores)]!, temperature, weights);
  }
  const keptTotal = truncate(weights, drawableTotal, settings);

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
    throw nonFiniteLogits();
  }
  return best;
}

export function nonFiniteLogits(): StudioError {
  return new StudioError({
    boundary: 'device',
    code: 'non-finite',
    message: 'The policy gave logits that are not finite numbers, so no token can be sampled.',
    action: 'Resume from the last checkpoint with a lower learning rate, or on another backend.',
  });
}

/** A bit per token of the vocabulary: bit t mod 32 of word ⌊t / 32⌋ is set for each of `tokens`. */
export function seenTokens(vocabulary: number, tokens: Iterable<number>): Uint32Array<ArrayBuffer> {
  const seen = new Uint32Array(Math.ceil(vocabulary / 32));
  for (const token of tokens) markSeen(seen, token);
  return seen;
}

export function markSeen(seen: Uint32Array, token: number): void {
  seen[token >>> 5]! |= 1 << (token & 31);
}

/** Writes e^((score − highest) / temperature) to `weights`; returns their sum. */
function softmaxWeights(
  scores: Float32Array,
  highest: number,
  temperature: number,
  weights: Float64Array,
): number {
  let total = 0;
  for (let token = 0; token < scores.length; token++) {
    weights[token] = Math.exp((scores[token]! - highest) / temperature);
    total += weights[token]!;
  }
  return total;
}

/**
 * The logits (V) with the positive ones of seen tokens divided by the penalty, the others of them
 * multiplied by it. Rounded as a shader rounds, which multiplies by the reciprocal, so that order and
 * ties are the same there.
 */
function penalise(logits: Float32Array, penalty: number, seen: Uint32Array | undefined): Float32Array {
  if (seen === undefined)
    throw new StudioError({
      boundary: 'internal',
      code: 'sampling',
      message: 'internal: a repetition penalty without the tokens seen so far.',
    });
  const [factor, divisor] = [Math.fround(penalty), Math.fround(1 / penalty)];
  return logits.map((logit, token) => {
    const isSeen = ((seen[token >>> 5]! >>> (token & 31)) & 1) === 1;
    if (!isSeen) return logit;
    return logit > 0 ? logit * divisor : logit * factor;
  });
}

/**
 * Sets the weights that top-k, top-p and min-p cut off to 0; returns the sum of those that stay. The
 * highest weight is 1, and it stays.
 */
function truncate(weights: Float64Array, total: number, settings: SamplingSettings): number {
  const { topK, topP, minP } = settings;
  let kept = total;
  if ((topK > 0 && topK < weights.length) || topP < 1) kept = keepMostLikely(weights, topK, topP);
  if (minP === 0) return kept;
  kept = 0;
  for (let token = 0; token < weights.length; token++) {
    if (weights[token]! < minP) weights[token] = 0;
    kept += weights[token]!;
  }
  return kept;
}

/** Sets the weights that top-k and top-p cut off to 0; returns the sum of those that stay. */
function keepMostLikely(weights: Float64Array, topK: number, topP: number): number {
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
