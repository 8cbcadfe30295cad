/**
 * LoRA on fused weights. The adapted weights W + scale·B·A are made once after every change of A and B
 * (that costs as much as `rank` more tokens), so forward, decoding and input gradients run as without
 * an adapter; the base stays beside them for the reference policy. Gradients of the factors:
 *
 *   y = x·(W + s·B·A)ᵀ    t = x·Aᵀ    u = s·dy·B    dB = s·dyᵀ·t    dA = uᵀ·x
 *
 * Ranks are padded to a multiple of 4 with zeros, which stay zero: each factor's padding has the
 * gradient zero as long as the other's is zero.
 */
import type { Gpu, View } from '../gpu';
import type { PolicyConfig } from '../policy';
import { type LoraSettings, loraScale, loraSpecs } from '../policy/lora';
import { layerModules } from '../policy/parameters';
import type { GradientSink } from './backward';
import { FlatBuffers, type FlatGroups, type FlatTensor, flatLayout } from './flat';
import type { Context } from './model';
import { PACK_NAMES, PACKS, packGroup, packShape } from './weights';

/** An adapted module within its pack. */
interface Adapted {
  /** PEFT's names of its factors. */
  readonly a: string;
  readonly b: string;
  /** HF name of the weight. */
  readonly weight: string;
  /** First output in the pack, and how many. */
  readonly firstOutput: number;
  readonly outputs: number;
}

interface AdaptedPack {
  readonly group: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly modules: readonly Adapted[];
}

export class Adapter {
  readonly settings: LoraSettings;
  readonly scale: number;
  /** Rank, padded. */
  readonly rank: number;
  readonly factors: FlatBuffers;
  /** Group of a pack → its adapted weights; packs without an adapted module are not in it. */
  readonly effective: ReadonlyMap<string, View>;
  readonly #gpu: Gpu;
  readonly #base: FlatBuffers;
  readonly #packs: ReadonlyMap<string, AdaptedPack>;

  #begun = false;

