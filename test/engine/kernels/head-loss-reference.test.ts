/** What the kernels are held to: the reference itself, by differences, by vectors and by the plain ops. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { crpoLoss } from '../../../src/engine/crpo/loss';
import {
  lossOfToken,
  type TokenTerms,
  tokenLossReference,
} from '../../../src/engine/kernels/head-loss/reference';
import { tokenDistribution } from '../../../src/engine/policy/head';
import { tf } from '../../../src/engine/tensor';
import { useBackend } from '../crpo/backends';
import { vectors } from '../crpo/vectors';
import { centralDifferences, expectClose } from './compare';
import { batch, crpo, DISTANCES, type LossSettings, OBJECTIVES } from './head-loss-cases';

describe('the reference of tokenLoss', () => {
  it.each(OBJECTIVES)('has the gradient that central differences give: %s', (_, objective) => {
    // Across all sides of the clips; on their corners, where there is no derivative, no row stands.
    const made = batch(32, 7, 2, objective.kind === 'crpo' ? objective.temperature : 1);
    for (let row = 0; row < 32; row++) {
      // Each row for itself: beside one row's e^70, the differences of the others would vanish.
      const alone = {
        ...made,
        logits: Float64Array.from(made.logits.subarray(8 * row, 8 * row + 7)),
        targets: made.targets.subarray(row, row + 1),
        tokens: made.tokens.subarray(8 * row, 8 * row + 8),
        objective,
      };
      const { dLogits, statistics } = tokenLossReference(alone);
      const lossAt = (logits: Float64Array) =>
        tokenLossReference({ ...alone, logits }).statistics.subarray(2, 3);
      const differences = centralDifferences(lossAt, alone.logits, [1]);
      // Rounding of the loss, over the step, is all that may be seen.
      const size = Math.max(1, Math.abs(statistics[2]!), ...dLogits.map(Math.abs));
      expectClose(
        dLogits.subarray(0, 7).map((slope) => slope / size),
        differences.map((slope) => slope / size),
        1e-8,
        `row ${row}`,
      );
    }
  });

  it('vectors: kl_tokens, policy_loss, policy_loss_extreme', () => {
    const close = (received: number, expected: number) =>
      expect(Math.abs(received - expected)).toBeLessThan(1e-9 * Math.max(1, Math.abs(expected)));
    const zero = { oldLogprob: 0, referenceLogprob: 0, advantage: 0 };
    for (const vector of vectors.kl_tokens) {
      const token = { ...zero, oldLogprob: vector.logp, referenceLogprob: vector.ref_logp };
      const free = lossOfToken(vector.logp, 0, token, crpo({ klCoefficient: 1 }));
      close(free.loss, vector.k3_unclamped_trl_unsloth);
      close(free.byLogprob, vector.grad_k3_unclamped);
      const clamped = lossOfToken(vector.logp, 0, token, crpo({ klCoefficient: 1, klClamp: 10 }));
      close(clamped.kl, vector.verl_low_var_kl);
      close(clamped.byLogprob, vector.grad_verl_low_var_kl);
    }
    for (const vector of vectors.policy_loss) {
      const token = { ...zero, advantage: vector.advantage };
      const ranges = { clipRangeLow: vector.eps_low, clipRangeHigh: vector.eps_high };
      const trl = lossOfToken(Math.log(vector.ratio), 0, token, crpo(ranges));
      close(trl.loss, vector.trl_loss);
      close(trl.byLogprob, vector.dloss_dlogp_trl);
      expect([trl.low, trl.high]).toEqual([vector.trl_low_clipped, vector.trl_high_clipped]);
      const verl = lossOfToken(Math.log(vector.ratio), 0, token, crpo({ ...ranges, dualClip: 3 }));
      close(verl.loss, vector.verl_vanilla_loss_c3);
      close(verl.byLogprob, vector.dloss_dlogp_verl);
    }
    for (const { log_ratio, advantage, eps, verl_vanilla_loss_c3 } of vectors.policy_loss_extreme) {
      const settings = crpo({ clipRangeLow: eps, clipRangeHigh: eps, dualClip: 3 });
      close(lossOfToken(log_ratio, 0, { ...zero, advantage }, settings).loss, verl_vanilla_loss_c3);
    }
  });
});

describe('the reference of tokenLoss against the plain ops', () => {
  beforeAll(async () => {
    await useBackend('cpu');
    tf.engine().startScope();
  });
  afterAll(() => tf.engine().endScope());

  type Terms = Pick<TokenTerms, 'oldLogprob' | 'referenceLogprob' | 'advantage'>;

  /** By `crpo/loss.ts`: ℓ of tokens at the same logprob, dℓ/dlogprob, and how many are clipped. */
  function plainTokens(logprob: number, terms: readonly Terms[], settings: LossSettings) {
    const column = (of: (token: Terms) => number) => tf.tensor2d(terms.map((token) => [of(token)]));
    const constants = {
      entropy: column(() => 0),
      oldLogprobs: column(({ oldLogprob }) => oldLogprob),
      referenceLogprobs: settings.klCoefficient === 0 ? null : column((token) => token.referenceLogprob),
      advantages: column(({ advantage }) => advantage),
      mask: column(() => 1),
    };
    let sums: number[] = [];
    // The loss is linear in the weights, so its derivative by a weight is ℓ.
    const { grads } = tf.valueAndGrads((logprobs: tf.Tensor, weights: tf.Tensor) => {
      const inputs = { logprobs: logprobs as tf.Tensor2D, weights: weights as tf.Tensor2D };
      const result = crpoLoss({ ...constants, ...inputs }, settings);
      sums = result.sums.arraySync();
      return result.loss;
    })([column(() => logprob), column(() => 1)]);
    const [gradients, losses] = grads.map((grad) => grad.dataSync());
    return { losses: losses!, gradients: gradients!, clipped: sums.slice(2) };
  }

  it('agrees on every side of every bound, and on the bounds themselves', () => {
    // A ratio of exactly 1 is on a range's end where the range is empty, and on the dual clip's with c = 1.
    const objectives = [
      crpo({ klCoefficient: 1 }),
      crpo({ klCoefficient: 1, klClamp: 10, dualClip: 3 }),
      crpo({ clipRangeLow: 0, clipRangeHigh: 0, dualClip: 1, klClamp: 0, klCoefficient: 0.5 }),
      crpo({ clipRangeLow: 1, clipRangeHigh: 1e9, dualClip: 1e9 }),
    ];
    const terms = [...DISTANCES, 20, -20, 80, -80].flatMap((distance) =>
      [0, 0.2, -3, 2.3, 20, -20, 21, 80, 81].flatMap((reference) =>
        [1, 0, -0.5].map((advantage) => ({
          oldLogprob: Math.fround(-1 - distance),
          referenceLogprob: Math.fround(-1 + reference),
          advantage,
        })),
      ),
    );
    for (const objective of objectives) {
      const received = plainTokens(-1, terms, objective.settings);
      let [low, high] = [0, 0];
      terms.forEach((token, at) => {
        const expected = lossOfToken(-1, 0, token, objective);
        const where = JSON.stringify({ token, settings: objective.settings });
        const close = (value: number, of: number) =>
          expect(Math.abs(value - of) / Math.max(1, Math.abs(of)), where).toBeLessThan(1e-6);
        close(received.losses[at]!, expected.loss);
        close(received.gradients[at]!, expected.byLogprob);
        low += Number(expected.low);
        high += Number(expected.high);
      });
      expect(received.clipped).toEqual([low, high]);
    }
  });

  it.each(OBJECTIVES.slice(0, 4))('agrees from logits to their gradient: %s', (_, objective) => {
    if (objective.kind !== 'crpo') throw new Error('the plain path has no imitation here');
    const { settings, temperature } = objective;
    const made = batch(40, 8, 2, temperature);
    const column = (at: number, width = 1) =>
      tf.slice(tf.tensor2d(made.tokens, [40, 8]), [0, at], [40, width]) as tf.Tensor2D;
    // A product with the identity: hidden states are logits.
    const { value, grad } = tf.valueAndGrad((logits: tf.Tensor) => {
      const options = { temperature, entropy: true, headTrains: false };
      const head = tf.eye(8) as tf.Tensor2D;
      const { logprobs, entropy } = tokenDistribution(logits as tf.Tensor2D, head, made.targets, options);
      return crpoLoss(
        {
          logprobs: tf.reshape(logprobs, [40, 1]),
          entropy: tf.reshape(entropy!, [40, 1]),
          oldLogprobs: column(0),
          referenceLogprobs: settings.klCoefficient === 0 ? null : column(1),
          advantages: column(2),
          weights: column(3),
          mask: column(4),
        },
        settings,
      ).loss;
    })(tf.tensor2d(made.logits, [40, 8]));
    const { statistics, dLogits } = tokenLossReference({ ...made, objective });
    const loss = made.targets.reduce((sum, __, row) => sum + statistics[8 * row + 2]!, 0);
    expect(Math.abs((value.arraySync() as number) / loss - 1)).toBeLessThan(2e-5);
    const received = grad.dataSync();
    for (let row = 0; row < 40; row++) {
      const own = dLogits.slice(8 * row, 8 * row + 8);
      const size = Math.max(1e-3, ...own.map(Math.abs));
      expectClose(
        received.slice(8 * row, 8 * row + 8).map((slope) => slope / size),
        own.map((slope) => slope / size),
        3e-5,
        `row ${row}`,
      );
    }
  });
});
