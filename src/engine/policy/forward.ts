/** Whole sequences through the model: token ids → hidden states → log-probabilities of completions. */
import { StudioError } from '../../protocol/errors';
import { takeRows, tf } from '../tensor';
import { attentionContext, causalAttention, type KeysAndValues, type SequenceMask } from './attention';
import type { PolicyConfig } from './config';
import { type HeadOptions, tokenDistribution } from './head';
import { type Attention, attentionBlock, type ForwardModel, mlpBlock, normalize } from './layers';
import { EMBEDDING, FINAL_NORM, HEAD } from './parameters';

/** Prompts padded on the left to P tokens, completions on the right to T. */
export interface TokenBatch {
  /** N */
  readonly rows: number;
  /** P ≥ 1 */
  readonly promptLength: number;
  /** T ≥ 1 */
  readonly completionLength: number;
  /** [N, P+T]; padding may be any token of the vocabulary. */
  readonly inputIds: Int32Array;
  /** [N, P+T], 1 = real token. */
  readonly attentionMask: Uint8Array;
}

export interface TokenSequences extends SequenceMask {
  /** [N, S] */
  readonly inputIds: Int32Array;
}

/** Receives each layer's keys and values. */
type Capture = (layer: KeysAndValues) => void;

/** Awaited after each block; what it throws ends the pass, and nothing of it is left. */
export type Between = () => Promise<void>;

/** Token ids → hidden states before the final norm, [N·S, D]. */
export function hiddenStates(model: ForwardModel, sequences: TokenSequences, capture?: Capture): tf.Tensor2D {
  return tf.tidy(() => {
    const blocks = throughBlocks(model, sequences, capture);
    for (;;) {
      const { done, value } = blocks.next();
      if (done) return value;
    }
  });
}

/** As `hiddenStates`, for one who must not be gone for as long as the whole takes. */
export async function hiddenStatesInPieces(
  model: ForwardModel,
  sequences: TokenSequences,
  between: Between,
  capture?: Capture,
): Promise<tf.Tensor2D> {
  const blocks = throughBlocks(model, sequences, capture);
  try {
    for (;;) {
      const { done, value } = blocks.next();
      if (done) return value;
      await between();
    }
  } finally {
    blocks.return(undefined as never);
  }
}

/** The pass itself; it yields after each block, and holds its tensors meanwhile. */
function* throughBlocks(
  model: ForwardModel,
  sequences: TokenSequences,
  capture: Capture | undefined,
): Generator<void, tf.Tensor2D> {
  const context = attentionContext(model.config, sequences);
  const held: tf.Tensor2D[] = [];
  try {
    held.push(tf.tidy(() => embed(model, sequences.inputIds)));
    for (const { apply } of blocksOf(model.config, causalAttention(model.config, context, capture))) {
      const next = apply(model, held[0]!);
      held.pop()!.dispose();
      held.push(next);
      yield;
    }
    return held.pop()!;
  } finally {
    tf.dispose([...held, ...Object.values(context.rotation), ...Object.values(context.mask)]);
  }
}

/** Half a decoder layer: what the forward pass is made of between embedding and final norm. */
export interface Block {
  /** HF paths of the modules whose weights it reads. */
  readonly modules: readonly string[];
  /** [N·S, D] → [N·S, D] */
  readonly apply: (model: ForwardModel, x: tf.Tensor2D) => tf.Tensor2D;
}

/** In order: of each layer the attention, then the MLP. */
export function blocksOf({ layers }: PolicyConfig, attend: Attention): readonly Block[] {
  return Array.from({ length: layers }, (_, layer): Block[] => {
    const path = `model.layers.${layer}`;
    return [
      {
        modules: [`${path}.input_layernorm`, `${path}.self_attn`],
        apply: (model, x) => attentionBlock(model, layer, x, attend),
      },
      {
        modules: [`${path}.post_attention_layernorm`, `${path}.mlp`],
        apply: (model, x) => mlpBlock(model, layer, x),
      },
    ];
  }).flat();
}