  /** Factors are zero until they are written; call `refresh` once they and the base are. */
  constructor(gpu: Gpu, config: PolicyConfig, settings: LoraSettings, base: FlatBuffers) {
    this.#gpu = gpu;
    this.#base = base;
    this.settings = settings;
    this.scale = loraScale(settings);
    this.rank = Math.ceil(settings.rank / 4) * 4;
    this.#packs = adaptedPacks(config, settings);
    this.factors = new FlatBuffers(gpu, flatLayout(this.#groups(), gpu), 'adapter');
    this.effective = new Map(
      [...this.#packs.values()].map(({ group, inputs, outputs }) => [
        group,
        gpu.allocate(inputs * outputs, 'adapter'),
      ]),
    );
  }

  /** Makes the adapted weights again. */
  refresh({ product }: Pick<Context, 'product'>): void {
    if (!this.#begun) this.#copyBase();
    this.#begun = true;
    for (const { group, inputs, modules } of this.#packs.values()) {
      for (const [index, { b, firstOutput, outputs }] of modules.entries()) {
        const offset = firstOutput * inputs;
        product({
          ...{ layout: 'nn', m: outputs, n: inputs, k: this.rank, scale: this.scale },
          ...{
            a: this.factors.group(b)!,
            b: this.factors.group(stackOf(group))!,
            bOffset: index * this.rank * inputs,
          },
          ...{ out: this.effective.get(group)!, outOffset: offset, residual: this.#base.group(group)! },
        });
      }
    }
  }

  /** Puts the adapted weights, as last made, in the place of the base. */
  foldIn(): void {
    for (const [group, weights] of this.effective)
      this.#gpu.copy(weights, this.#base.group(group)!, weights.size / 4);
  }

  /** Modules without an adapter share packs with adapted ones. */
  #copyBase(): void {
    for (const [group, weights] of this.effective)
      this.#gpu.copy(this.#base.group(group)!, weights, weights.size / 4);
  }

  /** The adapted weight of a module, by its HF name, [outputs, inputs]; undefined where it is not adapted. */
  async readEffective(weight: string): Promise<Float32Array<ArrayBuffer> | undefined> {
    for (const { group, inputs, modules } of this.#packs.values()) {
      const module = modules.find((each) => each.weight === weight);
      if (module === undefined) continue;
      const { buffer, offset } = this.effective.get(group)!;
      const [first, size] = [module.firstOutput * inputs * 4, module.outputs * inputs * 4];
      return this.#gpu.readFloats({ buffer, offset: offset + first, size });
    }
    return undefined;
  }

  /** Gradients of a layer's factors, into `gradients`, which lie as the factors do. */
  sink(
    context: Context,
    layer: number,
    rows: number,
    gradients: FlatBuffers,
    accumulate: boolean,
  ): GradientSink {
    return {
      product: (pack, gradient) => {
        const adapted = this.#packs.get(packGroup(layer, pack));
        if (adapted !== undefined)
          this.#factorGradients(context, adapted, rows, gradient, gradients, accumulate);
      },
      norm: () => undefined,
    };
  }

  dispose(): void {
    this.factors.dispose();
    this.#gpu.free(...this.effective.values());
  }

  #factorGradients(
    { workspace, product }: Context,
    { group, inputs, modules }: AdaptedPack,
    rows: number,
    { dy, outputs: dyStride, x, norm }: Parameters<GradientSink['product']>[1],
    gradients: FlatBuffers,
    accumulate: boolean,
  ): void {
    const { rank, scale } = this;
    const width = modules.length * rank;
    const reduced = workspace.take(rows * width); // t, module beside module
    product({
      ...{ layout: 'nt', m: rows, n: width, k: inputs, a: x, b: this.factors.group(stackOf(group))! },
      ...{ out: reduced },
      ...(norm !== undefined && { normA: norm }),
    });
    const upstream = workspace.take(rows * width); // u
    modules.forEach(({ b, firstOutput, outputs }, index) => {
      const block = { aOffset: firstOutput, aStride: dyStride };
      product({
        ...{ layout: 'nn', m: rows, n: rank, k: outputs, a: dy, ...block, b: this.factors.group(b)!, scale },
        ...{ out: upstream, outOffset: index * rank, outStride: width },
      });
      product({
        ...{ layout: 'tn', m: outputs, n: rank, k: rows, a: dy, ...block, b: reduced, scale },
        ...{ bOffset: index * rank, bStride: width, out: gradients.group(b)!, accumulate },
      });
    });
    product({
      ...{ layout: 'tn', m: width, n: inputs, k: rows, a: upstream, b: x },
      ...{ out: gradients.group(stackOf(group))!, accumulate },
      ...(norm !== undefined && { normB: norm }),
    });
    workspace.give(reduced, upstream);
  }

  /** The A of a pack's modules one below the other, so that one product reads them; each B alone. */
  #groups(): FlatGroups {
    const groups = new Map<string, FlatTensor[]>();
    const { rank } = this.settings;
    for (const { group, inputs, modules } of this.#packs.values()) {
      const factor = (a: string) => ({ name: a, rows: rank, columns: inputs, paddedRows: this.rank });
      groups.set(
        stackOf(group),
        modules.map(({ a }) => factor(a)),
      );
      for (const { b, outputs } of modules)
        groups.set(b, [{ name: b, rows: outputs, columns: rank, stride: this.rank }]);
    }
    return groups;
  }
}

function stackOf(group: string): string {
  return `${group}.lora_A`;
}

function adaptedPacks(config: PolicyConfig, settings: LoraSettings): ReadonlyMap<string, AdaptedPack> {
  const specs = loraSpecs(config, settings);
  const factor = (module: string, which: 'a' | 'b') =>
    specs.find((spec) => spec.module === module && spec.factor === which);
  const packs = new Map<string, AdaptedPack>();
  for (let layer = 0; layer < config.layers; layer++) {
    for (const pack of PACK_NAMES) {
      const modules: Adapted[] = [];
      let firstOutput = 0;
      for (const path of PACKS[pack]) {
        const module = `model.layers.${layer}.${path}`;
        const [outputs] = layerModules(config).get(path)!;
        const [a, b] = [factor(module, 'a'), factor(module, 'b')];
        if (a !== undefined && b !== undefined)
          modules.push({ a: a.name, b: b.name, weight: `${module}.weight`, firstOutput, outputs });
        firstOutput += outputs;
      }
      const group = packGroup(layer, pack);
      if (modules.length > 0) packs.set(group, { group, ...packShape(config, pack), modules });
    }
  }
  return packs;
}
