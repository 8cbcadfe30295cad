/** Ops with a gradient of their own, typed; tfjs' `customGrad` takes and gives anything. */
import { tf } from './tf';

export interface CustomOp<T extends tf.Tensor> {
  readonly value: T;
  /** What the gradient needs of the forward pass; kept until it has been taken. */
  readonly saved: readonly tf.Tensor[];
  /** dy and the saved tensors → one gradient per input. Runs in a scope of its own. */
  readonly gradient: (dy: T, saved: readonly tf.Tensor[]) => tf.Tensor[];
}

/**
 * Runs `forward` outside the tape and records its gradient with respect to `inputs`; tensors that it
 * uses beside them count as constants. All gradients are computed, whichever are asked for.
 */
export function customGradient<T extends tf.Tensor>(
  inputs: readonly tf.Tensor[],
  forward: () => CustomOp<T>,
): T {
  const op = tf.customGrad((...inputsAndSave) => {
    const save = inputsAndSave.at(-1) as tf.GradSaveFunc;
    const { value, saved, gradient } = forward();
    save([...saved]);
    return {
      value,
      gradFunc: (dy: tf.Tensor, kept: tf.Tensor[]) => tf.tidy(() => gradient(dy as T, kept)),
    };
  });
  return op(...inputs) as T;
}
