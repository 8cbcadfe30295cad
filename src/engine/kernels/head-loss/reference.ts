/** `tokenLoss` and `tokenStatistics` in plain loops, in float64 whatever the arrays hold. */

import type { LossObjective } from '../../crpo/learner';
import { FINITE_BOUND, LOG_RATIO_BOUND } from '../../crpo/loss';

export type Floats = Float32Array | Float64Array;

export interface HeadInputs {
  /** [rows, stride] */
  readonly logits: Floats;
  /** [rows] */
  readonly targets: Int32Array;
  readonly vocabulary: number;
  readonly stride: number;
}

/** One row of `tokens`. */
export interface TokenTerms {
  readonly oldLogprob: number;
  readonly referenceLogprob: number;
  readonly advantage: number;
  readonly weight: number;
  readonly counted: boolean;
}

export interface TokenLoss {
  /** Before the weight. */
  readonly loss: number;
  readonly byLogprob: number;
  readonly byEntropy: number;
  readonly kl: number;
  readonly low: boolean;
  readonly high: boolean;
}

/** [rows, 8]: logprob, entropy, 0 … */
export function tokenStatisticsReference(inputs: HeadInputs, temperature: number): Float64Array {
  const statistics = new Float64Array(inputs.targets.length * 8);
  for (let row = 0; row < inputs.targets.length; row++) {
    const { logprob, entropy } = distribution(inputs, row, temperature);
    statistics.set([logprob, entropy], 8 * row);
  }
  return statistics;
}

/** `tokens` as they are for the kernel, [rows, 8]. */
export function tokenLossReference(
  inputs: HeadInputs & { readonly tokens: Floats; readonly objective: LossObjective },
): { statistics: Float64Array; dLogits: Float64Array } {
  const { targets, tokens, vocabulary, stride, objective } = inputs;
  const temperature = objective.kind === 'crpo' ? objective.temperature : 1;
  const statistics = new Float64Array(targets.length * 8);
  const dLogits = new Float64Array(targets.length * stride);
  for (let row = 0; row < targets.length; row++) {
    const { logprob, entropy, probabilities } = distribution(inputs, row, temperature);
    statistics.set([logprob, entropy], 8 * row);
    const [oldLogprob, referenceLogprob, advantage, weight, counted] = tokens.subarray(8 * row) as Floats;
    if (counted === 0) continue;
    const terms = { oldLogprob: oldLogprob!, referenceLogprob: referenceLogprob!, advantage: advantage! };
    const { loss, byLogprob, byEntropy, kl, low, high } = lossOfToken(logprob, entropy, terms, objective);
    statistics.set([loss * weight!, kl, Number(low), Number(high)], 8 * row + 2);
    for (let j = 0; j < vocabulary; j++) {
      const p = probabilities[j]!;
      const viaLogprob = byLogprob * (Number(j === targets[row]) - p);
      const viaEntropy = p === 0 ? 0 : byEntropy * p * (-Math.log(p) - entropy);
      dLogits[row * stride + j] = (weight! * (viaLogprob + viaEntropy)) / temperature;
    }
  }
  return { statistics, dLogits };
}

/** ℓ of one token and its derivatives. On a bound of a clip, or on equals of a minimum, the ratio's side counts. */
export function lossOfToken(
  logprob: number,
  entropy: number,
  { oldLogprob, referenceLogprob, advantage }: Omit<TokenTerms, 'weight' | 'counted'>,
  objective: LossObjective,
): TokenLoss {
  if (objective.kind === 'imitation')
    return { loss: -logprob, byLogprob: -1, byEntropy: 0, kl: 0, low: false, high: false };
  const { settings } = objective;
  const [lowest, highest] = [1 - settings.clipRangeLow, 1 + settings.clipRangeHigh];

  const logRatio = logprob - oldLogprob;
  const ratio = Math.exp(within(logRatio, LOG_RATIO_BOUND));
  let loss = -Math.min(ratio * advantage, within(ratio, highest, lowest) * advantage);
  let byLogprob =
    ratio * advantage <= within(ratio, highest, lowest) * advantage && Math.abs(logRatio) <= LOG_RATIO_BOUND
      ? -ratio * advantage
      : 0;
  if (settings.dualClip !== null && advantage < 0 && loss > -settings.dualClip * advantage) {
    loss = -settings.dualClip * advantage;
    byLogprob = 0;
  }

  let kl = 0;
  if (settings.klCoefficient !== 0) {
    const { klClamp } = settings;
    const distance = referenceLogprob - logprob;
    const bound = klClamp === null ? FINITE_BOUND : LOG_RATIO_BOUND;
    const d = within(distance, bound);
    const estimate = Math.expm1(d) - d;
    kl = klClamp === null ? estimate : within(estimate, klClamp);
    if (Math.abs(distance) <= bound && kl === estimate) byLogprob -= settings.klCoefficient * Math.expm1(d);
    loss += settings.klCoefficient * kl;
  }
  return {
    loss: loss - settings.entropyCoefficient * entropy,
    byLogprob,
    byEntropy: -settings.entropyCoefficient,
    kl,
    low: ratio < lowest && advantage < 0,
    high: ratio > highest && advantage > 0,
  };
}

function within(value: number, highest: number, lowest = -highest): number {
  return Math.min(Math.max(value, lowest), highest);
}

function distribution(
  { logits, targets, vocabulary, stride }: HeadInputs,
  row: number,
  temperature: number,
): { logprob: number; entropy: number; probabilities: Float64Array } {
  const z = Float64Array.from(
    logits.subarray(row * stride, row * stride + vocabulary),
    (logit) => logit / temperature,
  );
  if (!z.every(Number.isFinite) || !(targets[row]! in z)) {
    return { logprob: Number.NaN, entropy: Number.NaN, probabilities: z.fill(Number.NaN) };
  }
  const top = z.reduce((a, b) => Math.max(a, b));
  const logTotal = Math.log(z.reduce((sum, value) => sum + Math.exp(value - top), 0));
  const logprobs = z.map((value) => value - top - logTotal);
  const probabilities = logprobs.map(Math.exp);
  const entropy = -probabilities.reduce((sum, p, j) => sum + p * logprobs[j]!, 0);
  return { logprob: logprobs[targets[row]!]!, entropy, probabilities };
}
