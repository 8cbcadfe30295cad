import { beforeAll, describe, expect, it } from 'vitest';
import { type AttentionMask, softmaxAttention } from '../../../src/engine/policy/softmax-attention';
import { tf } from '../../../src/engine/tensor';
import { NODE_BACKENDS, useBackend } from '../tensor/backends';
import { farthest, gradientError, tensor } from '../tensor/numbers';

type Op = (...inputs: tf.Tensor[]) => tf.Tensor;

function attend(mask: AttentionMask): Op {
  return (q, k, v) => softmaxAttention(q as tf.Tensor3D, k as tf.Tensor3D, v as tf.Tensor3D, mask);
}

describe.each(NODE_BACKENDS)('softmaxAttention on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it('mixes the values by the softmax of the scores: weights 1/4 and 3/4', async () => {
    // Scores 0 and ln 3: e⁰ : e^{ln 3} = 1 : 3, so 4/4 + 3·8/4 = 7.
    const result = attend({ future: tf.zeros([1, 1, 2, 2]), padding: tf.zeros([1, 1, 1, 2]) })(
      tf.tensor3d([[[1], [1]]]),
      tf.tensor3d([[[0, Math.log(3)]]]),
      tf.tensor3d([[[4], [8]]]),
    );
    expect(farthest(await result.data(), [7, 7])).toBeLessThan(1e-6);
  });

  it('has the right gradient, with a mask, two rows and grouped heads', async () => {
    // N 2, K 2, H/K 3, S 4, C 2
    const future = Array.from({ length: 16 }, (_, at) => (at % 4 > Math.floor(at / 4) ? -1e9 : 0));
    // The second row's key 1 is padding.
    const padding = tf.tensor4d([0, 0, 0, 0, 0, -1e9, 0, 0], [2, 1, 1, 4]);
    const mask = { future: tf.tensor4d(future, [1, 1, 4, 4]), padding };
    const inputs = [tensor([4, 12, 2], 1), tensor([4, 2, 4], 2), tensor([4, 4, 2], 3)];
    expect(await gradientError(attend(mask), inputs)).toBeLessThan(2e-3);
  });
});

describe('in chunks of rows', () => {
  beforeAll(() => useBackend('wasm'));

  it('gives each row what it gets alone', async () => {
    // 2048² scores a row, 2²³ at a time: three rows are two chunks.
    const [rows, length, width] = [3, 2048, 2];
    const future = tf.zeros<tf.Rank.R4>([1, 1, length, length]);
    const padding = tf.mul<tf.Tensor4D>(tensor([rows, 1, 1, length], 5), 3);
    const inputs = [
      tensor([rows, length, width], 1),
      tensor([rows, width, length], 2),
      tensor([rows, length, width], 3),
    ];
    const dy = tensor([rows, length, width], 4);
    const together = tf.tidy(() => [
      attend({ future, padding })(...inputs),
      ...tf.grads(attend({ future, padding }))(inputs, dy),
    ]);
    for (let row = 0; row < rows; row++) {
      const at = (x: tf.Tensor) => tf.slice(x, [row], [1]);
      const alone = tf.tidy(() => {
        const own = inputs.map(at);
        const attendAlone = attend({ future, padding: at(padding) as tf.Tensor4D });
        return [attendAlone(...own), ...tf.grads(attendAlone)(own, at(dy))];
      });
      for (const [index, result] of alone.entries()) {
        expect(farthest(await at(together[index]!).data(), await result.data())).toBeLessThan(1e-6);
      }
      tf.dispose(alone);
    }
  });
});
