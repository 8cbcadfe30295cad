/**
 * What is computed in a bench, the same for every implementation: two small models of Qwen2's shape,
 * their weights, a batch to train on and prompts to complete. All of it is a function of fixed seeds,
 * so implementations can be compared by their losses as well as by their time.
 *
 * No TensorFlow.js here: the baseline must not load what the engine registers with it.
 */
import type { AdamWUpdate, LossObjective, LossRollout } from '../crpo/learner';
import type { NamedArray } from '../files';
import { type PolicyConfig, readPolicyConfig } from '../policy/config';
import { sizeOf, weightSpecs } from '../policy/parameters';
import { sequence } from '../random';

export interface ModelSize {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly mlpWidth: number;
  readonly vocabulary: number;
}

const SMALL = { layers: 4, width: 128, heads: 4, keyValueHeads: 2, mlpWidth: 384, vocabulary: 1024 };

export const MODELS = {
  /** For tests of the bench itself. */
  tiny: { layers: 2, width: 32, heads: 4, keyValueHeads: 2, mlpWidth: 64, vocabulary: 48 },
  d128: SMALL,
  d256: { ...SMALL, width: 256, heads: 8, mlpWidth: 768 },
} as const satisfies Readonly<Record<string, ModelSize>>;

export function benchConfig({ layers, width, heads, keyValueHeads, mlpWidth, vocabulary }: ModelSize) {
  return readPolicyConfig(
    {
      model_type: 'qwen2',
      hidden_size: width,
      num_hidden_layers: layers,
      num_attention_heads: heads,
      num_key_value_heads: keyValueHeads,
      intermediate_size: mlpWidth,
      vocab_size: vocabulary,
      max_position_embeddings: 1024,
      tie_word_embeddings: true,
    },
    'config.json',
  );
}

/** N(0, 0.05) weights and biases, norms 1 + N(0, 0.1): under HF names, in HF orientation. */
export function benchWeights(config: PolicyConfig): NamedArray[] {
  const normal = normals(sequence(1, 'init'));
  return weightSpecs(config).map(({ name, shape }) => {
    const isNorm = name.endsWith('norm.weight');
    const data = Float32Array.from({ length: sizeOf(shape) }, () =>
      isNorm ? 1 + 0.1 * normal() : 0.05 * normal(),
    );
    return { name, shape, data };
  });
}

export interface BatchSize {
  readonly rows: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** The training step that everybody takes: all rows equally long, so that packing them gains nothing. */
export const TRAINING_BATCH: BatchSize = { rows: 4, promptTokens: 32, completionTokens: 96 };

/** Rollouts as if sampled by a policy slightly off the uniform one: some ratios are clipped, most are not. */
export function benchRollouts({ vocabularySize }: PolicyConfig, batch: BatchSize): LossRollout[] {
  const random = sequence(2, 'sampling');
  const tokens = (count: number) =>
    Array.from({ length: count }, () => Math.floor(random() * vocabularySize));
  const weight = 1 / (batch.rows * batch.completionTokens);
  return Array.from({ length: batch.rows }, (_, row) => ({
    promptTokens: tokens(batch.promptTokens),
    completionTokens: tokens(batch.completionTokens),
    truncated: false,
    oldLogprobs: Float32Array.from(
      { length: batch.completionTokens },
      () => -Math.log(vocabularySize) + 0.4 * (random() - 0.5),
    ),
    referenceLogprobs: null,
    advantage: (row % 2 === 0 ? 1 : -1) * (1 + 0.25 * row),
    weight,
    counted: batch.completionTokens,
  }));
}

/** `rows` prompts, four rows each, as the completions of a group share theirs. */
export function benchPrompts({ vocabularySize }: PolicyConfig, rows: number, length: number): number[][] {
  const random = sequence(3, 'sampling');
  const distinct = Array.from({ length: Math.ceil(rows / 4) }, () =>
    Array.from({ length }, () => Math.floor(random() * vocabularySize)),
  );
  return Array.from({ length: rows }, (_, row) => distinct[Math.floor(row / 4)]!);
}

/** A linear layer's x [rows, in] and weight [out, in]. */
export function linearInputs(rows: number, inputs: number, outputs: number) {
  const normal = normals(sequence(4, 'init'));
  const values = (count: number) => Float32Array.from({ length: count }, normal);
  return { x: values(rows * inputs), weight: values(outputs * inputs) };
}

/** What the head and the loss are given: hidden [rows, D], final norm [D], head [V, D], one rollout. */
export function headInputs(rows: number, width: number, vocabulary: number) {
  const normal = normals(sequence(5, 'init'));
  const config = benchConfig({ ...MODELS.tiny, width, vocabulary, layers: 1 });
  const [rollout] = benchRollouts(config, { rows: 1, promptTokens: 1, completionTokens: rows });
  return {
    config,
    epsilon: config.normEpsilon,
    hidden: Float32Array.from({ length: rows * width }, normal),
    norm: Float32Array.from({ length: width }, () => 1 + 0.1 * normal()),
    head: Float32Array.from({ length: vocabulary * width }, () => 0.05 * normal()),
    rollout: rollout!,
  };
}

/** The mean of |x|: one number to compare results by. */
export function meanMagnitude(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += Math.abs(values[index]!);
  return sum / values.length;
}

/** GRPO's clipped surrogate alone: no reference policy, no entropy bonus. */
export const OBJECTIVE = {
  kind: 'crpo',
  temperature: 1,
  settings: {
    clipRangeLow: 0.2,
    clipRangeHigh: 0.28,
    dualClip: null,
    klCoefficient: 0,
    klClamp: null,
    entropyCoefficient: 0,
    aggregation: 'token-mean',
    maskTruncated: false,
  },
} as const satisfies LossObjective;

/** No clipping of the gradient, which would cost the baseline another pass over it. */
export const OPTIMIZER: AdamWUpdate['settings'] = {
  learningRate: 1e-3,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.01,
  warmupSteps: 0,
  schedule: 'constant',
  maxGradNorm: 0,
};

/** Standard normal draws from uniform ones in [0, 1) (Box-Muller, one of each pair). */
function normals(random: () => number): () => number {
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
