import { describe, expect, it } from 'vitest';
import type { LossObjective } from '../../../src/engine/crpo/learner';
import { rowWeights } from '../../../src/engine/crpo/loss';
import { type Gpu, partOf } from '../../../src/engine/gpu';
import { tokenLoss, tokenStatistics } from '../../../src/engine/kernels/head-loss';
import {
  tokenLossReference,
  tokenStatisticsReference,
} from '../../../src/engine/kernels/head-loss/reference';
import { type EndToEndExpected, vectors } from '../crpo/vectors';
import { describeOnGpu } from '../gpu/dawn';
import { expectClose, upload } from './compare';
import { type Batch, batch, crpo, EVERYTHING, OBJECTIVES, tokensOf } from './head-loss-cases';

async function onGpu(
  gpu: Gpu,
  { logits, targets, tokens, vocabulary, stride }: Batch,
  objective: LossObjective,
) {
  const rows = targets.length;
  const views = {
    logits: upload(gpu, logits),
    targets: upload(gpu, targets),
    tokens: upload(gpu, tokens),
    statistics: upload(gpu, new Float32Array(8 * rows).fill(99)),
  };
  tokenLoss(gpu, { ...views, rows, vocabulary, stride, objective });
  const dLogits = await gpu.readFloats(views.logits);
  const statistics = await gpu.readFloats(views.statistics);
  gpu.free(...Object.values(views));
  return { dLogits, statistics };
}

async function statisticsOnGpu(
  gpu: Gpu,
  { logits, targets, vocabulary, stride }: Omit<Batch, 'tokens'>,
  temperature: number,
): Promise<Float32Array> {
  const rows = targets.length;
  const views = {
    logits: upload(gpu, logits),
    targets: upload(gpu, targets),
    statistics: upload(gpu, new Float32Array(8 * rows).fill(99)),
  };
  tokenStatistics(gpu, { ...views, rows, vocabulary, stride, temperature });
  const statistics = await gpu.readFloats(views.statistics);
  gpu.free(...Object.values(views));
  return statistics;
}

const SHAPES = [
  ['one row', 1, 8, 3],
  ['an odd vocabulary', 37, 33, 4],
  ['one token', 6, 1, 3],
  ['three tokens', 20, 3, 1],
  ['more than one round of the lanes', 33, 1023, 6],
  ['a wide vocabulary', 17, 5001, 5],
  ['large logits', 18, 130, 3000],
] as const;

