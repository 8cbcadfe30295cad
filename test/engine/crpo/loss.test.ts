import { expect, it } from 'vitest';
import { groupAdvantages } from '../../../src/engine/crpo/advantage';
import { crpoLoss, type LossInputs, lossMetrics, rowWeights } from '../../../src/engine/crpo/loss';
import { tf } from '../../../src/engine/tensor';
import type { RunConfig } from '../../../src/protocol';
import { describeOnBackends } from './backends';
import { PLAIN_LOSS } from './plain-settings';
import { type EndToEnd, type EndToEndExpected, isClose, vectors } from './vectors';

type LossSettings = RunConfig['loss'];

function expectClose(received: number, expected: number, relative = 1e-5, absolute = 1e-6): void {
  expect(isClose(received, expected, relative, absolute), `${received} instead of ${expected}`).toBe(true);
}

/** One rollout of one token with weight 1: the loss is the token's. */
function tokenLoss(
  {
    logprob,
    old = logprob,
    reference = null,
    advantage = 0,
  }: { logprob: number; old?: number; reference?: number | null; advantage?: number },
  settings: LossSettings,
): { loss: number; gradient: number; sums: number[] } {
  const cell = (value: number) => tf.tensor2d([[value]]);
  const constants = {
    entropy: cell(0),
    oldLogprobs: cell(old),
    referenceLogprobs: reference === null ? null : cell(reference),
    advantages: cell(advantage),
    weights: cell(1),
    mask: cell(1),
  };
  let sums: number[] = [];
  const { value, grad } = tf.valueAndGrad((logprobs: tf.Tensor) => {
    const result = crpoLoss({ ...constants, logprobs: logprobs as tf.Tensor2D }, settings);
    sums = result.sums.arraySync();
    return result.loss;
  })(cell(logprob));
  return { loss: value.arraySync() as number, gradient: (grad.arraySync() as number[][])[0]![0]!, sums };
}

describeOnBackends('one token', () => {
  it.each([
    ['as in TRL', null, 'k3_unclamped_trl_unsloth', 'grad_k3_unclamped'],
    ['with verl’s clamps', 10, 'verl_low_var_kl', 'grad_verl_low_var_kl'],
  ] as const)('vectors: kl_tokens, the k3 estimator %s', (_, klClamp, value, derivative) => {
    for (const vector of vectors.kl_tokens) {
      const { loss, gradient, sums } = tokenLoss(
        { logprob: vector.logp, reference: vector.ref_logp },
        { ...PLAIN_LOSS, klCoefficient: 1, klClamp },
      );
      // e^d − d − 1 in float32 is exact to half an ulp of 1.
      expectClose(loss, vector[value], 1e-5, 2e-7);
      expectClose(gradient, vector[derivative], 1e-5, 2e-7);
      expectClose(sums[0]!, vector[value], 1e-5, 2e-7);
    }
  });

  it('vectors: kl_distribution, the expectation of k3 is the divergence', () => {
    const { p_policy, q_ref, exact_kl_p_q, E_k3 } = vectors.kl_distribution;
    const estimate = p_policy.reduce((sum, p, token) => {
      const { loss } = tokenLoss(
        { logprob: Math.log(p), reference: Math.log(q_ref[token]!) },
        { ...PLAIN_LOSS, klCoefficient: 1 },
      );
      return sum + p * loss;
    }, 0);
    expectClose(estimate, E_k3);
    expectClose(estimate, exact_kl_p_q);
  });

  it('vectors: policy_loss, with gradients and clipped counts', () => {
    for (const vector of vectors.policy_loss) {
      const { ratio, advantage, eps_low, eps_high } = vector;
      const settings = { ...PLAIN_LOSS, clipRangeLow: eps_low, clipRangeHigh: eps_high };
      const token = { logprob: Math.log(ratio), old: 0, advantage };
      const plain = tokenLoss(token, settings);
      expectClose(plain.loss, vector.trl_loss);
      expectClose(plain.gradient, vector.dloss_dlogp_trl);
      expect(plain.sums.slice(2)).toEqual([Number(vector.trl_low_clipped), Number(vector.trl_high_clipped)]);

      const dual = tokenLoss(token, { ...settings, dualClip: 3 });
      expectClose(dual.loss, vector.verl_vanilla_loss_c3);
      expectClose(dual.gradient, vector.dloss_dlogp_verl);
    }
  });

  it('vectors: policy_loss_extreme, log-ratios beyond ±20', () => {
    for (const { log_ratio, advantage, eps, verl_vanilla_loss_c3 } of vectors.policy_loss_extreme) {
      const settings = { ...PLAIN_LOSS, clipRangeLow: eps, clipRangeHigh: eps, dualClip: 3 };
      const { loss } = tokenLoss({ logprob: log_ratio, old: 0, advantage }, settings);
      expectClose(loss, verl_vanilla_loss_c3, 1e-5, 1e-12);
    }
  });

  it('stays finite at any distance from the old and the reference policy', () => {
    for (const distance of [-1000, -81, 81, 1000]) {
      for (const advantage of [-1, 1]) {
        const token = { logprob: -1, old: -1 - distance, reference: -1 + distance, advantage };
        for (const klClamp of [null, 10]) {
          const { loss, gradient } = tokenLoss(token, { ...PLAIN_LOSS, klCoefficient: 1, klClamp });
          expect(Number.isFinite(loss) && Number.isFinite(gradient)).toBe(true);
        }
      }
    }
  });

  it('has at the first update ratio 1, the loss −A and the gradient −A', () => {
    for (const advantage of [-1.5, 0, 0.7]) {
      const { loss, gradient, sums } = tokenLoss({ logprob: -2, advantage }, PLAIN_LOSS);
      expectClose(loss, -advantage);
      expectClose(gradient, -advantage);
      expect(sums.slice(2)).toEqual([0, 0]);
    }
  });
});