/** Rows of the embedding: M ids → [M, D]. */
export function embed(model: ForwardModel, ids: Int32Array): tf.Tensor2D {
  const { vocabularySize } = model.config;
  for (const id of ids) {
    if (id >= 0 && id < vocabularySize) continue;
    throw new StudioError({
      boundary: 'model',
      code: 'token-outside-vocabulary',
      message: `Expected token ids below the model's vocabulary of ${vocabularySize}, received ${id}.`,
      action: 'Check that tokenizer and model belong together.',
    });
  }
  return takeRows(model.weights.get(EMBEDDING) as tf.Tensor2D, ids);
}

/** The output projection as [D, V]; a tied one is the embedding turned round, for the scope it is made in. */
export function headOf(model: ForwardModel): tf.Tensor2D {
  const { weights, config } = model;
  if (!config.tiedHead) return weights.get(HEAD) as tf.Tensor2D;
  return tf.transpose(weights.get(EMBEDDING) as tf.Tensor2D);
}

/** Of each completion token, (N, T); `entropy` null: it was not asked for. */
export interface CompletionDistribution {
  readonly logprobs: tf.Tensor2D;
  readonly entropy: tf.Tensor2D | null;
}

/** The whole forward pass of a batch. */
export function completionDistribution(
  model: ForwardModel,
  batch: TokenBatch,
  options: HeadOptions,
): CompletionDistribution {
  const hidden = hiddenStates(model, sequencesOf(batch));
  try {
    return distributionOf(model, batch, hidden, options);
  } finally {
    hidden.dispose();
  }
}

/** As `completionDistribution`, for one who must not be gone for as long as the whole takes. */
export async function completionDistributionInPieces(
  model: ForwardModel,
  batch: TokenBatch,
  options: HeadOptions,
  between: Between,
): Promise<CompletionDistribution> {
  const hidden = await hiddenStatesInPieces(model, sequencesOf(batch), between);
  try {
    return distributionOf(model, batch, hidden, options);
  } finally {
    hidden.dispose();
  }
}

/** The end of the pass, from the hidden states of the last layer, [N·S, D]; the logits at P−1 … P+T−2 give it. */
export function distributionOf(
  model: ForwardModel,
  batch: TokenBatch,
  hidden: tf.Tensor2D,
  options: HeadOptions,
): CompletionDistribution {
  const { rows, promptLength, completionLength, inputIds } = batch;
  const length = promptLength + completionLength;
  const [logprobs, entropy] = tf.tidy(() => {
    const at = (offset: number) =>
      Int32Array.from({ length: rows * completionLength }, (_, index) => {
        const row = Math.floor(index / completionLength);
        return row * length + promptLength + offset + (index % completionLength);
      });
    const before = normalize(model, FINAL_NORM, takeRows(hidden, at(-1))); // (N·S, D) → (N·T, D)
    const targets = at(0).map((position) => inputIds[position]!);
    const { logprobs, entropy } = tokenDistribution(before, headOf(model), targets, options);
    const perToken = (x: tf.Tensor1D) => tf.reshape<tf.Rank.R2>(x, [rows, completionLength]);
    return entropy === null ? [perToken(logprobs)] : [perToken(logprobs), perToken(entropy)];
  });
  return { logprobs: logprobs!, entropy: entropy ?? null };
}

/** Checks its shape. */
export function sequencesOf(batch: TokenBatch): TokenSequences {
  const { rows, promptLength, completionLength, inputIds, attentionMask } = batch;
  const length = promptLength + completionLength;
  const values = rows * length;
  const whole = rows > 0 && promptLength > 0 && completionLength > 0;
  if (whole && inputIds.length === values && attentionMask.length === values)
    return { rows, length, inputIds, attentionMask };
  throw new StudioError({
    boundary: 'internal',
    code: 'token-batch-shape',
    message: `internal: expected ${rows} rows of ${promptLength} + ${completionLength} tokens, received ${inputIds.length} ids and ${attentionMask.length} mask values.`,
  });
}