describeOnGpu('tokenLoss', (gpu) => {
  describe.each(OBJECTIVES)('%s', (_, objective) => {
    it.each(SHAPES)('agrees with the reference: %s', async (__, rows, vocabulary, scale) => {
      const made = batch(rows, vocabulary, scale, objective.kind === 'crpo' ? objective.temperature : 1);
      const received = await onGpu(gpu(), made, objective);
      const expected = tokenLossReference({ ...made, objective });
      for (let row = 0; row < rows; row++) {
        const where = `row ${row}`;
        const [logprob, entropy, ...rest] = expected.statistics.slice(8 * row, 8 * row + 8);
        const statistics = received.statistics.slice(8 * row, 8 * row + 8);
        expectClose(statistics.slice(0, 2), [logprob!, entropy!], 2e-6, `${where}: distribution`);
        // The exponential of a distance carries the rounding of the log-probs, so relative to them too.
        const amplified = 5e-6 * Math.max(1, Math.abs(logprob!) / 20);
        for (const at of [2, 3])
          expectClose([statistics[at]!], [rest[at - 2]!], amplified * 4, `${where}: loss and KL`);
        expect([...statistics.slice(4)], where).toEqual(rest.slice(2));
        const own = expected.dLogits.slice(row * made.stride, (row + 1) * made.stride);
        const slopes = received.dLogits.slice(row * made.stride, (row + 1) * made.stride);
        const size = Math.max(1e-3, ...own.map(Math.abs));
        expectClose(
          slopes.map((slope) => slope / size),
          own.map((slope) => slope / size),
          amplified * 4,
          `${where}: gradient`,
        );
      }
    });
  });

  /** Two equal logits, so log π = −log 2, and both policies at the distances that vectors ask for. */
  async function tokens(
    terms: readonly { logRatio: number; reference: number; advantage: number }[],
    objective: LossObjective,
  ) {
    const targets = new Int32Array(terms.length);
    const shape = { logits: new Float32Array(4 * terms.length), targets, vocabulary: 2, stride: 4 };
    const rows = terms.map(({ logRatio, reference, advantage }) => ({
      oldLogprob: -Math.LN2 - logRatio,
      referenceLogprob: -Math.LN2 + reference,
      advantage,
      weight: 1,
      counted: true,
    }));
    const { statistics, dLogits } = await onGpu(gpu(), { ...shape, tokens: tokensOf(rows) }, objective);
    // dlogprob/dz of the target is 1 − p = 1/2.
    return terms.map((_, row) => ({
      loss: statistics[8 * row + 2]!,
      kl: statistics[8 * row + 3]!,
      clipped: [...statistics.slice(8 * row + 4, 8 * row + 6)],
      gradient: dLogits[4 * row]! * 2,
    }));
  }

  it('vectors: kl_tokens', async () => {
    const terms = vectors.kl_tokens.map(({ logp, ref_logp }) => ({
      logRatio: 0,
      reference: ref_logp - logp,
      advantage: 0,
    }));
    const free = await tokens(terms, crpo({ klCoefficient: 1 }));
    const clamped = await tokens(terms, crpo({ klCoefficient: 1, klClamp: 10 }));
    vectors.kl_tokens.forEach((vector, row) => {
      expectClose([free[row]!.loss, free[row]!.kl], Array(2).fill(vector.k3_unclamped_trl_unsloth), 1e-5);
      expectClose([free[row]!.gradient], [vector.grad_k3_unclamped], 1e-5);
      expectClose([clamped[row]!.loss], [vector.verl_low_var_kl], 1e-5);
      expectClose([clamped[row]!.gradient], [vector.grad_verl_low_var_kl], 1e-5);
    });
  });

  it('vectors: policy_loss and policy_loss_extreme', async () => {
    for (const vector of vectors.policy_loss) {
      const ranges = { clipRangeLow: vector.eps_low, clipRangeHigh: vector.eps_high };
      const token = { logRatio: Math.log(vector.ratio), reference: 0, advantage: vector.advantage };
      const [trl] = await tokens([token], crpo(ranges));
      expectClose([trl!.loss, trl!.gradient], [vector.trl_loss, vector.dloss_dlogp_trl], 1e-5);
      expect(trl!.clipped).toEqual([Number(vector.trl_low_clipped), Number(vector.trl_high_clipped)]);
      const [verl] = await tokens([token], crpo({ ...ranges, dualClip: 3 }));
      const expected = [vector.verl_vanilla_loss_c3, vector.dloss_dlogp_verl];
      expectClose([verl!.loss, verl!.gradient], expected, 1e-5);
    }
    for (const { log_ratio, advantage, eps, verl_vanilla_loss_c3 } of vectors.policy_loss_extreme) {
      const objective = crpo({ clipRangeLow: eps, clipRangeHigh: eps, dualClip: 3 });
      const [token] = await tokens([{ logRatio: log_ratio, reference: 0, advantage }], objective);
      expect(Math.abs(token!.loss / verl_vanilla_loss_c3 - 1)).toBeLessThan(2e-5);
      expect(token!.gradient).toBe(0);
    }
  });

  it.each([
    ['trl_dapo_beta0.04_eps0.2', { klCoefficient: 0.04 }],
    ['trl_gdpo_dapo_beta0.04_epshigh0.28', { klCoefficient: 0.04, clipRangeHigh: 0.28 }],
    ['verl_token_mean_kl0.001_ent0.001', { klCoefficient: 0.001, entropyCoefficient: 0.001, dualClip: 3 }],
  ] as const)('vectors: end_to_end, %s', async (name, changes) => {
    const vector = vectors.end_to_end;
    const expected = vector[name] as EndToEndExpected;
    const lengths = vector.lens.map((length) => ({ length, truncated: false }));
    const weights = rowWeights(lengths, { aggregation: 'token-mean', maskTruncated: false }, 3);
    const at = vector.tokens.flatMap((row, i) => row.map((target, t) => ({ i, t, target })));
    const made = {
      logits: Float32Array.from(at.flatMap(({ i, t }) => [...vector.logits_new[i]![t]!, 9, 9, 9])),
      targets: Int32Array.from(at, ({ target }) => target),
      tokens: tokensOf(
        at.map(({ i, t }) => ({
          oldLogprob: vector.logp_old[i]![t]!,
          referenceLogprob: vector.logp_ref[i]![t]!,
          advantage: expected.advantages[i]!,
          weight: weights[i]!,
          counted: t < vector.lens[i]!,
        })),
      ),
      vocabulary: 5,
      stride: 8,
    };
    const { statistics, dLogits } = await onGpu(gpu(), made, crpo(changes));
    const sum = (column: number) =>
      at.reduce(
        (total, { i, t }, row) => total + (t < vector.lens[i]! ? statistics[8 * row + column]! : 0),
        0,
      );
    const tokenCount = vector.lens.reduce((a, b) => a + b);
    expectClose(
      [sum(2), sum(3) / tokenCount, sum(1) / tokenCount],
      [expected.loss, expected.kl_mean, expected.entropy_mean],
      2e-6,
    );
    const slopes = at.flatMap(({ i, t }) => [...expected.dloss_dlogits[i]![t]!, 0, 0, 0]);
    expectClose(dLogits, slopes, 1e-6);
  });

  it('is at ratio 1 and KL 0 exactly with log-probs that tokenStatistics gave, on every bound too', async () => {
    const temperature = 0.7;
    const made = batch(24, 1030, 4, temperature);
    const statistics = await statisticsOnGpu(gpu(), made, temperature);
    expectClose(statistics, tokenStatisticsReference(made, temperature), 2e-6);
    const terms = Array.from({ length: 24 }, (_, row) => ({
      oldLogprob: statistics[8 * row]!,
      referenceLogprob: statistics[8 * row]!,
      advantage: row % 2 === 0 ? 0.75 : -0.75,
      weight: 1,
      counted: true,
    }));
    // Empty ranges and c = 1: the ratio is on each bound, where the gradient still passes.
    const bounds = { clipRangeLow: 0, clipRangeHigh: 0, dualClip: 1, klClamp: 0, klCoefficient: 1 };
    for (const settings of [{ klCoefficient: 1 }, bounds]) {
      const objective = crpo(settings, temperature);
      const received = await onGpu(gpu(), { ...made, tokens: tokensOf(terms) }, objective);
      terms.forEach(({ advantage }, row) => {
        const own = [...received.statistics.slice(8 * row, 8 * row + 8)];
        expect(own).toEqual([...statistics.slice(8 * row, 8 * row + 2), -advantage, 0, 0, 0, 0, 0]);
        const p = Math.exp(statistics[8 * row]!);
        const slope = received.dLogits[row * made.stride + made.targets[row]!]!;
        expect(Math.abs(slope + (advantage * (1 - p)) / temperature)).toBeLessThan(2e-6);
      });
    }
  });

  it.each([
    ['NaN', (logits: Float32Array) => logits.fill(Number.NaN, 65, 66)],
    ['∞', (logits: Float32Array) => logits.fill(Number.POSITIVE_INFINITY, 65, 66)],
    ['−∞', (logits: Float32Array) => logits.fill(Number.NEGATIVE_INFINITY, 65, 66)],
    ['−∞ alone', (logits: Float32Array) => logits.fill(Number.NEGATIVE_INFINITY, 36, 69)],
    ['a target that is none', (_: Float32Array, targets: Int32Array) => targets.fill(33, 1, 2)],
    ['a negative target', (_: Float32Array, targets: Int32Array) => targets.fill(-1, 1, 2)],
  ])('gives NaN for a row with %s, and leaves the others alone', async (_, spoil) => {
    const made = batch(5, 33, 3, 1);
    const whole = await onGpu(gpu(), made, crpo(EVERYTHING));
    spoil(made.logits, made.targets);
    const { statistics, dLogits } = await onGpu(gpu(), made, crpo(EVERYTHING));
    expect([...statistics.slice(8, 14)]).toEqual([...Array(4).fill(Number.NaN), 0, 0]);
    expect(dLogits.slice(36, 69).every(Number.isNaN)).toBe(true);
    expect([...dLogits.slice(69, 72)]).toEqual([0, 0, 0]);
    expect([...statistics.slice(16)]).toEqual([...whole.statistics.slice(16)]);
    expect([...dLogits.slice(72)]).toEqual([...whole.dLogits.slice(72)]);
    const alone = await statisticsOnGpu(gpu(), made, 1);
    expect([...alone.slice(8, 10)]).toEqual([Number.NaN, Number.NaN]);
    // Not counted: no gradient, whatever the logits hold.
    made.tokens[8 + 4] = 0;
    const masked = await onGpu(gpu(), made, crpo(EVERYTHING));
    expect([...masked.statistics.slice(8, 16)]).toEqual([Number.NaN, Number.NaN, 0, 0, 0, 0, 0, 0]);
    expect(masked.dLogits.slice(36, 72).every((value) => value === 0)).toBe(true);
  });

  it.each([
    ['old log-prob', 0, EVERYTHING],
    ['reference log-prob', 1, EVERYTHING],
    ['advantage', 2, {}],
    ['weight', 3, {}],
  ] as const)('gives a NaN loss and gradient for a NaN %s', async (_, at, settings) => {
    const made = batch(3, 33, 3, 1);
    made.tokens[8 + at] = Number.NaN;
    const { statistics, dLogits } = await onGpu(gpu(), made, crpo(settings));
    expect([...statistics.slice(8, 14)].map(Number.isNaN)).toEqual([false, false, true, true, false, false]);
    expect(dLogits.slice(36, 69).every(Number.isNaN)).toBe(true);
    expect(dLogits.slice(72).some(Number.isNaN)).toBe(false);
  });

  it('does not read the reference where β is 0', async () => {
    const made = batch(3, 33, 3, 1);
    for (const row of [0, 1, 2]) made.tokens[8 * row + 1] = Number.NaN;
    const { statistics, dLogits } = await onGpu(gpu(), made, crpo({ entropyCoefficient: 0.1 }));
    expect([...statistics, ...dLogits].some(Number.isNaN)).toBe(false);
  });

  it('holds a vocabulary of 151,937 tokens', async () => {
    const made = batch(3, 151_937, 8, 1);
    const objective = crpo(EVERYTHING);
    const [received, expected] = [
      await onGpu(gpu(), made, objective),
      tokenLossReference({ ...made, objective }),
    ];
    expectClose(received.statistics, expected.statistics, 2e-6);
    expectClose(received.dLogits, expected.dLogits, 1e-6);
    // Nothing is lost on the way: a row's gradients add up to 0.
    const sum = received.dLogits.slice(0, made.stride).reduce((total, slope) => total + slope, 0);
    expect(Math.abs(sum)).toBeLessThan(1e-5);
  });

  it('repeats bit for bit, on part of a buffer as well', async () => {
    const made = batch(16, 1030, 4, 1);
    const one = await onGpu(gpu(), made, crpo(EVERYTHING));
    expect(await onGpu(gpu(), made, crpo(EVERYTHING))).toEqual(one);
    const whole = gpu().allocate(64 + made.logits.length);
    const logits = partOf(whole, 64, made.logits.length);
    gpu().write(logits, made.logits);
    const [targets, tokens] = [upload(gpu(), made.targets), upload(gpu(), made.tokens)];
    const statistics = gpu().allocate(8 * 16);
    const shape = { rows: 16, vocabulary: made.vocabulary, stride: made.stride };
    tokenLoss(gpu(), { logits, targets, tokens, statistics, ...shape, objective: crpo(EVERYTHING) });
    expect(await gpu().readFloats(logits)).toEqual(one.dLogits);
    gpu().free(whole, targets, tokens, statistics);
  });

  it('refuses a stride that holds no vectors', () => {
    const view = gpu().allocate(64);
    const views = { logits: view, targets: view, statistics: view };
    expect(() =>
      tokenStatistics(gpu(), { ...views, rows: 1, vocabulary: 5, stride: 6, temperature: 1 }),
    ).toThrow('6 apart');
    gpu().free(view);
  });
});