/**
 * A vector's matrix of per-token losses through the aggregation. With advantage 0 and no KL only the
 * entropy term is left, ℓ = −coefficient · H, so the matrix goes in as entropies with coefficient −1.
 */
function aggregated(
  { loss, lens }: { loss: readonly (readonly number[])[]; lens: readonly number[] },
  aggregation: LossSettings['aggregation'],
  maxTokens: number,
  { micro, truncated = [] }: { micro?: readonly (readonly number[])[]; truncated?: readonly number[] } = {},
): number {
  const settings = {
    ...PLAIN_LOSS,
    aggregation,
    entropyCoefficient: -1,
    maskTruncated: truncated.length > 0,
  };
  const rows = lens.map((length, row) => ({ length, truncated: truncated.includes(row) }));
  const weights = rowWeights(rows, settings, maxTokens);
  const parts = micro ?? [loss.map((_, row) => row)];
  return parts.reduce((total, part) => {
    const width = loss[0]!.length;
    const entropy = tf.tensor2d(
      part.map((row) => [...loss[row]!]),
      [part.length, width],
    );
    const mask = part.map((row) =>
      Array.from({ length: width }, (_, t) => Number(t < lens[row]! && !truncated.includes(row))),
    );
    const zeros = tf.zeros<tf.Rank.R2>([part.length, width]);
    const inputs: LossInputs = {
      logprobs: zeros,
      entropy,
      oldLogprobs: zeros,
      referenceLogprobs: null,
      advantages: tf.zeros([part.length, 1]),
      weights: tf.tensor2d(part.map((row) => [weights[row]!])),
      mask: tf.tensor2d(mask),
    };
    return total + crpoLoss(inputs, settings).loss.arraySync();
  }, 0);
}

