/** One token of every sequence through the model: five dispatches per layer, recorded once and replayed. */
import type { SamplingSettings } from '../crpo/learner';
import type { Recording, View } from '../gpu';
import { embedTokens } from '../kernels/decode-attention';
import { sampleTokens } from '../kernels/sampler';
import type { StreamName } from '../random';
import type { Context } from './model';
import type { ModelWeights } from './weights';

/** What the sampler is told for a whole rollout. */
export interface SamplerSettings {
  readonly sampling: SamplingSettings | null;
  readonly seed: number;
  readonly stream: StreamName;
  readonly maxTokens: number;
  readonly stopCount: number;
}

/** Buffers of a rollout; see kernels/decode-state for what a row's state says. */
export interface DecodeBuffers {
  readonly rows: number;
  /** u32 [slots] */
  readonly slotRow: View;
  /** i32 [rows, 8] */
  readonly state: View;
  /** i32 [stopCount] */
  readonly stops: View;
  /** Only with a repetition penalty: u32 [rows, V/32]. */
  readonly seen: View | undefined;
  /** Sampled tokens and their log-probs, [BLOCK, rows], by position modulo BLOCK. */
  readonly tokens: View;
  readonly logprobs: View;
  /** Scratch for as many slots as there are rows. */
  readonly x: View;
  readonly qkv: View;
  readonly attended: View;
  readonly middle: View;
  readonly hidden: View;
  readonly logits: View;
  /** Per layer. */
  readonly promptCaches: readonly View[];
  readonly ownCaches: readonly View[];
  /** Positions that a row's own cache holds. */
  readonly capacity: number;
}

/** Hidden states in `x` [slots, D] → the next token of each slot. */
export function headAndSample(
  { gpu, linear, dimensions: d }: Context,
  weights: ModelWeights,
  buffers: DecodeBuffers,
  slots: number,
  settings: SamplerSettings,
): void {
  const { x, logits, slotRow, state, stops, seen, tokens, logprobs, rows } = buffers;
  linear({
    ...{ x, weight: weights.head, y: logits, rows: slots, inputs: d.width, outputs: d.vocabulary },
    ...{ yStride: d.logitStride, norm: { weight: weights.finalNorm, epsilon: d.normEpsilon } },
  });
  sampleTokens(gpu, {
    ...{ logits, slotRow, state, stops, tokens, logprobs, slots, rows },
    ...{ vocabulary: d.vocabulary, stride: d.logitStride, ...settings },
    ...(seen !== undefined && { seen }),
  });
}

/** The step after a token has been sampled, for `slots` slots. */
export function recordStep(
  context: Context,
  weights: ModelWeights,
  buffers: DecodeBuffers,
  slots: number,
  settings: SamplerSettings,
): Recording {
  return context.gpu.record(() => {
    embedTokens(context.gpu, {
      ...{ table: weights.embedding, slotRow: buffers.slotRow, state: buffers.state },
      ...{ x: buffers.x, slots, width: context.dimensions.width },
    });
    for (let layer = 0; layer < weights.layers.length; layer++)
      decodeLayer(context, weights, buffers, slots, layer);
    headAndSample(context, weights, buffers, slots, settings);
  });
}

function decodeLayer(
  { linear, attend, dimensions: d, table }: Context,
  weights: ModelWeights,
  buffers: DecodeBuffers,
  slots: number,
  layer: number,
): void {
  const { x, qkv, attended, middle, hidden, slotRow, state, capacity } = buffers;
  const { inputNorm, mlpNorm, qkv: toQkv, o, gateUp, down } = weights.layers[layer]!;
  const { heads, keyValueHeads, headWidth, normEpsilon: epsilon } = d;
  const bias = (view: View | undefined) => (view === undefined ? {} : { bias: view });
  linear({
    ...{ x, weight: toQkv.weight, y: qkv, rows: slots, inputs: d.width, outputs: d.qkvWidth },
    ...{ norm: { weight: inputNorm, epsilon }, ...bias(toQkv.bias) },
  });
  attend({
    ...{ qkv, table, slotRow, state, capacity, out: attended, slots, heads, keyValueHeads, headWidth },
    ...{ promptCache: buffers.promptCaches[layer]!, ownCache: buffers.ownCaches[layer]! },
  });
  linear({
    ...{ x: attended, weight: o.weight, y: middle, rows: slots, inputs: d.queryWidth, outputs: d.width },
    ...{ residual: x, ...bias(o.bias) },
  });
  linear({
    ...{ x: middle, weight: gateUp.weight, y: hidden, rows: slots, inputs: d.width, outputs: d.mlpWidth },
    ...{ norm: { weight: mlpNorm, epsilon }, gated: true, ...bias(gateUp.bias) },
  });
  linear({
    ...{ x: hidden, weight: down.weight, y: x, rows: slots, inputs: d.mlpWidth, outputs: d.width },
    ...{ residual: middle, ...bias(down.bias) },
  });
}
