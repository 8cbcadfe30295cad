/**
 * The gradient of a decoder layer, by hand: the upstream gradient comes in, weights' gradients are
 * written or added, and the gradient of the layer's input goes out. Buffers are reused in place where
 * a value is needed once: `gateUp` becomes its own gradient.
 */
import type { View } from '../gpu';
import { attentionBackward } from '../kernels/attention';
import { columnSum } from '../kernels/column-sum';
import { rmsNormBackward, rmsNormWeightGradient } from '../kernels/rms-norm';
import { swigluBackward } from '../kernels/swiglu';
import { type Context, giveActivations, type LayerActivations, type LayerInputs } from './model';
import type { LayerWeights, PackName } from './weights';

export interface LayerGradientInputs extends LayerInputs {
  readonly readers: View;
}

/** The input and upstream gradient of one product y = x̂·Wᵀ, where x̂ is `x` or its RMSNorm. */
export interface ProductGradient {
  /** [rows, outputs] */
  readonly dy: View;
  readonly outputs: number;
  /** [rows, inputs] */
  readonly x: View;
  readonly inputs: number;
  readonly norm?: { readonly weight: View; readonly inverse: View };
}

/** Takes up the gradients of what trains: all weights, or an adapter's. */
export interface GradientSink {
  product(pack: PackName, gradient: ProductGradient): void;
  /** dy of a normalised x. */
  norm(which: 'inputNorm' | 'mlpNorm', gradient: { dy: View; x: View; inverse: View }): void;
}

/** Takes `dOutput` and the activations, the layer's input included; → the gradient of that input. */
export function backwardLayer(
  context: Context,
  weights: LayerWeights,
  inputs: LayerGradientInputs,
  activations: LayerActivations,
  dOutput: View,
  sink: GradientSink,
): View {
  const { gpu, workspace, dimensions: d, product } = context;
  const { rows, segments, readers, pairs } = inputs;
  const { x, inputInverse, qkv, attended, lse, middle, mlpInverse, gateUp } = activations;

  const hidden = workspace.take(rows * d.mlpWidth);
  product({
    ...{ layout: 'nn', m: rows, n: d.mlpWidth, k: d.width },
    ...{ a: dOutput, b: weights.down.weight, out: hidden },
  });
  swigluBackward(gpu, { gateUp, dHidden: hidden, rows, width: d.mlpWidth });
  sink.product('down', { dy: dOutput, outputs: d.width, x: hidden, inputs: d.mlpWidth });
  workspace.give(hidden);

  const dMlpInput = workspace.take(rows * d.width);
  product({
    ...{ layout: 'nn', m: rows, n: d.width, k: 2 * d.mlpWidth },
    ...{ a: gateUp, b: weights.gateUp.weight, out: dMlpInput },
  });
  sink.product('gateUp', {
    ...{ dy: gateUp, outputs: 2 * d.mlpWidth, x: middle, inputs: d.width },
    norm: { weight: weights.mlpNorm, inverse: mlpInverse },
  });
  sink.norm('mlpNorm', { dy: dMlpInput, x: middle, inverse: mlpInverse });
  const dMiddle = workspace.take(rows * d.width);
  rmsNormBackward(gpu, {
    ...{ dy: dMlpInput, x: middle, weight: weights.mlpNorm, inverse: mlpInverse },
    ...{ residual: dOutput, dx: dMiddle, rows, width: d.width },
  });
  workspace.give(dMlpInput, dOutput);

  const dAttended = workspace.take(rows * d.queryWidth);
  product({
    ...{ layout: 'nn', m: rows, n: d.queryWidth, k: d.width },
    ...{ a: dMiddle, b: weights.o.weight, out: dAttended },
  });
  sink.product('o', { dy: dMiddle, outputs: d.width, x: attended, inputs: d.queryWidth });
  const dQkv = workspace.take(rows * d.qkvWidth);
  const delta = workspace.take(rows * d.heads);
  attentionBackward(gpu, {
    ...{ qkv, out: attended, dOut: dAttended, lse, segments, readers, table: context.table, delta, dQkv },
    ...{ rows, pairs, heads: d.heads, keyValueHeads: d.keyValueHeads, headWidth: d.headWidth },
  });
  workspace.give(dAttended, delta);

  const dInput = workspace.take(rows * d.width);
  product({
    ...{ layout: 'nn', m: rows, n: d.width, k: d.qkvWidth },
    ...{ a: dQkv, b: weights.qkv.weight, out: dInput },
  });
  sink.product('qkv', {
    ...{ dy: dQkv, outputs: d.qkvWidth, x, inputs: d.width },
    norm: { weight: weights.inputNorm, inverse: inputInverse },
  });
  sink.norm('inputNorm', { dy: dInput, x, inverse: inputInverse });
  const dx = workspace.take(rows * d.width);
  rmsNormBackward(gpu, {
    ...{ dy: dInput, x, weight: weights.inputNorm, inverse: inputInverse },
    ...{ residual: dMiddle, dx, rows, width: d.width },
  });
  workspace.give(dInput, dMiddle, dQkv, x);
  giveActivations(context, activations);
  return dx;
}

/** Gradients of all of a layer's weights; `accumulate` adds to what is there. */
export function weightGradients(
  context: Context,
  rows: number,
  gradients: LayerWeights,
  accumulate: boolean,
): GradientSink {
  const { gpu, dimensions, product } = context;
  return {
    product: (pack, { dy, outputs, x, inputs, norm }) => {
      const { weight, bias } = gradients[pack];
      product({
        ...{ layout: 'tn', m: outputs, n: inputs, k: rows, a: dy, b: x, out: weight, accumulate },
        ...(norm !== undefined && { normB: norm }),
      });
      if (bias !== undefined) columnSum(gpu, { x: dy, sums: bias, rows, width: outputs, accumulate });
    },
    norm: (which, { dy, x, inverse }) => {
      const dWeight = gradients[which];
      rmsNormWeightGradient(gpu, { dy, x, inverse, dWeight, rows, width: dimensions.width, accumulate });
    },
  };
}
