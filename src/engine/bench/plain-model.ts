/**
 * The baseline: a Llama or Qwen2 model as one writes it in TensorFlow.js without thinking of speed, so
 * that the bench shows what the engine gains over that. Ops of the library with their own gradients,
 * a T × T softmax, log-softmax over the whole vocabulary. What is natural is also done well: tables
 * and mask are made once, query, key and value are one product, and so are gate and up.
 *
 * All sequences of a batch are equally long; there is no padding.
 */
import type { NamedArray } from '../files';
import type { PolicyConfig } from '../policy/config';
import { EMBEDDING, FINAL_NORM } from '../policy/parameters';
// Not '../tensor', which replaces tfjs' matrix products on wasm and their gradients by the engine's.
import { tf } from '../tensor/tf';

/** Names of a layer's parameters here; linear weights lie as [in, out]. */
type LayerPart = 'norm1' | 'qkv' | 'qkvBias' | 'output' | 'norm2' | 'gateUp' | 'down';

export type Parameters = ReadonlyMap<string, tf.Variable>;

export interface PlainModel {
  readonly config: PolicyConfig;
  readonly parameters: Parameters;
  /** ε of the norms and 1/√C, as scalars that are uploaded once. */
  readonly epsilon: tf.Scalar;
  readonly scale: tf.Scalar;
  dispose(): void;
}

/** Weights under HF names; the head must be tied and only query, key and value may have biases. */
export function createPlainModel(config: PolicyConfig, weights: readonly NamedArray[]): PlainModel {
  const { bias, tiedHead, ropeScaling } = config;
  if (!tiedHead || bias.output || bias.mlp || ropeScaling !== null)
    throw new Error('internal: the baseline is written for models of Qwen2’s kind with a tied head.');
  const byName = new Map(weights.map((array) => [array.name, array]));
  const variables = new Map<string, tf.Variable>();
  const add = (name: string, parts: readonly string[], transposed: boolean) =>
    variables.set(
      name,
      tf.tidy(() => {
        const tensors = parts.map((part) => {
          const { data, shape } = byName.get(part)!;
          const tensor = tf.tensor(data, [...shape]);
          return transposed ? tf.transpose(tensor) : tensor;
        });
        return tf.variable(tensors.length === 1 ? tensors[0]! : tf.concat(tensors, transposed ? 1 : 0));
      }),
    );
  const projections = ['q', 'k', 'v'] as const;
  add('embedding', [EMBEDDING], false);
  for (let layer = 0; layer < config.layers; layer++) {
    const [here, there] = [layerName(layer), `model.layers.${layer}`];
    const attention = `${there}.self_attn`;
    add(here('norm1'), [`${there}.input_layernorm.weight`], false);
    add(
      here('qkv'),
      projections.map((name) => `${attention}.${name}_proj.weight`),
      true,
    );
    if (bias.queryKeyValue)
      add(
        here('qkvBias'),
        projections.map((name) => `${attention}.${name}_proj.bias`),
        false,
      );
    add(here('output'), [`${attention}.o_proj.weight`], true);
    add(here('norm2'), [`${there}.post_attention_layernorm.weight`], false);
    add(here('gateUp'), [`${there}.mlp.gate_proj.weight`, `${there}.mlp.up_proj.weight`], true);
    add(here('down'), [`${there}.mlp.down_proj.weight`], true);
  }
  add('norm', [FINAL_NORM], false);
  const [epsilon, scale] = [tf.scalar(config.normEpsilon), tf.scalar(1 / Math.sqrt(config.headWidth))];
  const dispose = () => tf.dispose([...variables.values(), epsilon, scale]);
  return { config, parameters: variables, epsilon, scale, dispose };
}

/** Rotation tables [1, T, 1, C] and mask [1, H/K·T, T] of sequences of T tokens. */
export interface SequenceTables {
  readonly length: number;
  readonly cos: tf.Tensor4D;
  readonly sin: tf.Tensor4D;
  readonly mask: tf.Tensor3D;
  dispose(): void;
}

/** For positions `start` … `start` + T − 1. */
export function sequenceTables(config: PolicyConfig, length: number, start = 0): SequenceTables {
  const { headWidth, heads, keyValueHeads, ropeTheta } = config;
  const half = headWidth / 2;
  const angle = (index: number) => {
    const position = start + Math.floor(index / headWidth);
    return position * ropeTheta ** ((-2 * (index % half)) / headWidth);
  };
  const table = (of: (angle: number) => number) =>
    tf.tensor4d(
      Float32Array.from({ length: length * headWidth }, (_, index) => of(angle(index))),
      [1, length, 1, headWidth],
    );
  const group = heads / keyValueHeads;
  const future = Float32Array.from({ length: group * length * length }, (_, index) => {
    const query = Math.floor(index / length) % length;
    return index % length > query ? -1e9 : 0;
  });
  const [cos, sin] = [table(Math.cos), table(Math.sin)];
  const mask = tf.tensor3d(future, [1, group * length, length]);
  return { length, cos, sin, mask, dispose: () => tf.dispose([cos, sin, mask]) };
}

/** Keys and values of a layer, [rows · K, T, C]. */
export interface KeysAndValues {
  readonly keys: tf.Tensor3D;
  readonly values: tf.Tensor3D;
}

