/**
 * The parts of a decoder layer that see one position at a time, for training and for decoding alike:
 * RMSNorm, linear layers with bias and LoRA, the gated MLP. Attention is a parameter, since only it
 * differs between the two. Rows are positions: x is [M, D].
 */
import { constant, customGradient, matmul, tf } from '../tensor';
import type { PolicyConfig } from './config';

/** What a forward pass reads. Tensors are borrowed. */
export interface ForwardModel {
  readonly config: PolicyConfig;
  /** By HF name, in the device's orientation. */
  readonly weights: ReadonlyMap<string, tf.Tensor>;
  /** LoRA factors of a module by its HF path; null: LoRA is off. */
  readonly adapter: { readonly scale: number; readonly factors: ReadonlyMap<string, LoraFactors> } | null;
}

export interface LoraFactors {
  /** [in, r] */
  readonly a: tf.Tensor2D;
  /** [r, out] */
  readonly b: tf.Tensor2D;
}

/** Queries [M, H·C], keys and values [M, K·C] before rotation → [M, H·C]. */
export type Attention = (queries: tf.Tensor2D, keys: tf.Tensor2D, values: tf.Tensor2D) => tf.Tensor2D;

/** One pre-norm decoder layer: [M, D] → [M, D]. */
export function decoderLayer(
  model: ForwardModel,
  layer: number,
  x: tf.Tensor2D,
  attend: Attention,
): tf.Tensor2D {
  return tf.tidy(() => mlpBlock(model, layer, attentionBlock(model, layer, x, attend)));
}

/** Its first half, x + attention(norm(x)). */
export function attentionBlock(
  model: ForwardModel,
  layer: number,
  x: tf.Tensor2D,
  attend: Attention,
): tf.Tensor2D {
  return tf.tidy(() => {
    const prefix = `model.layers.${layer}`;
    const project = (module: string, input: tf.Tensor2D) =>
      linear(model, `${prefix}.self_attn.${module}`, input);
    const normed = normalize(model, `${prefix}.input_layernorm.weight`, x);
    const attended = attend(project('q_proj', normed), project('k_proj', normed), project('v_proj', normed));
    return tf.add<tf.Tensor2D>(x, project('o_proj', attended));
  });
}

/** Its second half, x + mlp(norm(x)). */
export function mlpBlock(model: ForwardModel, layer: number, x: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => {
    const prefix = `model.layers.${layer}`;
    const project = (module: string, input: tf.Tensor2D) => linear(model, `${prefix}.mlp.${module}`, input);
    const normed = normalize(model, `${prefix}.post_attention_layernorm.weight`, x);
    const hidden = swiglu(project('gate_proj', normed), project('up_proj', normed));
    return tf.add<tf.Tensor2D>(x, project('down_proj', hidden));
  });
}

/** RMSNorm with the named weight: [M, D] → [M, D]. */
export function normalize(model: ForwardModel, weightName: string, x: tf.Tensor2D): tf.Tensor2D {
  return rmsNorm(x, model.weights.get(weightName) as tf.Tensor1D, model.config.normEpsilon);
}

/** x·W + bias, and x·A·B·scale where the module has LoRA. */
function linear(model: ForwardModel, module: string, x: tf.Tensor2D): tf.Tensor2D {
  let y = matmul(x, model.weights.get(`${module}.weight`) as tf.Tensor2D);
  const bias = model.weights.get(`${module}.bias`);
  if (bias !== undefined) y = addBias(y, bias as tf.Tensor1D);
  const factors = model.adapter?.factors.get(module);
  if (model.adapter === null || factors === undefined) return y;
  const reduced = tf.mul<tf.Tensor2D>(matmul(x, factors.a), constant(model.adapter.scale));
  return tf.add(y, matmul(reduced, factors.b));
}

/** x / √(mean(x²) + ε) · weight, per row (arXiv 1910.07467). */
export function rmsNorm(x: tf.Tensor2D, weight: tf.Tensor1D, epsilon: number): tf.Tensor2D {
  return customGradient([x, weight], () => {
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), constant(epsilon)));
    return {
      value: tf.mul(tf.mul(x, inverse), weight) as tf.Tensor2D,
      saved: [x, weight, inverse],
      gradient: (dy, saved) => {
        const [rows, weights, inverses] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
        const unit = tf.mul(rows, inverses);
        const dUnit = tf.mul(dy, weights);
        const along = tf.mul(unit, tf.mean(tf.mul(dUnit, unit), -1, true));
        return [tf.mul(tf.sub(dUnit, along), inverses), tf.sum(tf.mul(dy, unit), 0)];
      },
    };
  });
}

/** gate · sigmoid(gate) · up (arXiv 2002.05202). */
export function swiglu(gate: tf.Tensor2D, up: tf.Tensor2D): tf.Tensor2D {
  return customGradient([gate, up], () => ({
    value: tf.mul(tf.mul(gate, tf.sigmoid(gate)), up) as tf.Tensor2D,
    saved: [gate, up],
    gradient: (dy, saved) => {
      const [gates, ups] = saved as [tf.Tensor, tf.Tensor];
      const sigmoid = tf.sigmoid(gates);
      const silu = tf.mul(gates, sigmoid);
      // silu′ = σ·(1 + g·(1 − σ)) = σ + silu − silu·σ
      const slope = tf.sub(tf.add(sigmoid, silu), tf.mul(silu, sigmoid));
      return [tf.mul(tf.mul(dy, ups), slope), tf.mul(dy, silu)];
    },
  }));
}

/** The gradient of tfjs' own addition keeps both operands. */
function addBias(x: tf.Tensor2D, bias: tf.Tensor1D): tf.Tensor2D {
  return customGradient([x, bias], () => ({
    value: tf.add(x, bias) as tf.Tensor2D,
    saved: [],
    gradient: (dy) => [tf.clone(dy), tf.sum(dy, 0)],
  }));
}