describeOnBackends('aggregation', () => {
  it('vectors: aggregation', () => {
    for (const vector of vectors.aggregation) {
      const { expected } = vector;
      expectClose(aggregated(vector, 'token-mean', 8), expected['verl_token-mean']!);
      expectClose(aggregated(vector, 'token-mean', 8), expected['trl_dapo_num_items=tokens']!);
      expectClose(aggregated(vector, 'sequence-mean', 8), expected.trl_grpo!);
      expectClose(aggregated(vector, 'constant-length', 8), expected.trl_dr_grpo_maxlen8!);
    }
  });

  it('vectors: aggregation_grad_accum, micro-batches add up to the mini-batch', () => {
    const vector = vectors.aggregation_grad_accum;
    const received = aggregated(vector, 'token-mean', 8, { micro: vector.micro_batches });
    expectClose(received, vector.true_global_token_mean);
    expectClose(received, vector.trl_dapo_accumulated);
    for (const aggregation of ['sequence-mean', 'constant-length'] as const)
      expectClose(
        aggregated(vector, aggregation, 8, { micro: vector.micro_batches }),
        aggregated(vector, aggregation, 8),
      );
  });

  it('leaves truncated completions out of the sum and of the tokens counted', () => {
    // Rows of 4, 2 and 1 tokens; without the first: (−1 + 0.5 + 2.5) / 3.
    const [vector] = vectors.aggregation;
    expectClose(aggregated(vector!, 'token-mean', 8, { truncated: [0] }), 2 / 3);
    // With all rows truncated nothing is left, and nothing is divided by zero.
    expect(aggregated(vector!, 'token-mean', 8, { truncated: [0, 1, 2] })).toBe(0);
  });
});

/** log π of the given tokens (N, T) and the entropies (N, T), from logits (N, T, V). */
function headOf(
  logits: tf.Tensor3D,
  tokens: readonly (readonly number[])[],
): { logprobs: tf.Tensor2D; entropy: tf.Tensor2D } {
  const logSoftmax = tf.logSoftmax(logits);
  const oneHot = tf.oneHot(
    tf.tensor2d(
      tokens.map((row) => [...row]),
      undefined,
      'int32',
    ),
    logits.shape[2],
  );
  return {
    logprobs: tf.sum(tf.mul(logSoftmax, tf.cast(oneHot, 'float32')), -1),
    entropy: tf.neg(tf.sum(tf.mul(tf.exp(logSoftmax), logSoftmax), -1)),
  };
}

const END_TO_END: [keyof EndToEnd & `${string}_${string}`, RunConfig['advantage'], Partial<LossSettings>][] =
  [
    [
      'trl_dapo_beta0.04_eps0.2',
      { scale: 'std', combine: 'sum-then-normalize', epsilon: 1e-4 },
      { klCoefficient: 0.04 },
    ],
    [
      'trl_gdpo_dapo_beta0.04_epshigh0.28',
      { scale: 'std', combine: 'normalize-then-sum', epsilon: 1e-4 },
      { klCoefficient: 0.04, clipRangeHigh: 0.28 },
    ],
    [
      'verl_token_mean_kl0.001_ent0.001',
      { scale: 'std', combine: 'sum-then-normalize', epsilon: 1e-6 },
      { klCoefficient: 0.001, entropyCoefficient: 0.001, dualClip: 3 },
    ],
  ];

