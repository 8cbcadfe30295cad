/** The names, shapes and order of a policy's weights, as Hugging Face names them. */
import type { PolicyConfig } from './config';

export interface WeightSpec {
  readonly name: string;
  /** As in the file: a linear weight is [out, in]. */
  readonly shape: readonly number[];
  /** Lies transposed on the device, as [in, out]. */
  readonly linear: boolean;
}

/** One trained tensor in the flat order of optimizer state and gradients. */
export interface ParameterEntry {
  /** Full training: the HF name. LoRA: PEFT's name in an adapter file. */
  readonly name: string;
  /** As on the device: a linear weight is [in, out]. */
  readonly shape: readonly number[];
  /** In values, from the start of the flat order. */
  readonly offset: number;
  readonly size: number;
}

export interface ParameterLayout {
  readonly entries: readonly ParameterEntry[];
  /** Values in total. */
  readonly size: number;
}

export const EMBEDDING = 'model.embed_tokens.weight';
export const FINAL_NORM = 'model.norm.weight';
export const HEAD = 'lm_head.weight';

/** [out, in] of each linear module of a layer, by its path inside the layer. */
export function layerModules(config: PolicyConfig): ReadonlyMap<string, readonly [number, number]> {
  const { hiddenSize: width, mlpWidth } = config;
  const queries = config.heads * config.headWidth;
  const keys = config.keyValueHeads * config.headWidth;
  return new Map([
    ['self_attn.q_proj', [queries, width]],
    ['self_attn.k_proj', [keys, width]],
    ['self_attn.v_proj', [keys, width]],
    ['self_attn.o_proj', [width, queries]],
    ['mlp.gate_proj', [mlpWidth, width]],
    ['mlp.up_proj', [mlpWidth, width]],
    ['mlp.down_proj', [width, mlpWidth]],
  ]);
}

/** Every weight of the model, in the order of the forward pass. */
export function weightSpecs(config: PolicyConfig): readonly WeightSpec[] {
  const { hiddenSize, vocabularySize, bias } = config;
  const vector = (name: string, size: number): WeightSpec => ({ name, shape: [size], linear: false });
  const specs: WeightSpec[] = [{ name: EMBEDDING, shape: [vocabularySize, hiddenSize], linear: false }];
  const biased = (module: string) => {
    if (module.startsWith('mlp')) return bias.mlp;
    return module === 'self_attn.o_proj' ? bias.output : bias.queryKeyValue;
  };
  for (let layer = 0; layer < config.layers; layer++) {
    const prefix = `model.layers.${layer}`;
    specs.push(vector(`${prefix}.input_layernorm.weight`, hiddenSize));
    for (const [module, shape] of layerModules(config)) {
      if (module === 'mlp.gate_proj')
        specs.push(vector(`${prefix}.post_attention_layernorm.weight`, hiddenSize));
      specs.push({ name: `${prefix}.${module}.weight`, shape, linear: true });
      if (biased(module)) specs.push(vector(`${prefix}.${module}.bias`, shape[0]));
    }
  }
  specs.push(vector(FINAL_NORM, hiddenSize));
  if (!config.tiedHead) specs.push({ name: HEAD, shape: [vocabularySize, hiddenSize], linear: true });
  return specs;
}

/** Weights of the model; a tied head counts once. */
export function countParameters(config: PolicyConfig): number {
  return weightSpecs(config).reduce((total, { shape }) => total + sizeOf(shape), 0);
}

export function deviceShape({ shape, linear }: Pick<WeightSpec, 'shape' | 'linear'>): readonly number[] {
  return linear ? [...shape].reverse() : shape;
}

export function layoutOf(specs: readonly Pick<WeightSpec, 'name' | 'shape' | 'linear'>[]): ParameterLayout {
  let offset = 0;
  const entries = specs.map((spec) => {
    const entry = { name: spec.name, shape: deviceShape(spec), offset, size: sizeOf(spec.shape) };
    offset += entry.size;
    return entry;
  });
  return { entries, size: offset };
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
