/** A policy whose weights lie in flat buffers and whose forward pass runs in fused kernels. */
import type { TokenSequence } from '../crpo/batch';
import type { Pausable } from '../crpo/environment';
import type { Completion, FrozenPolicy, GenerationSettings } from '../crpo/learner';
import type { NamedArray } from '../files';
import type { View } from '../gpu';
import { STATISTICS } from '../kernels/head-loss';
import type { LoraSettings, PolicyConfig } from '../policy';
import { weightSpecs } from '../policy/parameters';
import { Adapter } from './adapter';
import type { FusedDevice } from './device';
import { FlatBuffers } from './flat';
import { generate } from './generate';
import { scoreTargets } from './head';
import { type Context, forwardLayers, giveActivations, rotationTable } from './model';
import { packSequences, uploadAll } from './pack';
import { dimensionsOf, type ModelWeights, modelLayout, modelWeights } from './weights';

/** Positions of the first table of angles; it grows by doubling. */
const FIRST_POSITIONS = 512;

export class FusedPolicy implements FrozenPolicy {
  readonly config: PolicyConfig;
  readonly configJson: string;
  readonly device: FusedDevice;
  readonly parameters: FlatBuffers;
  readonly adapter: Adapter | null;
  /** With the adapter, where there is one. */
  readonly weights: ModelWeights;
  readonly baseWeights: ModelWeights;
  #table: { readonly positions: number; readonly view: View } | null = null;

  /** All weights are zero until they are written. */
  constructor(
    device: FusedDevice,
    config: PolicyConfig,
    configJson: string,
    lora: LoraSettings | null,
    /** What the weights' buffers are called in a memory budget. */
    label = 'weights',
  ) {
    const { gpu } = device;
    this.device = device;
    this.config = config;
    this.configJson = configJson;
    this.parameters = new FlatBuffers(gpu, modelLayout(config, gpu), label);
    this.adapter = lora === null ? null : new Adapter(gpu, config, lora, this.parameters);
    this.baseWeights = modelWeights(config, this.parameters);
    this.weights =
      this.adapter === null
        ? this.baseWeights
        : modelWeights(config, this.parameters, this.adapter.effective);
  }

  get lora(): LoraSettings | null {
    return this.adapter?.settings ?? null;
  }

  /** For sequences with positions below `positions`. */
  context(positions: number): Context {
    return this.device.context(dimensionsOf(this.config), this.#tableFor(positions));
  }

  generate(
    prompts: readonly (readonly number[])[],
    settings: GenerationSettings,
    host: Pausable,
  ): Promise<Completion[]> {
    return this.#guarded(() => generate(this, prompts, settings, host));
  }

  logprobs(
    sequences: readonly TokenSequence[],
    { temperature, adapter = true }: { readonly temperature: number; readonly adapter?: boolean },
    host: Pausable,
  ): Promise<Float32Array<ArrayBuffer>[]> {
    return this.#guarded(async () => {
      const packed = packSequences(sequences);
      const context = this.context(packed.positions);
      const { gpu, workspace } = context;
      const weights = adapter ? this.weights : this.baseWeights;
      const { ids, segments, index, targets } = packed;
      const { whole, views } = uploadAll(gpu, workspace, { ids, segments, index, targets });
      const inputs = { rows: packed.rows, pairs: packed.pairs, ...views };
      const x = await forwardLayers(context, weights, inputs, host, (activations) => {
        giveActivations(context, activations);
        workspace.give(activations.x);
      });
      const statistics = scoreTargets(context, weights, x, { count: packed.count, ...views }, temperature);
      workspace.give(x, whole);
      const values = await gpu.readFloats(statistics);
      workspace.give(statistics);
      let at = 0;
      return sequences.map(({ completionTokens }) =>
        Float32Array.from(completionTokens, () => values[STATISTICS * at++]!),
      );
    });
  }

  async exportWeights({ merged }: { readonly merged: boolean }): Promise<readonly NamedArray[]> {
    const arrays: NamedArray[] = [];
    for (const { name, shape } of weightSpecs(this.config)) {
      const adapted = merged ? await this.adapter?.readEffective(name) : undefined;
      arrays.push({ name, shape, data: adapted ?? (await this.parameters.read(name)) });
    }
    return arrays;
  }

  /** Another policy with the same values. */
  copy(): FusedPolicy {
    const copied = new FusedPolicy(this.device, this.config, this.configJson, this.lora, 'reference');
    this.parameters.copyTo(copied.parameters);
    if (this.adapter !== null) {
      this.adapter.factors.copyTo(copied.adapter!.factors);
      for (const [group, view] of this.adapter.effective)
        this.device.gpu.copy(view, copied.adapter!.effective.get(group)!, view.size / 4);
    }
    return copied;
  }

  dispose(): void {
    this.adapter?.dispose();
    this.parameters.dispose();
    if (this.#table !== null) this.device.gpu.free(this.#table.view);
    this.device.workspace.trim();
  }

  /** Scratch buffers come back whatever happens. */
  async #guarded<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      this.device.workspace.giveAll();
      throw error;
    }
  }

  #tableFor(positions: number): View {
    if (this.#table === null || this.#table.positions < positions) {
      const { gpu } = this.device;
      if (this.#table !== null) gpu.free(this.#table.view);
      let size = FIRST_POSITIONS;
      while (size < positions) size *= 2;
      const values = rotationTable(this.config, size);
      const view = gpu.allocate(values.length, 'scratch');
      gpu.write(view, values);
      this.#table = { positions: size, view };
    }
    return this.#table.view;
  }
}
