/**
 * Rotary position embeddings as transformers applies them to Llama and Qwen2: x·cos + rotateHalf(x)·sin
 * with dimension i paired with i + C/2 (RoFormer, arXiv 2104.09864, in the half-split order), and
 * Llama 3's rescaling of the low frequencies.
 */
import { customGradient, matmul, tf } from '../tensor';
import type { Llama3Scaling, PolicyConfig } from './config';

/** Angles of some positions, ready to be applied. */
export interface Rotation {
  /** [n, 1, C] */
  readonly cos: tf.Tensor3D;
  readonly sin: tf.Tensor3D;
  /** [C, C]: x · rotateHalf = (−x₂, x₁) for the halves x₁, x₂. A product, because slicing is slow on wasm. */
  readonly rotateHalf: tf.Tensor2D;
}

/** Radians per position of each pair of dimensions: C/2 values. */
export function inverseFrequencies(config: PolicyConfig): Float64Array {
  const { headWidth, ropeTheta, ropeScaling } = config;
  return Float64Array.from({ length: headWidth / 2 }, (_, pair) => {
    const frequency = ropeTheta ** ((-2 * pair) / headWidth);
    return ropeScaling === null ? frequency : rescaled(frequency, ropeScaling);
  });
}

/** Long waves turn `factor` times slower, short ones as before, those between a blend of both. */
function rescaled(frequency: number, scaling: Llama3Scaling): number {
  const { factor, lowFreqFactor, highFreqFactor, originalMaxPositions } = scaling;
  const waves = (originalMaxPositions * frequency) / (2 * Math.PI);
  if (waves < lowFreqFactor) return frequency / factor;
  if (waves > highFreqFactor) return frequency;
  const blend = (waves - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
  return (1 - blend) * (frequency / factor) + blend * frequency;
}

/** The rotation of each of `positions`, in their order; for the scope it is made in. */
export function rotationAt(positions: Int32Array, frequencies: Float64Array): Rotation {
  const half = frequencies.length;
  const width = 2 * half;
  const cos = new Float32Array(positions.length * width);
  const sin = new Float32Array(positions.length * width);
  positions.forEach((position, row) => {
    for (let pair = 0; pair < half; pair++) {
      const angle = position * frequencies[pair]!;
      const at = row * width + pair;
      cos[at] = cos[at + half] = Math.cos(angle);
      sin[at] = sin[at + half] = Math.sin(angle);
    }
  });
  const rotateHalf = new Float32Array(width * width);
  for (let pair = 0; pair < half; pair++) {
    rotateHalf[(pair + half) * width + pair] = -1;
    rotateHalf[pair * width + pair + half] = 1;
  }
  return {
    cos: tf.tensor3d(cos, [positions.length, 1, width]),
    sin: tf.tensor3d(sin, [positions.length, 1, width]),
    rotateHalf: tf.tensor2d(rotateHalf, [width, width]),
  };
}

/** Rotates every head of every position: [n, heads, C] → the same. The gradient turns back. */
export function rotate(heads: tf.Tensor3D, rotation: Rotation): tf.Tensor3D {
  const { cos, sin, rotateHalf } = rotation;
  return customGradient([heads], () => ({
    value: turn(heads, rotation, tf.add),
    saved: [cos, sin, rotateHalf],
    gradient: (dy, saved) => {
      const [cosines, sines, half] = saved as [tf.Tensor3D, tf.Tensor3D, tf.Tensor2D];
      return [turn(dy, { cos: cosines, sin: sines, rotateHalf: half }, tf.sub)];
    },
  }));
}

function turn(
  x: tf.Tensor3D,
  { cos, sin, rotateHalf }: Rotation,
  direction: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
): tf.Tensor3D {
  return tf.tidy(() => {
    const [positions, heads, width] = x.shape;
    const rotated = matmul(tf.reshape<tf.Rank.R2>(x, [positions * heads, width]), rotateHalf);
    return direction(tf.mul(x, cos), tf.mul(tf.reshape(rotated, x.shape), sin)) as tf.Tensor3D;
  });
}
