/**
 * The gradient of the loss over rows of a micro-batch, by TensorFlow.js' automatic differentiation: in
 * one go, or in pieces where that would take too long.
 *
 * In pieces, the forward pass keeps only what goes into each of them, and the way back computes each one
 * again with what its gradient needs (gradient checkpointing, arXiv 1604.06174). The sums are the same,
 * but not always in the same order: both ways agree within float32 rounding.
 */
import type { Policy } from '../../policy';
import { tf } from '../../tensor';
import { breathe, type Pausable } from '../environment';
import { flatten } from './adamw';
import type { RowsLoss } from './objective';

/** The caller disposes of both. */
export interface LossGradient {
  /** Of all trainable tensors, in layout order, with what was accumulated before, if anything. */
  readonly gradient: tf.Tensor1D;
  /** The loss and, for CRPO, its sums (4). */
  readonly values: tf.Tensor1D;
}

export function lossGradient(
  policy: Policy,
  { batch, options, lossOf }: RowsLoss,
  accumulated: tf.Tensor1D | null,
): LossGradient {
  return tf.tidy(() => {
    const { values, gradients } = differentiate(
      (parameters) => lossOf(policy.tokenLogprobs(batch, { ...options, parameters })),
      policy.trainable(),
    );
    return { gradient: accumulate(accumulated, gradients), values };
  });
}

/** As `lossGradient`; the host breathes between the pieces. Where it stops the task, nothing is left. */
export async function lossGradientInPieces(
  policy: Policy,
  { batch, options, lossOf }: RowsLoss,
  accumulated: tf.Tensor1D | null,
  host: Pausable,
): Promise<LossGradient> {
  const { embedding, blocks, end } = policy.tokenLogprobPieces(batch, options);
  const trainable = policy.trainable();
  const read = ({ places }: Reads) => places.map((place) => trainable[place]!);
  const held: Held = { inputs: [], dInput: [], gradients: trainable.map(() => []), values: [] };
  try {
    held.inputs.push(tf.tidy(() => embedding.apply(read(embedding))));
    for (const block of blocks) {
      held.inputs.push(block.apply(read(block), held.inputs.at(-1)!));
      await breathe(host);
    }
    const [values, ...atEnd] = tf.tidy(() => {
      const found = differentiate(
        ([x, ...parameters]) => lossOf(end.apply(parameters, x as tf.Tensor2D)),
        [held.inputs.at(-1)!, ...read(end)],
      );
      return [found.values, ...found.gradients];
    }) as [tf.Tensor1D, ...tf.Tensor[]];
    held.values.push(values);
    goBack(held, end, atEnd);
    for (const block of [...blocks].reverse()) {
      await breathe(host);
      const gradientsOf = tf.grads((x, ...parameters) => block.apply(parameters, x as tf.Tensor2D));
      goBack(held, block, gradientsOf([held.inputs.at(-1)!, ...read(block)], held.dInput[0]));
    }
    if (embedding.places.length > 0) {
      const gradientsOf = tf.grads((...parameters) => embedding.apply(parameters));
      collect(held, embedding, gradientsOf(read(embedding), held.dInput[0]));
    }
    const gradient = tf.tidy(() => accumulate(accumulated, held.gradients.flat()));
    held.values.pop(); // now the caller's
    return { gradient, values };
  } finally {
    tf.dispose(Object.values(held));
  }
}

interface Reads {
  /** Places, in the layout, of the parameters that a piece reads. */
  readonly places: readonly number[];
}

/** Tensors that a gradient in pieces owns from one piece to the next. */
interface Held {
  /** What goes into each block, and last into the end: [N·S, D]. */
  readonly inputs: tf.Tensor2D[];
  /** The loss's gradient of what comes out of the piece that is next on the way back. */
  dInput: tf.Tensor[];
  /** Of each parameter, once it is known. */
  readonly gradients: tf.Tensor[][];
  readonly values: tf.Tensor1D[];
}

/** After a piece on the way back: takes the gradients of its input and its parameters; its input has done its duty. */
function goBack(held: Held, piece: Reads, [dInput, ...ofParameters]: readonly tf.Tensor[]): void {
  tf.dispose([held.inputs.pop()!, ...held.dInput]);
  held.dInput = [dInput!];
  collect(held, piece, ofParameters);
}

/** A tied embedding is read twice. */
function collect({ gradients }: Held, { places }: Reads, found: readonly tf.Tensor[]): void {
  places.forEach((place, index) => {
    const parts = [...gradients[place]!, found[index]!];
    gradients[place] = parts.length === 1 ? parts : [tf.addN(parts)];
    if (parts.length > 1) tf.dispose(parts);
  });
}

/** In a scope of the caller's: the loss and its sums, and the loss's gradients. */
function differentiate(
  lossOf: (inputs: readonly tf.Tensor[]) => ReturnType<RowsLoss['lossOf']>,
  inputs: readonly tf.Tensor[],
): { values: tf.Tensor1D; gradients: readonly tf.Tensor[] } {
  const sums: tf.Tensor1D[] = [];
  const { value, grads } = tf.valueAndGrads((...given: tf.Tensor[]) => {
    const result = lossOf(given);
    if (result.sums !== undefined) sums.push(tf.keep(result.sums));
    return result.loss;
  })([...inputs]);
  const values = tf.concat([tf.reshape(value, [1]), ...sums]) as tf.Tensor1D;
  tf.dispose(sums);
  return { values, gradients: grads };
}

function accumulate(accumulated: tf.Tensor1D | null, gradients: readonly tf.Tensor[]): tf.Tensor1D {
  const flat = flatten(gradients);
  return accumulated === null ? flat : tf.add(accumulated, flat);
}
