/**
 * The fused learner: gradient, optimizer and weights in flat buffers, a step in a few hundred
 * dispatches of our own kernels. Same stages and same numbers as the plain learner, within float32
 * tolerance.
 */
import type { Pausable } from '../crpo/environment';
import type {
  AdamWUpdate,
  FrozenPolicy,
  Learner,
  LossObjective,
  LossRollout,
  Moments,
} from '../crpo/learner';
import { noGradient, nonFinite } from '../crpo/optimizer';
import type { NamedArray } from '../files';
import type { View } from '../gpu';
import { adamw, PARTIALS, sumOfSquares } from '../kernels/adamw';
import { embedBackward } from '../kernels/embedding';
import { STATISTICS, TOKEN_VALUES } from '../kernels/head-loss';
import type { ParameterLayout } from '../policy';
import { adapterConfig, loraSpecs } from '../policy/lora';
import { layoutOf, weightSpecs } from '../policy/parameters';
import { backwardLayer, type GradientSink, weightGradients } from './backward';
import { activationBytes, keptLayers } from './checkpointing';
import type { FlatBuffers } from './flat';
import { lossAndGradient } from './head';
import { type Context, forwardLayer, forwardLayers, giveActivations, type LayerActivations } from './model';
import { fromLayout, toLayout } from './orientation';
import { packSequences, uploadAll } from './pack';
import { FusedPolicy } from './policy';
import { dimensionsOf, type ModelWeights, modelWeights } from './weights';

/** Values that `addGradient` sums up of the statistics: loss, kl, clipped low, clipped high; see head-loss. */
const LOSS = 2;
const ENTROPY = 1;
const KL = 3;
const CLIPPED_LOW = 4;
const CLIPPED_HIGH = 5;
/** In a token's record: whether it is in the loss. */
const COUNTED = 4;

interface Trained {
  readonly gradient: FlatBuffers;
  /** null before the first update. */
  moments: { readonly m: FlatBuffers; readonly v: FlatBuffers } | null;
  readonly partial: View;
  readonly norm: View;
}

export class FusedLearner extends FusedPolicy implements Learner {
  #trained: Trained | null = null;
  /** Micro-batches in the gradient. */
  #added = 0;

