/**
 * The model's weights in flat buffers and, per layer, as the matrices that the kernels read: query,
 * key and value weights as one, gate and up weights as one.
 */
import type { Gpu, View } from '../gpu';
import type { PolicyConfig } from '../policy';
import {
  EMBEDDING,
  FINAL_NORM,
  HEAD,
  layerModules,
  type WeightSpec,
  weightSpecs,
} from '../policy/parameters';
import { type FlatBuffers, type FlatGroups, type FlatLayout, type FlatTensor, flatLayout } from './flat';

/** Products of a layer: their modules share an input and lie together, [sum of outputs, inputs]. */
export const PACKS = {
  qkv: ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'],
  o: ['self_attn.o_proj'],
  gateUp: ['mlp.gate_proj', 'mlp.up_proj'],
  down: ['mlp.down_proj'],
} as const;

export type PackName = keyof typeof PACKS;
export const PACK_NAMES = Object.keys(PACKS) as PackName[];

/** A linear layer: weight [out, in], bias [out] or none. */
export interface Linear {
  readonly weight: View;
  readonly bias: View | undefined;
}

export type LayerWeights = Readonly<Record<PackName, Linear>> & {
  /** [D] */
  readonly inputNorm: View;
  readonly mlpNorm: View;
};

/** Weights, or their gradients: the same shapes. */
export interface ModelWeights {
  /** [V, D] */
  readonly embedding: View;
  readonly layers: readonly LayerWeights[];
  readonly finalNorm: View;
  /** [V, D]; a tied head is the embedding. */
  readonly head: View;
}

/** Numbers of the model as the kernels count. */
export interface Dimensions {
  readonly layers: number;
  /** D */
  readonly width: number;
  /** F */
  readonly mlpWidth: number;
  /** H */
  readonly heads: number;
  /** K */
  readonly keyValueHeads: number;
  /** C */
  readonly headWidth: number;
  /** H·C */
  readonly queryWidth: number;
  /** (H + 2K)·C: a row of queries, keys and values. */
  readonly qkvWidth: number;
  /** V */
  readonly vocabulary: number;
  /** V, rounded up to a multiple of 4: a row of logits. */
  readonly logitStride: number;
  readonly normEpsilon: number;
}

export function dimensionsOf(config: PolicyConfig): Dimensions {
  const { heads, keyValueHeads, headWidth, vocabularySize } = config;
  return {
    layers: config.layers,
    width: config.hiddenSize,
    mlpWidth: config.mlpWidth,
    heads,
    keyValueHeads,
    headWidth,
    queryWidth: heads * headWidth,
    qkvWidth: (heads + 2 * keyValueHeads) * headWidth,
    vocabulary: vocabularySize,
    logitStride: Math.ceil(vocabularySize / 4) * 4,
    normEpsilon: config.normEpsilon,
  };
}

/** Why the kernels cannot compute this model; null: they can. */
export function unsupportedShape(config: PolicyConfig): string | null {
  const { hiddenSize, mlpWidth, headWidth } = config;
  for (const [name, size] of Object.entries({
    hidden_size: hiddenSize,
    intermediate_size: mlpWidth,
    head_dim: headWidth,
  }))
    if (size % 4 !== 0) return `${name} is ${size}, and the kernels need a multiple of 4`;
  if (headWidth > 128) return `head_dim is ${headWidth}, and the kernels go up to 128`;
  return null;
}

export function packGroup(layer: number, pack: PackName): string {
  return `layers.${layer}.${pack}`;
}

export function modelLayout(config: PolicyConfig, gpu: Pick<Gpu, 'limits'>): FlatLayout {
  return flatLayout(modelGroups(config), gpu);
}

/** Every weight of the model in its group; a tensor that shares no group is one of its own name. */
function modelGroups(config: PolicyConfig): FlatGroups {
  const groups = new Map<string, FlatTensor[]>();
  const grouped = new Map<string, string>();
  for (let layer = 0; layer < config.layers; layer++) {
    for (const pack of PACK_NAMES) {
      for (const module of PACKS[pack]) {
        const name = `model.layers.${layer}.${module}`;
        grouped.set(`${name}.weight`, packGroup(layer, pack));
        grouped.set(`${name}.bias`, `${packGroup(layer, pack)}.bias`);
      }
    }
  }
  for (const spec of weightSpecs(config)) {
    const group = grouped.get(spec.name) ?? spec.name;
    groups.set(group, [...(groups.get(group) ?? []), flatTensor(spec)]);
  }
  return groups;
}

function flatTensor({ name, shape }: WeightSpec): FlatTensor {
  const [rows, columns] = shape.length === 1 ? [1, shape[0]!] : [shape[0]!, shape[1]!];
  return { name, rows, columns };
}

/** [inputs, outputs] of a pack. */
export function packShape(config: PolicyConfig, pack: PackName): { inputs: number; outputs: number } {
  const shapes = layerModules(config);
  const members = PACKS[pack].map((module) => shapes.get(module)!);
  return { inputs: members[0]![1], outputs: members.reduce((sum, [outputs]) => sum + outputs, 0) };
}

/** `packs` replaces weights of single packs, by group name. */
export function modelWeights(
  config: PolicyConfig,
  flat: FlatBuffers,
  packs: ReadonlyMap<string, View> = new Map(),
): ModelWeights {
  const embedding = flat.group(EMBEDDING)!;
  const linear = (layer: number, pack: PackName): Linear => {
    const group = packGroup(layer, pack);
    return { weight: packs.get(group) ?? flat.group(group)!, bias: flat.group(`${group}.bias`) };
  };
  return {
    embedding,
    layers: Array.from({ length: config.layers }, (_, layer) => ({
      inputNorm: flat.group(`model.layers.${layer}.input_layernorm.weight`)!,
      mlpNorm: flat.group(`model.layers.${layer}.post_attention_layernorm.weight`)!,
      qkv: linear(layer, 'qkv'),
      o: linear(layer, 'o'),
      gateUp: linear(layer, 'gateUp'),
      down: linear(layer, 'down'),
    })),
    finalNorm: flat.group(FINAL_NORM)!,
    head: config.tiedHead ? embedding : flat.group(HEAD)!,
  };
}
