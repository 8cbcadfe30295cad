/**
 * The forward pass of a batch as pieces, one after the other: the embedding, each layer's attention and
 * MLP, and the end with the head. A caller that must not be gone for as long as the whole takes, forward
 * and backward, goes through them one by one. They are the functions that the whole pass is made of.
 */
import type { tf } from '../tensor';
import { attentionContext, causalAttention } from './attention';
import type { PolicyConfig } from './config';
import {
  blocksOf,
  type CompletionDistribution,
  distributionOf,
  embed,
  sequencesOf,
  type TokenBatch,
} from './forward';
import type { HeadOptions } from './head';
import type { ForwardModel } from './layers';
import { EMBEDDING, FINAL_NORM, HEAD, type ParameterEntry, type ParameterLayout } from './parameters';

/** Differentiable in its parameters and its input. */
export interface Piece<Input, Output> {
  /** Places, in the layout, of the parameters that it reads. */
  readonly places: readonly number[];
  /** The parameters stand for the current values, in the order of `places`. */
  apply(parameters: readonly tf.Tensor[], input: Input): Output;
}

export interface ForwardPieces {
  /** → hidden states, [N·S, D] */
  readonly embedding: Piece<void, tf.Tensor2D>;
  /** [N·S, D] → [N·S, D] each */
  readonly blocks: readonly Piece<tf.Tensor2D, tf.Tensor2D>[];
  /** [N·S, D] → (N, T) */
  readonly end: Piece<tf.Tensor2D, CompletionDistribution>;
}

/** `modelWith`: the model with these parameters instead of its own. */
export function forwardPieces(
  config: PolicyConfig,
  layout: ParameterLayout,
  batch: TokenBatch,
  options: HeadOptions,
  modelWith: (entries: readonly ParameterEntry[], parameters: readonly tf.Tensor[]) => ForwardModel,
): ForwardPieces {
  const sequences = sequencesOf(batch);
  const piece = <Input, Output>(
    modules: readonly string[],
    apply: (model: ForwardModel, input: Input) => Output,
  ): Piece<Input, Output> => {
    const places = layout.entries.flatMap(({ name }, place) => {
      // PEFT puts a prefix before the module's path.
      return modules.some((module) => `.${name}`.includes(`.${module}.`)) ? [place] : [];
    });
    const entries = places.map((place) => layout.entries[place]!);
    return { places, apply: (parameters, input) => apply(modelWith(entries, parameters), input) };
  };
  const module = (weight: string) => weight.replace(/\.weight$/, '');
  // The mask is made in the scope of each piece, so that nothing has to outlive one.
  const blocks = blocksOf(config, (queries, keys, values) =>
    causalAttention(config, attentionContext(config, sequences))(queries, keys, values),
  );
  return {
    embedding: piece([module(EMBEDDING)], (model) => embed(model, sequences.inputIds)),
    blocks: blocks.map(({ modules, apply }) => piece(modules, apply)),
    end: piece([FINAL_NORM, config.tiedHead ? EMBEDDING : HEAD].map(module), (model, x: tf.Tensor2D) =>
      distributionOf(model, batch, x, options),
    ),
  };
}
