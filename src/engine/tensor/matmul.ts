/**
 * Matrix products whose gradients never ask a kernel to transpose: tfjs-wasm multiplies transposed
 * operands 13 to 25 times slower than plain ones. The gradient is registered for tfjs' own
 * BatchMatMul kernel rather than wrapped in a `customGrad`, which computes the gradients of all its
 * operands: here a frozen operand costs nothing.
 */
import { tf } from './tf';
import { installWasmBatches } from './wasm-batches';

installWasmBatches();

const tfjsGradient = tf.getGradient('BatchMatMul');

tf.registerGradient({
  kernelName: 'BatchMatMul',
  inputsToSave: ['a', 'b'],
  gradFunc: (dy, saved, attrs) => {
    if (attrs.transposeA || attrs.transposeB) return tfjsGradient.gradFunc(dy, saved, attrs);
    const [a, b] = saved as [tf.Tensor, tf.Tensor];
    const upstream = dy as tf.Tensor;
    return {
      a: () => tf.matMul(upstream, transposeMatrices(b)), // (m, n) · (n, k) → (m, k)
      b: () => transposedProduct(a, upstream),
    };
  },
});

/**
 * a · b for [m, k] · [k, n], or for each matrix of [B, m, k] and [B, k, n]. Both have the same rank
 * and the same B; there is no broadcasting, whose gradient tfjs does not know.
 */
export function matmul<T extends tf.Tensor2D | tf.Tensor3D>(a: T, b: T): T {
  return tf.matMul(a, b);
}

/** aᵀ · b for [m, k] and [m, n] → [k, n], as bᵀ · a and turned round where that moves fewer values. */
function transposedProduct(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const m = a.shape.at(-2)!;
  const k = a.shape.at(-1)!;
  const n = b.shape.at(-1)!;
  if (m * k <= m * n + k * n) return tf.matMul(transposeMatrices(a), b);
  return transposeMatrices(tf.matMul(transposeMatrices(b), a));
}

function transposeMatrices(x: tf.Tensor): tf.Tensor {
  return tf.transpose(x, x.rank === 2 ? [1, 0] : [0, 2, 1]);
}
