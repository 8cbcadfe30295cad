/**
 * Scalars that live as long as their backend. A number literal in an op uploads a fresh tensor each
 * time and, on webgpu, breaks the running compute pass.
 */
import { tf } from './tf';

const scalars = new WeakMap<object, Map<number, tf.Scalar>>();

/** The scalar tensor of `value`, owned by this cache: never dispose of it. For few distinct values. */
export function constant(value: number): tf.Scalar {
  const backend = tf.backend();
  const ofBackend = scalars.get(backend) ?? new Map<number, tf.Scalar>();
  scalars.set(backend, ofBackend);
  const scalar = ofBackend.get(value) ?? tf.keep(tf.scalar(value));
  ofBackend.set(value, scalar);
  return scalar;
}
