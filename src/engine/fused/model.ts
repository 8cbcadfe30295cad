/**
 * The forward pass of a Llama or Qwen2 model in fused kernels, and what it keeps for the gradient. RMSNorm
 * is folded into the product after it: only one number per row is computed beforehand.
 */

import type { Pausable } from '../crpo/environment';
import type { Gpu, View, Workspace } from '../gpu';
import { attention } from '../kernels/attention';
import type { DecodeAttentionCall } from '../kernels/decode-attention';
import type { DecodeLinearCall } from '../kernels/decode-linear';
import { embed } from '../kernels/embedding';
import type { MatmulCall } from '../kernels/matmul';
import { rmsInverse } from '../kernels/rms-norm';
import { rope } from '../kernels/rope';
import { swiglu } from '../kernels/swiglu';
import type { PolicyConfig } from '../policy';
import { inverseFrequencies } from '../policy/rope';
import type { Dimensions, LayerWeights, ModelWeights } from './weights';

/** What the kernels of one model share. */
export interface Context {
  readonly gpu: Gpu;
  readonly workspace: Workspace;
  readonly dimensions: Dimensions;
  /** cos and sin by position, [positions, C/2, 2]. */
  readonly table: View;
  readonly product: (call: MatmulCall) => void;
  readonly linear: (call: DecodeLinearCall) => void;
  readonly attend: (call: DecodeAttentionCall) => void;
  /** For the host, once enough work has been handed out. */
  readonly turn: (host: Pausable) => Promise<void>;
}

/** Views of one packed batch that the layers read. */
export interface LayerInputs {
  readonly rows: number;
  readonly ids: View;
  readonly segments: View;
  /** (row, row attended to). */
  readonly pairs: number;
}

/** What a layer's gradient needs of its forward pass; scratch buffers of the workspace. */
export interface LayerActivations {
  /** Input of the layer, [rows, D]; the output of the one before. */
  readonly x: View;
  /** [rows] */
  readonly inputInverse: View;
  /** [rows, (H+2K)·C], rotated. */
  readonly qkv: View;
  /** [rows, H·C] */
  readonly attended: View;
  /** [rows, H] */
  readonly lse: View;
  /** After attention, [rows, D]. */
  readonly middle: View;
  /** [rows] */
  readonly mlpInverse: View;
  /** [rows, 2F] */
  readonly gateUp: View;
}

/** Label of the buffers that a gradient needs of the forward pass. */
const KEPT = 'activations';

/**
 * Embedding and all layers → the last one's output, a scratch buffer. `visit` takes over what a layer
 * leaves behind, its input included; the host has its turn after each.
 */
export async function forwardLayers(
  context: Context,
  weights: ModelWeights,
  inputs: LayerInputs,
  host: Pausable,
  visit: (activations: LayerActivations, layer: number) => void,
): Promise<View> {
  let x = embedRows(context, weights, inputs);
  for (const [layer, layerWeights] of weights.layers.entries()) {
    const { activations, output } = forwardLayer(context, layerWeights, inputs, x, true);
    visit(activations, layer);
    x = output!;
    await context.turn(host);
  }
  return x;
}

/** Token ids → [rows, D]. */
function embedRows(context: Context, weights: ModelWeights, { rows, ids }: LayerInputs): View {
  const { gpu, workspace, dimensions } = context;
  const x = workspace.take(rows * dimensions.width, KEPT);
  embed(gpu, { table: weights.embedding, ids, y: x, rows, width: dimensions.width });
  return x;
}

/** One decoder layer. The output is a new buffer; nothing that was taken is given back, `x` included. */
export function forwardLayer(
  context: Context,
  weights: LayerWeights,
  inputs: LayerInputs,
  x: View,
  /** Without it the layer stops after the gated MLP's inputs: enough for its gradient. */
  wantsOutput: boolean,
): { activations: LayerActivations; output: View | null } {
  const { gpu, workspace, dimensions: d, product } = context;
  const { rows, segments, pairs } = inputs;
  const inputInverse = workspace.take(rows, KEPT);
  rmsInverse(gpu, { x, inverse: inputInverse, rows, width: d.width, epsilon: d.normEpsilon });
  const qkv = workspace.take(rows * d.qkvWidth, KEPT);
  product({
    ...{ layout: 'nt', m: rows, n: d.qkvWidth, k: d.width },
    ...{ a: x, b: weights.qkv.weight, out: qkv },
    ...biasOf(weights.qkv.bias),
    normA: { weight: weights.inputNorm, inverse: inputInverse },
  });
  const { heads, keyValueHeads, headWidth } = d;
  rope(gpu, {
    ...{ qkv, table: context.table, segments, rows },
    ...{ heads: heads + keyValueHeads, headWidth, stride: d.qkvWidth },
  });
  const attended = workspace.take(rows * d.queryWidth, KEPT);
  const lse = workspace.take(rows * heads, KEPT);
  attention(gpu, { qkv, segments, out: attended, lse, rows, heads, keyValueHeads, headWidth, pairs });
  const middle = workspace.take(rows * d.width, KEPT);
  product({
    ...{ layout: 'nt', m: rows, n: d.width, k: d.queryWidth },
    ...{ a: attended, b: weights.o.weight, out: middle, residual: x },
    ...biasOf(weights.o.bias),
  });
  const mlpInverse = workspace.take(rows, KEPT);
  rmsInverse(gpu, { x: middle, inverse: mlpInverse, rows, width: d.width, epsilon: d.normEpsilon });
  const gateUp = workspace.take(rows * 2 * d.mlpWidth, KEPT);
  product({
    ...{ layout: 'nt', m: rows, n: 2 * d.mlpWidth, k: d.width },
    ...{ a: middle, b: weights.gateUp.weight, out: gateUp },
    ...biasOf(weights.gateUp.bias),
    normA: { weight: weights.mlpNorm, inverse: mlpInverse },
  });
  const activations = { x, inputInverse, qkv, attended, lse, middle, mlpInverse, gateUp };
  if (!wantsOutput) return { activations, output: null };

  const hidden = workspace.take(rows * d.mlpWidth);
  swiglu(gpu, { gateUp, hidden, rows, width: d.mlpWidth });
  const output = workspace.take(rows * d.width, KEPT);
  product({
    ...{ layout: 'nt', m: rows, n: d.width, k: d.mlpWidth },
    ...{ a: hidden, b: weights.down.weight, out: output, residual: middle },
    ...biasOf(weights.down.bias),
  });
  workspace.give(hidden);
  return { activations, output };
}

/** Gives back what a layer's forward pass took, except its input. */
export function giveActivations({ workspace }: Context, activations: LayerActivations): void {
  const { inputInverse, qkv, attended, lse, middle, mlpInverse, gateUp } = activations;
  workspace.give(inputInverse, qkv, attended, lse, middle, mlpInverse, gateUp);
}

function biasOf(bias: View | undefined): { readonly bias?: View } {
  return bias === undefined ? {} : { bias };
}

/** cos and sin of each position's angles: [positions, C/2, 2]. */
export function rotationTable(config: PolicyConfig, positions: number): Float32Array<ArrayBuffer> {
  const frequencies = inverseFrequencies(config);
  const pairs = frequencies.length;
  const table = new Float32Array(positions * pairs * 2);
  for (let position = 0; position < positions; position++) {
    frequencies.forEach((frequency, pair) => {
      const angle = position * frequency;
      const at = (position * pairs + pair) * 2;
      table[at] = Math.cos(angle);
      table[at + 1] = Math.sin(angle);
    });
  }
  return table;
}