  get layout(): ParameterLayout {
    return layoutOf(this.#specs());
  }

  async addGradient(
    rows: readonly LossRollout[],
    objective: LossObjective,
    host: Pausable,
    memoryBytes = Number.POSITIVE_INFINITY,
  ): Promise<readonly number[]> {
    try {
      const sums = await this.#add(rows, objective, host, memoryBytes);
      this.#added += 1;
      return sums;
    } catch (error) {
      this.device.workspace.giveAll();
      throw error;
    }
  }

  async applyGradient({ step, learningRate, settings }: AdamWUpdate): Promise<{ readonly gradNorm: number }> {
    if (this.#added === 0) throw noGradient();
    const { gpu } = this.device;
    const trained = this.#training();
    const { gradient, partial, norm } = trained;
    trained.moments ??= { m: this.#like('moments'), v: this.#like('moments') };
    const { m, v } = trained.moments;
    const { parts } = this.#values;
    const sizes = this.#values.layout.parts;
    parts.forEach((_, part) => {
      const partialOffset = part * PARTIALS;
      sumOfSquares(gpu, { gradient: gradient.parts[part]!, partial, partialOffset, size: sizes[part]! });
    });
    parts.forEach((parameters, part) => {
      adamw(gpu, {
        ...{ parameters, gradient: gradient.parts[part]!, m: m.parts[part]!, v: v.parts[part]! },
        ...{ partial, norm, size: sizes[part]!, learningRate, step },
        ...{ beta1: settings.beta1, beta2: settings.beta2, epsilon: settings.epsilon },
        ...{ weightDecay: settings.weightDecay, maxGradNorm: settings.maxGradNorm },
      });
    });
    this.#added = 0;
    this.refresh();
    const [gradNorm] = await gpu.readFloats(norm);
    if (Number.isFinite(gradNorm)) return { gradNorm: gradNorm! };
    throw nonFinite(step, 'gradient norm', gradNorm!);
  }

  /** Makes what follows from the trained values; call after writing to them. */
  refresh(): void {
    this.adapter?.refresh(this.context(1));
  }

  dropGradient(): void {
    this.#added = 0;
  }

  async moments(): Promise<Moments> {
    const { size } = this.layout;
    const moments = this.#trained?.moments;
    if (!moments) return { m: new Float32Array(size), v: new Float32Array(size) };
    return {
      m: await toLayout(moments.m, this.#specs()),
      v: await toLayout(moments.v, this.#specs()),
    };
  }

  restoreMoments({ m, v }: Moments): void {
    const trained = this.#training();
    trained.moments ??= { m: this.#like('moments'), v: this.#like('moments') };
    fromLayout(trained.moments.m, this.#specs(), m);
    fromLayout(trained.moments.v, this.#specs(), v);
  }

  freeze(): FrozenPolicy {
    return this.copy();
  }

  async exportAdapter(): Promise<{
    config: Record<string, unknown>;
    tensors: readonly NamedArray[];
  } | null> {
    if (this.adapter === null) return null;
    const tensors: NamedArray[] = [];
    for (const { name, shape } of this.#specs())
      tensors.push({ name, shape, data: await this.adapter.factors.read(name) });
    const { _name_or_path: name } = this.config.json;
    return { config: adapterConfig(this.adapter.settings, typeof name === 'string' ? name : null), tensors };
  }

  override dispose(): void {
    if (this.#trained !== null) {
      const { gradient, moments, partial, norm } = this.#trained;
      gradient.dispose();
      moments?.m.dispose();
      moments?.v.dispose();
      this.device.gpu.free(partial, norm);
    }
    super.dispose();
  }

  /** What trains. */
  get #values(): FlatBuffers {
    return this.adapter?.factors ?? this.parameters;
  }

  #specs() {
    return this.adapter === null ? weightSpecs(this.config) : loraSpecs(this.config, this.adapter.settings);
  }

  #like(label: string): FlatBuffers {
    return this.#values.like(label);
  }

  #training(): Trained {
    const { gpu } = this.device;
    const parts = this.#values.parts.length;
    this.#trained ??= {
      gradient: this.#like('gradient'),
      moments: null,
      partial: gpu.allocate(PARTIALS * parts, 'scratch'),
      norm: gpu.allocate(1, 'scratch'),
    };
    return this.#trained;
  }

  async #add(
    rollouts: readonly LossRollout[],
    objective: LossObjective,
    host: Pausable,
    memoryBytes: number,
  ): Promise<readonly number[]> {
    const packed = packSequences(rollouts);
    const context = this.context(packed.positions);
    const { gpu, workspace } = context;
    const { weights } = this;
    const { gradient } = this.#training();
    const full: ModelWeights | null = this.adapter === null ? modelWeights(this.config, gradient) : null;
    const accumulate = this.#added > 0;
    const { rows, count, ids, segments, readers, index, targets, starts, members } = packed;
    const { tokens: distinct, tokenStarts, tokenRows } = packed;
    const records = tokenRecords(rollouts, count);
    const { whole, views } = uploadAll(gpu, workspace, {
      ...{ ids, segments, readers, index, targets, starts, members },
      ...{ distinct, tokenStarts, tokenRows, tokens: records },
    });
    const inputs = { rows, pairs: packed.pairs, ...views };

    const kept = this.#keptLayers(rows, memoryBytes);
    const saved: (LayerActivations | View)[] = [];
    const x = await forwardLayers(context, weights, inputs, host, (activations, layer) => {
      if (layer < weights.layers.length - kept) {
        giveActivations(context, activations);
        saved.push(activations.x);
      } else saved.push(activations);
    });

    if (full !== null && !this.config.tiedHead && !accumulate) gpu.clear(full.embedding);
    const loss = lossAndGradient(context, weights, full, x, rows, { count, ...views }, objective, accumulate);
    workspace.give(x);
    await context.turn(host);

    let dx = loss.dHidden;
    for (let layer = weights.layers.length - 1; layer >= 0; layer--) {
      const layerWeights = weights.layers[layer]!;
      const sink = this.#sink(context, full, gradient, layer, rows, accumulate);
      const activations = this.#activations(context, layer, saved[layer]!, inputs);
      dx = backwardLayer(context, layerWeights, inputs, activations, dx, sink);
      await context.turn(host);
    }
    if (full !== null) {
      embedBackward(gpu, {
        ...{ dy: dx, tokens: views.distinct, starts: views.tokenStarts, members: views.tokenRows },
        ...{ dTable: full.embedding, distinct: distinct.length, width: context.dimensions.width },
      });
    }
    workspace.give(dx, whole);
    const statistics = await gpu.readFloats(loss.statistics);
    workspace.give(loss.statistics);
    return summed(statistics, records, rollouts[0]!.referenceLogprobs !== null);
  }

  #keptLayers(rows: number, memoryBytes: number): number {
    const dimensions = dimensionsOf(this.config);
    const fixed = 4 * this.#values.layout.parts.reduce((sum, values) => sum + values, 0);
    const free = memoryBytes - 4 * fixed - 2 * activationBytes(dimensions, rows);
    return keptLayers(dimensions, rows, free);
  }

  /** As kept, or made again from the layer's input. */
  #activations(
    context: Context,
    layer: number,
    saved: LayerActivations | View,
    inputs: Parameters<typeof forwardLayer>[2],
  ): LayerActivations {
    if ('x' in saved) return saved;
    return forwardLayer(context, this.weights.layers[layer]!, inputs, saved, false).activations;
  }

  #sink(
    context: Context,
    full: ModelWeights | null,
    gradient: FlatBuffers,
    layer: number,
    rows: number,
    accumulate: boolean,
  ): GradientSink {
    if (this.adapter !== null) return this.adapter.sink(context, layer, rows, gradient, accumulate);
    return weightGradients(context, rows, full!.layers[layer]!, accumulate);
  }
}

/** [count, TOKEN_VALUES], as head-loss reads them. */
function tokenRecords(rollouts: readonly LossRollout[], count: number): Float32Array<ArrayBuffer> {
  const records = new Float32Array(count * TOKEN_VALUES);
  let at = 0;
  for (const { completionTokens, oldLogprobs, referenceLogprobs, advantage, weight, counted } of rollouts) {
    for (let token = 0; token < completionTokens.length; token++) {
      const inLoss = token < counted;
      records.set(
        [oldLogprobs[token]!, referenceLogprobs?.[token] ?? 0, advantage, weight, inLoss ? 1 : 0],
        at,
      );
      at += TOKEN_VALUES;
    }
  }
  return records;
}

/** Loss, then kl, entropy and the two clip counts over the tokens in the loss, as `lossMetrics` reads them. */
function summed(statistics: Float32Array, records: Float32Array, withKl: boolean): number[] {
  const sums = [0, 0, 0, 0, 0];
  const columns = [LOSS, KL, ENTROPY, CLIPPED_LOW, CLIPPED_HIGH];
  for (let token = 0; token < records.length / TOKEN_VALUES; token++) {
    if (records[token * TOKEN_VALUES + COUNTED] === 0) continue;
    columns.forEach((column, index) => {
      sums[index]! += statistics[token * STATISTICS + column]!;
    });
  }
  if (!withKl) sums[1] = 0;
  return sums;
}