/**
 * Token ids (rows · T) → hidden states after the final norm, [rows · T, D]. `past`, if given, is what
 * each layer's keys and values are appended to; `capture` gets the outcome.
 */
export function hiddenStates(
  { config, parameters, epsilon, scale }: PlainModel,
  ids: tf.Tensor1D,
  tables: SequenceTables,
  past: readonly KeysAndValues[] | null = null,
  capture: (layer: KeysAndValues) => void = () => undefined,
): tf.Tensor2D {
  const normalize = (x: tf.Tensor, name: string) =>
    normalized(x, parameters.get(name)! as tf.Tensor, epsilon) as tf.Tensor2D;
  const linear = (x: tf.Tensor, name: string) =>
    tf.matMul(x as tf.Tensor2D, parameters.get(name)! as tf.Tensor);
  let x: tf.Tensor = embed(parameters.get('embedding')! as tf.Tensor, ids);
  for (let layer = 0; layer < config.layers; layer++) {
    const name = layerName(layer);
    const bias = parameters.get(name('qkvBias'));
    const projected = linear(normalize(x, name('norm1')), name('qkv'));
    const qkv = bias === undefined ? projected : tf.add(projected, bias);
    const mixed = attention({ config, scale }, qkv as tf.Tensor2D, tables, past?.[layer] ?? null, capture);
    x = tf.add(x, linear(mixed, name('output')));
    const [gate, up] = tf.split(linear(normalize(x, name('norm2')), name('gateUp')), 2, 1);
    const hidden = tf.mul(tf.mul(gate!, tf.sigmoid(gate!)), up!);
    x = tf.add(x, linear(hidden, name('down')));
  }
  return normalize(x, 'norm');
}

/** RMSNorm, per row. */
export function normalized(x: tf.Tensor, weight: tf.Tensor, epsilon: tf.Scalar): tf.Tensor {
  return tf.mul(tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), epsilon))), weight);
}

/** Hidden states [M, D] → logits [M, V], by the tied head. */
export function logitsOf({ parameters }: PlainModel, hidden: tf.Tensor2D): tf.Tensor2D {
  return tf.matMul(hidden, parameters.get('embedding')! as tf.Tensor, false, true);
}

function layerName(layer: number): (part: LayerPart) => string {
  return (part) => `${layer}.${part}`;
}

/**
 * Rows of the table. tfjs' own gradient of `gather` needs UnsortedSegmentSum, which wasm lacks; there
 * the way round that everybody takes is a product with one-hot rows.
 */
function embed(table: tf.Tensor, ids: tf.Tensor1D): tf.Tensor {
  if (tf.getBackend() !== 'wasm') return tf.gather(table, ids);
  const [vocabulary] = table.shape;
  const gathered = tf.customGrad((matrix, save) => {
    (save as tf.GradSaveFunc)([ids]);
    return {
      value: tf.gather(matrix as tf.Tensor, ids),
      gradFunc: (dy: tf.Tensor, [saved]: tf.Tensor[]) => {
        const oneHot = tf.cast(tf.oneHot(saved as tf.Tensor1D, vocabulary!), 'float32');
        return tf.matMul(oneHot, dy, true, false);
      },
    };
  });
  return gathered(table);
}

/** [rows · T, (H + 2K)·C] → [rows · T, H·C]; heads that share a key lie together. */
function attention(
  { config, scale }: Pick<PlainModel, 'config' | 'scale'>,
  qkv: tf.Tensor2D,
  { length, cos, sin, mask }: SequenceTables,
  past: KeysAndValues | null,
  capture: (layer: KeysAndValues) => void,
): tf.Tensor2D {
  const { heads, keyValueHeads, headWidth } = config;
  const rows = qkv.shape[0] / length;
  const all = tf.reshape(qkv, [rows, length, heads + 2 * keyValueHeads, headWidth]);
  const [q, k, v] = tf.split(all, [heads, keyValueHeads, keyValueHeads], 2);
  const rotate = (x: tf.Tensor) => {
    const [first, second] = tf.split(x, 2, 3);
    return tf.add(tf.mul(x, cos), tf.mul(tf.concat([tf.neg(second!), first!], 3), sin));
  };
  const byHead = (x: tf.Tensor) =>
    tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [rows * keyValueHeads, -1, headWidth]) as tf.Tensor3D;
  const append = (before: tf.Tensor3D | undefined, now: tf.Tensor3D) =>
    before === undefined ? now : tf.concat([before, now], 1);
  const keys = append(past?.keys, byHead(rotate(k!)));
  const values = append(past?.values, byHead(v!));
  capture({ keys, values });
  const scores = tf.mul(tf.matMul(byHead(rotate(q!)), keys, false, true), scale);
  // A single new token sees everything before it.
  const weights = tf.softmax(length === 1 ? scores : tf.add(scores, mask)) as tf.Tensor3D;
  const mixed = tf.reshape(tf.matMul(weights, values), [rows, heads, length, headWidth]);
  return tf.reshape<tf.Rank.R2>(tf.transpose(mixed, [0, 2, 1, 3]), [rows * length, heads * headWidth]);
}
