/** Whole sequences through the model: token ids → hidden states → log-probabilities of completions. */
import { StudioError } from '../../protocol/errors';
import { takeRows, tf } from '../tensor';
import { attentionContext, causalAttention, type KeysAndValues, type SequenceMask } from './attention';
import { tokenDistribution } from './head';
import { decoderLayer, type ForwardModel, normalize } from './layers';
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

/** Token ids → hidden states before the final norm, [N·S, D]. `capture` gets each layer's keys and values. */
export function hiddenStates(
  model: ForwardModel,
  sequences: TokenSequences,
  capture?: (layer: KeysAndValues) => void,
): tf.Tensor2D {
  return tf.tidy(() => {
    const { config } = model;
    const context = attentionContext(config, sequences);
    let x = embed(model, sequences.inputIds);
    for (let layer = 0; layer < config.layers; layer++) {
      const next = decoderLayer(model, layer, x, causalAttention(config, context, capture));
      x.dispose();
      x = next;
    }
    return x;
  });
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

/** Log-probability and entropy of each completion token, (N, T); the logits at P−1 … P+T−2 give them. */
export function completionDistribution(
  model: ForwardModel,
  batch: TokenBatch,
  options: { readonly temperature: number; readonly entropy: boolean; readonly headTrains: boolean },
): { logprobs: tf.Tensor2D; entropy: tf.Tensor2D | null } {
  const { rows, promptLength, completionLength, inputIds, attentionMask } = batch;
  const length = checkedLength(batch);
  const [logprobs, entropy] = tf.tidy(() => {
    const hidden = hiddenStates(model, { rows, length, inputIds, attentionMask });
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

function checkedLength({
  rows,
  promptLength,
  completionLength,
  inputIds,
  attentionMask,
}: TokenBatch): number {
  const length = promptLength + completionLength;
  const values = rows * length;
  const whole = rows > 0 && promptLength > 0 && completionLength > 0;
  if (whole && inputIds.length === values && attentionMask.length === values) return length;
  throw new StudioError({
    boundary: 'internal',
    code: 'token-batch-shape',
    message: `internal: expected ${rows} rows of ${promptLength} + ${completionLength} tokens, received ${inputIds.length} ids and ${attentionMask.length} mask values.`,
  });
}
