/** Shapes checked where a stage begins, because `Tensor2D` tells only the rank. */
import { StudioError } from '../../protocol/errors';
import type { tf } from './tf';

/** Throws an internal error unless `tensor` has exactly this shape. `name` is for the message. */
export function assertShape(tensor: tf.Tensor, shape: readonly number[], name: string): void {
  const { shape: received } = tensor;
  if (received.length === shape.length && received.every((size, axis) => size === shape[axis])) return;
  throw new StudioError({
    boundary: 'internal',
    code: 'tensor-shape',
    message: `internal: expected ${name} of shape [${shape.join(', ')}], received [${received.join(', ')}].`,
  });
}
