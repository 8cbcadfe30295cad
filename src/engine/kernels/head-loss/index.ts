/**
 * From logits to CRPO's token loss and back to the logits' gradient: per row the log-probability of
 * the target and the entropy of the vocabulary's distribution (`policy/head.ts`), the token loss with
 * the derivatives that autodiff gives it (`crpo/loss.ts`), and dLoss/dlogits written over the logits.
 *
 * A row with a logit that is not finite, or with a target outside the vocabulary, has a NaN logprob
 * and entropy; where it is counted, or where what the loss reads of `tokens` is NaN, loss, k3 and
 * gradient are NaN: never a number that looks sound.
 * Both ops compute statistics in the same way, bit for bit, so log-probs that `tokenStatistics` gave
 * are at ratio 1 and KL 0 exactly while the logits stay the same.
 */
import { StudioError } from '../../../protocol/errors';
import type { LossObjective } from '../../crpo/learner';
import { FINITE_BOUND, LOG_RATIO_BOUND } from '../../crpo/loss';
import type { Cost, Gpu, View } from '../../gpu';
import { lanesFor, lossKernel, statisticsKernel } from './webgpu';

/** Values per row of `tokens`. */
export const TOKEN_VALUES = 8;
/** Values per row of `statistics`. */
export const STATISTICS = 8;

interface HeadShape {
  /** [rows, stride]; columns from `vocabulary` on are no logits. */
  readonly logits: View;
  /** i32 [rows], each in [0, vocabulary). */
  readonly targets: View;
  /** [rows, STATISTICS] */
  readonly statistics: View;
  readonly rows: number;
  readonly vocabulary: number;
  /** Values between rows, a multiple of 4 and at least `vocabulary`. */
  readonly stride: number;
}

export interface TokenLossCall extends HeadShape {
  /**
   * [rows, TOKEN_VALUES]: log π_old, log π_ref (read where β is not 0), advantage, weight w_i, counted
   * (1: in the loss, 0: not), 0, 0, 0.
   */
  readonly tokens: View;
  readonly objective: LossObjective;
}

/**
 * `logits` becomes the gradient of the sum of all losses, columns from `vocabulary` up to `stride` and
 * rows that are not counted 0. `statistics` per row: logprob and entropy in nats, both at the
 * objective's temperature (1 for imitation), loss · weight, k3 (0 where β is 0), 1 if the ratio lies
 * below the range with A < 0, 1 if it lies above with A > 0, 0, 0; the loss and all after it are 0
 * where the row is not counted. One dispatch, one workgroup per row.
 */
export function tokenLoss(gpu: Gpu, call: TokenLossCall): void {
  const { logits, targets, tokens, statistics, rows, vocabulary, stride, objective } = call;
  assertShape('tokenLoss', call);
  const temperature = objective.kind === 'crpo' ? objective.temperature : 1;
  gpu.run(
    lossKernel(objective.kind, lanesFor(stride)),
    { logits, targets, tokens, statistics },
    { ...shared(call, temperature), ...(objective.kind === 'crpo' ? lossUniforms(objective.settings) : {}) },
    rows,
    cost(rows, vocabulary, 2 * vocabulary + stride + TOKEN_VALUES, 12),
  );
}

export interface TokenStatisticsCall extends HeadShape {
  readonly temperature: number;
}

/** `statistics` per row: logprob and entropy in nats, then 0s. One dispatch, one workgroup per row. */
export function tokenStatistics(gpu: Gpu, call: TokenStatisticsCall): void {
  const { logits, targets, statistics, rows, vocabulary, stride, temperature } = call;
  assertShape('tokenStatistics', call);
  gpu.run(
    statisticsKernel(lanesFor(stride)),
    { logits, targets, statistics },
    shared(call, temperature),
    rows,
    cost(rows, vocabulary, vocabulary, 6),
  );
}

function shared({ rows, vocabulary, stride }: HeadShape, temperature: number) {
  return { rows, vocabulary, vectors: stride / 4, inverseTemperature: 1 / temperature, nan: Number.NaN };
}

/** Bounds that are off are so large that they never hold; −c·A with A < 0 stays above ratio · |A|. */
function lossUniforms(settings: Extract<LossObjective, { kind: 'crpo' }>['settings']) {
  return {
    lowest: 1 - settings.clipRangeLow,
    highest: 1 + settings.clipRangeHigh,
    dualClip: settings.dualClip ?? 1e30,
    klCoefficient: settings.klCoefficient,
    klDistance: settings.klClamp === null ? FINITE_BOUND : LOG_RATIO_BOUND,
    klClamp: settings.klClamp ?? 1e38,
    entropyCoefficient: settings.entropyCoefficient,
  };
}

function cost(rows: number, vocabulary: number, values: number, perLogit: number): Cost {
  return { multiplyAdds: rows * vocabulary * perLogit, bytes: 4 * rows * (values + 2 + STATISTICS) };
}

function assertShape(op: string, { rows, vocabulary, stride }: HeadShape): void {
  if (rows > 0 && vocabulary > 0 && stride >= vocabulary && stride % 4 === 0) return;
  throw new StudioError({
    boundary: 'internal',
    code: 'kernel-shape',
    message: `internal: ${op} of ${rows} rows of ${vocabulary} logits, ${stride} apart.`,
  });
}
