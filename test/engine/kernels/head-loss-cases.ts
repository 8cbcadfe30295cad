/** Made-up rows for the token loss, on all sides of its bounds, and the objectives to take them through. */
import type { LossObjective } from '../../../src/engine/crpo/learner';
import { type TokenTerms, tokenStatisticsReference } from '../../../src/engine/kernels/head-loss/reference';
import type { RunConfig } from '../../../src/protocol';
import { PLAIN_LOSS } from '../crpo/plain-settings';
import { values } from './compare';

export type LossSettings = RunConfig['loss'];

export function crpo(
  settings: Partial<LossSettings> = {},
  temperature = 1,
): LossObjective & { kind: 'crpo' } {
  return { kind: 'crpo', settings: { ...PLAIN_LOSS, ...settings }, temperature };
}

export const EVERYTHING: Partial<LossSettings> = {
  clipRangeHigh: 0.28,
  dualClip: 3,
  klCoefficient: 0.3,
  klClamp: 10,
  entropyCoefficient: 0.1,
};

/** Rows of logits with what the loss needs of them. */
export interface Batch {
  readonly logits: Float32Array<ArrayBuffer>;
  readonly targets: Int32Array<ArrayBuffer>;
  readonly tokens: Float32Array<ArrayBuffer>;
  readonly vocabulary: number;
  readonly stride: number;
}

export function tokensOf(terms: readonly TokenTerms[]): Float32Array<ArrayBuffer> {
  return Float32Array.from(
    terms.flatMap(({ oldLogprob, referenceLogprob, advantage, weight, counted }) => [
      ...[oldLogprob, referenceLogprob, advantage, weight, Number(counted), 0, 0, 0],
    ]),
  );
}

/** Where the old and the reference policy stand, seen from the policy: nats, per row in turn. */
export const DISTANCES = [0, 0.1, -0.1, 0.4, -0.6, 1.5, -2, 6, 19, -19, 25, -25, 70, -70, 90, -90];

/**
 * Rows whose log-ratios go through `DISTANCES`, with references at other ones, advantages of both
 * signs and 0, and one row of five that is not counted. The padding behind a row is junk.
 */
export function batch(rows: number, vocabulary: number, scale: number, temperature: number): Batch {
  const stride = Math.ceil(vocabulary / 4) * 4;
  const logits = values(rows * stride, vocabulary, scale);
  for (let row = 0; row < rows; row++) logits.fill(Number.NaN, row * stride + vocabulary, (row + 1) * stride);
  const targets = Int32Array.from({ length: rows }, (_, row) =>
    row === 1 ? vocabulary - 1 : (row * 7) % vocabulary,
  );
  const shape = { logits, targets, vocabulary, stride };
  const statistics = tokenStatisticsReference(shape, temperature);
  const terms = Array.from(targets, (_, row) => ({
    oldLogprob: statistics[8 * row]! - DISTANCES[row % DISTANCES.length]!,
    referenceLogprob: statistics[8 * row]! + DISTANCES[(5 * row + 1) % DISTANCES.length]!,
    advantage: [1, -0.7, 0, -1.9, 0.3][(row + Math.floor(row / 5)) % 5]!,
    weight: 1 / (row + 2),
    counted: row % 5 !== 4,
  }));
  return { ...shape, tokens: tokensOf(terms) };
}

export const OBJECTIVES: readonly [string, LossObjective][] = [
  ['plain', crpo({}, 1)],
  ['everything', crpo(EVERYTHING, 0.8)],
  ['KL without clamps', crpo({ klCoefficient: 0.04 }, 1.3)],
  ['entropy alone', crpo({ entropyCoefficient: -0.5 }, 0.6)],
  ['imitation', { kind: 'imitation' }],
];
