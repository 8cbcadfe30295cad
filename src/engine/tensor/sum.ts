/**
 * Sums of many values. A float32 sum that adds one value after the other, as tfjs-wasm's does, loses digits
 * as it grows: the norm over 5 million values came out 0.3 % too small, an entropy over 49,152 tokens 0.01 %.
 */
import { tf } from './tf';

/** Added one after the other; more than that are added in runs, and then the runs. */
const RUN = 256;

/** [rows, n] → [rows] */
export function sumRows(x: tf.Tensor2D): tf.Tensor1D {
  return tf.tidy(() => {
    let terms = x;
    while (terms.shape[1] > RUN) {
      const [rows, n] = terms.shape;
      const runs = Math.floor(n / RUN);
      const whole = runs * RUN;
      const inRuns = whole === n ? terms : tf.slice(terms, [0, 0], [rows, whole]);
      const sums = tf.sum<tf.Tensor2D>(tf.reshape(inRuns, [rows, runs, RUN]), 2);
      terms = whole === n ? sums : tf.concat([sums, tf.slice(terms, [0, whole], [rows, n - whole])], 1);
    }
    return tf.sum<tf.Tensor1D>(terms, 1);
  });
}
