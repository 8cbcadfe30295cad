/** The baseline's training step: GRPO's clipped surrogate by the tape, then AdamW tensor by tensor. */
import type { AdamWUpdate, LossRollout } from '../crpo/learner';
// Not '../tensor': see plain-model.
import { tf } from '../tensor/tf';
import { OBJECTIVE } from './model';
import { hiddenStates, logitsOf, type Parameters, type PlainModel, type SequenceTables } from './plain-model';

/** A batch of equally long rollouts on the device. */
export interface PlainBatch {
  readonly rows: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** [rows · (P + T)] */
  readonly ids: tf.Tensor1D;
  /** [rows · T]: the completion's tokens, log π_old, Â, w. */
  readonly targets: tf.Tensor1D;
  readonly oldLogprobs: tf.Tensor1D;
  readonly advantages: tf.Tensor1D;
  readonly weights: tf.Tensor1D;
}

export function plainBatch(rollouts: readonly LossRollout[]): PlainBatch {
  const promptTokens = rollouts[0]!.promptTokens.length;
  const completionTokens = rollouts[0]!.completionTokens.length;
  const perToken = (of: (rollout: LossRollout) => ArrayLike<number>) =>
    tf.tensor1d(rollouts.flatMap((rollout) => Array.from(of(rollout))));
  const spread = (value: number) => new Array<number>(completionTokens).fill(value);
  return {
    rows: rollouts.length,
    promptTokens,
    completionTokens,
    ids: tf.tensor1d(
      rollouts.flatMap((rollout) => [...rollout.promptTokens, ...rollout.completionTokens]),
      'int32',
    ),
    targets: tf.tensor1d(
      rollouts.flatMap((rollout) => rollout.completionTokens),
      'int32',
    ),
    oldLogprobs: perToken(({ oldLogprobs }) => oldLogprobs),
    advantages: perToken(({ advantage }) => spread(advantage)),
    weights: perToken(({ weight, counted }) => spread(weight).fill(0, counted)),
  };
}

/** Log-probabilities of the completions' tokens, [rows · T], nats. */
export function completionLogprobs(
  model: PlainModel,
  { rows, promptTokens, completionTokens, ids, targets }: PlainBatch,
  tables: SequenceTables,
): tf.Tensor1D {
  const width = model.config.hiddenSize;
  const hidden = tf.reshape(hiddenStates(model, ids, tables), [rows, promptTokens + completionTokens, width]);
  const before = tf.slice(hidden, [0, promptTokens - 1, 0], [rows, completionTokens, width]);
  const logits = logitsOf(model, tf.reshape(before, [rows * completionTokens, width]));
  return targetLogprobs(logits, targets);
}

/** [M, V] → (M) */
export function targetLogprobs(logits: tf.Tensor2D, targets: tf.Tensor1D): tf.Tensor1D {
  const oneHot = tf.cast(tf.oneHot(targets, logits.shape[1]), 'float32');
  return tf.sum(tf.mul(tf.logSoftmax(logits), oneHot), -1) as tf.Tensor1D;
}

/** The loss of the model on a batch. */
export function plainLoss(model: PlainModel, batch: PlainBatch, tables: SequenceTables): tf.Scalar {
  return clippedLoss(completionLogprobs(model, batch, tables), batch);
}

/** Σ w · −min(ratio · Â, clip(ratio) · Â). */
export function clippedLoss(logprobs: tf.Tensor1D, batch: PlainBatch): tf.Scalar {
  const { clipRangeLow, clipRangeHigh } = OBJECTIVE.settings;
  const ratio = tf.exp(tf.sub(logprobs, batch.oldLogprobs));
  const clipped = tf.clipByValue(ratio, 1 - clipRangeLow, 1 + clipRangeHigh);
  const gain = tf.minimum(tf.mul(ratio, batch.advantages), tf.mul(clipped, batch.advantages));
  return tf.neg(tf.sum(tf.mul(gain, batch.weights))) as tf.Scalar;
}

/** Loss and gradients by parameter; the caller disposes both. */
export function plainGradients(
  model: PlainModel,
  batch: PlainBatch,
  tables: SequenceTables,
): { value: tf.Scalar; grads: tf.NamedTensorMap } {
  return tf.variableGrads(() => plainLoss(model, batch, tables), [...model.parameters.values()]);
}

/** AdamW as torch has it, op by op on each tensor. */
export class PlainAdamW {
  readonly #moments: ReadonlyMap<string, { readonly m: tf.Variable; readonly v: tf.Variable }>;
  readonly #parameters: Parameters;

  constructor(parameters: Parameters) {
    this.#parameters = parameters;
    const zeros = (like: tf.Tensor) => tf.tidy(() => tf.variable(tf.zerosLike(like), false));
    this.#moments = new Map(
      [...parameters].map(([name, parameter]) => {
        const tensor = parameter as tf.Tensor;
        return [name, { m: zeros(tensor), v: zeros(tensor) }];
      }),
    );
  }

  /** `grads` by the variables' names, as `tf.variableGrads` gives them. */
  update(grads: tf.NamedTensorMap, { step, learningRate, settings }: AdamWUpdate): void {
    const { beta1, beta2, epsilon, weightDecay } = settings;
    tf.tidy(() => {
      // A literal in an op uploads a tensor each time; even a first version soon hoists these.
      const [b1, b2, r1, r2, c1, c2, eps, decay, rate] = [
        beta1,
        beta2,
        1 - beta1,
        1 - beta2,
        1 - beta1 ** step,
        1 - beta2 ** step,
        epsilon,
        1 - learningRate * weightDecay,
        learningRate,
      ].map((value) => tf.scalar(value)) as [tf.Scalar, ...tf.Scalar[]] & tf.Scalar[];
      for (const [name, parameter] of this.#parameters) {
        const { m, v } = this.#moments.get(name)!;
        const gradient = grads[parameter.name]!;
        m.assign(tf.add(tf.mul(m as tf.Tensor, b1), tf.mul(gradient, r1!)));
        v.assign(tf.add(tf.mul(v as tf.Tensor, b2!), tf.mul(tf.square(gradient), r2!)));
        const deviation = tf.add(tf.sqrt(tf.div(v as tf.Tensor, c2!)), eps!);
        const direction = tf.div(tf.div(m as tf.Tensor, c1!), deviation);
        parameter.assign(tf.sub(tf.mul(parameter as tf.Tensor, decay!), tf.mul(direction, rate!)));
      }
    });
  }

  dispose(): void {
    for (const { m, v } of this.#moments.values()) tf.dispose([m, v]);
  }
}