describeOnBackends('from logits to loss', () => {
  it.each(END_TO_END)('vectors: end_to_end, %s', (name, advantageSettings, lossSettings) => {
    const vector = vectors.end_to_end;
    const { tokens, lens, rewards_per_func, weights } = vector;
    const expected = vector[name] as EndToEndExpected;
    const settings = { ...PLAIN_LOSS, ...lossSettings };

    const rollouts = rewards_per_func.map(([first, second]) => ({
      rewards: { first: first!, second: second! },
      contributions: { first: first! * weights[0]!, second: second! * weights[1]! },
      reward: first! * weights[0]! + second! * weights[1]!,
    }));
    const byName = { first: weights[0]!, second: weights[1]! };
    const advantages = groupAdvantages(rollouts, vector.num_generations, advantageSettings, byName);
    for (const [row, value] of advantages.entries()) expectClose(value, expected.advantages[row]!);

    const width = tokens[0]!.length;
    const rows = lens.map((length) => ({ length, truncated: false }));
    const constants = {
      oldLogprobs: headOf(tf.tensor3d(vector.logits_old), tokens).logprobs,
      referenceLogprobs: headOf(tf.tensor3d(vector.logits_ref), tokens).logprobs,
      advantages: tf.tensor2d(advantages.map((value) => [value])),
      weights: tf.tensor2d(rowWeights(rows, settings, width).map((value) => [value])),
      mask: tf.tensor2d(lens.map((length) => Array.from({ length: width }, (_, t) => Number(t < length)))),
    };
    let sums: number[] = [];
    const { value, grad } = tf.valueAndGrad((logits: tf.Tensor) => {
      const result = crpoLoss({ ...constants, ...headOf(logits as tf.Tensor3D, tokens) }, settings);
      sums = result.sums.arraySync();
      return result.loss;
    })(tf.tensor3d(vector.logits_new));

    expectClose(value.arraySync() as number, expected.loss);
    const metrics = lossMetrics(
      sums,
      lens.reduce((a, b) => a + b),
      true,
    );
    expectClose(metrics.kl!, expected.kl_mean);
    expectClose(metrics.entropy!, expected.entropy_mean);
    const received = grad.arraySync() as number[][][];
    for (const [row, positions] of expected.dloss_dlogits.entries())
      for (const [position, values] of positions.entries())
        for (const [token, derivative] of values.entries())
          expectClose(received[row]![position]![token]!, derivative);
  });

  it('has the gradient that finite differences give', () => {
    const vector = vectors.end_to_end;
    const settings: LossSettings = {
      ...PLAIN_LOSS,
      klCoefficient: 0.3,
      entropyCoefficient: 0.1,
      dualClip: 3,
      aggregation: 'sequence-mean',
    };
    const rows = vector.lens.map((length) => ({ length, truncated: false }));
    const weights = rowWeights(rows, settings, 3);
    const advantages = [1, -1, 0.5, -2];
    const constants = {
      oldLogprobs: headOf(tf.tensor3d(vector.logits_old), vector.tokens).logprobs,
      referenceLogprobs: headOf(tf.tensor3d(vector.logits_ref), vector.tokens).logprobs,
      advantages: tf.tensor2d(advantages.map((value) => [value])),
      weights: tf.tensor2d(weights.map((value) => [value])),
      mask: tf.tensor2d(vector.lens.map((length) => [0, 1, 2].map((t) => Number(t < length)))),
    };
    const grad = tf
      .grad(
        (logits: tf.Tensor) =>
          crpoLoss({ ...constants, ...headOf(logits as tf.Tensor3D, vector.tokens) }, settings).loss,
      )(tf.tensor3d(vector.logits_new))
      .arraySync() as number[][][];

    const h = 1e-5;
    const moved = (row: number, t: number, v: number, by: number) => {
      const logits = structuredClone(vector.logits_new);
      logits[row]![t]![v]! += by;
      return plainLoss(vector, logits, advantages, weights, settings);
    };
    for (let row = 0; row < 4; row++)
      for (let t = 0; t < 3; t++)
        for (let v = 0; v < 5; v++)
          expectClose(grad[row]![t]![v]!, (moved(row, t, v, h) - moved(row, t, v, -h)) / (2 * h), 1e-4, 1e-6);
  });
});

/** The loss once more, token by token in float64, for the finite differences. */
function plainLoss(
  vector: EndToEnd,
  logits: number[][][],
  advantages: number[],
  weights: number[],
  settings: LossSettings,
): number {
  let loss = 0;
  for (const [row, length] of vector.lens.entries()) {
    for (let t = 0; t < length; t++) {
      const token = vector.tokens[row]![t]!;
      const logprobs = logSoftmax(logits[row]![t]!);
      const ratio = Math.exp(logprobs[token]! - vector.logp_old[row]![t]!);
      const advantage = advantages[row]!;
      const clipped = Math.min(Math.max(ratio, 1 - settings.clipRangeLow), 1 + settings.clipRangeHigh);
      let surrogate = -Math.min(ratio * advantage, clipped * advantage);
      if (advantage < 0) surrogate = Math.min(surrogate, -settings.dualClip! * advantage);
      const difference = vector.logp_ref[row]![t]! - logprobs[token]!;
      const kl = Math.exp(difference) - difference - 1;
      const entropy = -logprobs.reduce((sum, logprob) => sum + Math.exp(logprob) * logprob, 0);
      loss +=
        weights[row]! * (surrogate + settings.klCoefficient * kl - settings.entropyCoefficient * entropy);
    }
  }
  return loss;
}

function logSoftmax(values: readonly number[]): number[] {
  const highest = Math.max(...values);
  const total = Math.log(values.reduce((sum, value) => sum + Math.exp(value - highest), 0));
  return values.map((value) => value - highest - total);
}
