import { beforeAll, describe, expect, it } from 'vitest';
import { rmsNorm, swiglu } from '../../../src/engine/policy/layers';
import { inverseFrequencies, rotate, rotationAt } from '../../../src/engine/policy/rope';
import { tf } from '../../../src/engine/tensor';
import { NODE_BACKENDS, useBackend } from '../tensor/backends';
import { farthest, gradientError, tensor } from '../tensor/numbers';
import { tinyConfig } from './tiny';

type Op = (...inputs: tf.Tensor[]) => tf.Tensor;

describe.each(NODE_BACKENDS)('layers on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it('RMSNorm of (3, 4) with weights (1, 2): √mean(x²) = √12.5', async () => {
    const result = rmsNorm(tf.tensor2d([[3, 4]]), tf.tensor1d([1, 2]), 0);
    expect(farthest(await result.data(), [3 / Math.sqrt(12.5), 8 / Math.sqrt(12.5)])).toBeLessThan(1e-6);
  });

  it('RMSNorm of a zero row is zero, with a finite gradient', async () => {
    const grad = tf.grad((x) => rmsNorm(x as tf.Tensor2D, tf.ones([3]), 1e-6))(tf.zeros([1, 3]));
    expect(Array.from(await grad.data()).every(Number.isFinite)).toBe(true);
  });

  it('RMSNorm has the right gradient', async () => {
    const op: Op = (x, w) => rmsNorm(x as tf.Tensor2D, w as tf.Tensor1D, 1e-6);
    expect(await gradientError(op, [tensor([5, 8], 1), tensor([8], 2)])).toBeLessThan(3e-3);
  });

  it('SwiGLU of gate 1, up 2: 2·σ(1)', async () => {
    const [value] = await swiglu(tf.tensor2d([[1]]), tf.tensor2d([[2]])).data();
    expect(value).toBeCloseTo(2 / (1 + Math.exp(-1)), 6);
  });

  it('SwiGLU has the right gradient, also at large gates', async () => {
    const op: Op = (g, u) => swiglu(g as tf.Tensor2D, u as tf.Tensor2D);
    expect(await gradientError(op, [tensor([4, 6], 1), tensor([4, 6], 2)])).toBeLessThan(2e-3);
    const saturated = tf.grads(op)([tf.tensor2d([[100, -100]]), tf.tensor2d([[1, 1]])]);
    expect(farthest(await saturated[0]!.data(), [1, 0])).toBeLessThan(1e-30);
  });

  it('RoPE turns the pair (x₀, x₂) of a head by the angle position·1', async () => {
    const rotation = rotationAt(Int32Array.of(0, 2), Float64Array.of(1, 0.01));
    const heads = tf.tensor3d([[[1, 5, 0, 7]], [[1, 5, 0, 7]]]);
    const [atZero, atTwo] = (await rotate(heads, rotation).array()) as number[][][];
    expect(atZero![0]).toEqual([1, 5, 0, 7]);
    const [c, s] = [Math.cos(0.02), Math.sin(0.02)];
    const expected = [Math.cos(2), 5 * c - 7 * s, Math.sin(2), 7 * c + 5 * s];
    expect(farthest(atTwo![0]!, expected)).toBeLessThan(1e-6);
  });

  it('RoPE has the right gradient', async () => {
    const op: Op = (x) =>
      rotate(x as tf.Tensor3D, rotationAt(Int32Array.of(0, 3, 50), Float64Array.of(1, 0.1, 0.01)));
    expect(await gradientError(op, [tensor([3, 2, 6], 1)])).toBeLessThan(2e-3);
  });
});

describe('inverseFrequencies', () => {
  it('is θ^(−2i/C)', () => {
    const config = tinyConfig({ head_dim: 8, rope_theta: 10_000 });
    expect(farthest(inverseFrequencies(config), [1, 0.1, 0.01, 0.001])).toBeLessThan(1e-15);
  });

  it('rescales Llama 3: short waves stay, long ones turn `factor` times slower, those between blend', () => {
    // With 64 original positions, a frequency f makes 64·f/2π waves: 10.19, 1.019, 0.1019, 0.01019.
    const scaling = {
      rope_type: 'llama3',
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 64,
    };
    const config = tinyConfig({ head_dim: 8, rope_theta: 10_000, rope_scaling: scaling });
    const waves = (64 * 0.1) / (2 * Math.PI);
    const blend = (waves - 1) / (4 - 1);
    const middle = (1 - blend) * (0.1 / 8) + blend * 0.1;
    expect(farthest(inverseFrequencies(config), [1, middle, 0.01 / 8, 0.001 / 8])).toBeLessThan(1e-15);
  });
});
