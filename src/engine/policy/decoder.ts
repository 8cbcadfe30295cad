/**
 * Token-by-token decoding. Prompts go through the model in one pass, each distinct prompt once (the
 * completions of a group share theirs); after that every step is one position of every row.
 */
import { matmul, takeRows, tf } from '../tensor';
import type { KeysAndValues } from './attention';
import { createKvCache, type KvCache, roundUp } from './cache';
import type { PolicyConfig } from './config';
import { type Between, embed, headOf, hiddenStates, hiddenStatesInPieces } from './forward';
import { decoderLayer, type ForwardModel, normalize } from './layers';
import { FINAL_NORM } from './parameters';
import { inverseFrequencies, rotate, rotationAt } from './rope';
import { checkRows, shareEqual } from './shared-prompts';
import { cutRows, forwardWork } from './work';

/** Tokens, padding included, of the prompts that go through the model together: bounds prefill memory. */
const PREFILL_TOKENS = 4096;

/**
 * Multiply-adds of them on a backend that computes on the calling thread: under a tenth of a second of
 * tfjs-wasm on one core of 2024, so that a pause is answered soon.
 */
export const PREFILL_MULTIPLY_ADDS = 0.5e9;

export interface Decoder {
  /** After the prompts: next-token logits, row-major [B, V], at temperature 1. */
  readonly logits: Float32Array;
  /** Appends one token to each row → logits [B, V] of the token after it. Await each step before the next. */
  step(tokens: Int32Array): Promise<Float32Array>;
  /** Keeps only these rows, in this order. Fewer distinct row counts spare GPU memory. */
  keepRows(rows: readonly number[]): void;
  dispose(): void;
}

export interface PrefillOptions {
  /** Awaited between two parts of the prompts and within a longer prompt; what it throws ends the start. */
  readonly breathe?: Between;
  /** Work of a part at most, or half a layer of one prompt. */
  readonly partMultiplyAdds?: number;
}

/** Borrows the model until it is disposed of; the weights must not change meanwhile. */
export async function startDecoder(
  model: ForwardModel,
  prompts: readonly (readonly number[])[],
  options: PrefillOptions = {},
): Promise<Decoder> {
  const { distinct, rowOf } = shareEqual(prompts);
  const { cache, lastHidden } = await prefill(model, distinct, options);
  const head = tf.keep(tf.tidy(() => tf.clone(headOf(model))));
  try {
    const distinctLogits = await readLogits(model, head, lastHidden);
    cache.keepRows(rowOf);
    const vocabulary = model.config.vocabularySize;
    const logits = new Float32Array(rowOf.length * vocabulary);
    rowOf.forEach((from, row) => {
      logits.set(distinctLogits.subarray(from * vocabulary, (from + 1) * vocabulary), row * vocabulary);
    });
    const lengths = rowOf.map((from) => distinct[from]!.length);
    return decoderOver(model, head, cache, logits, lengths);
  } catch (failure) {
    cache.dispose();
    head.dispose();
    throw failure;
  }
}

function decoderOver(
  model: ForwardModel,
  head: tf.Tensor2D,
  cache: KvCache,
  logits: Float32Array,
  promptLengths: readonly number[],
): Decoder {
  const frequencies = inverseFrequencies(model.config);
  /** Tokens of each row so far: the position of its next one. */
  let positions = promptLengths;
  return {
    logits,
    step: async (tokens) => {
      checkRows('tokens', tokens.length, positions.length);
      const hidden = nextHidden(model, cache, tokens, Int32Array.from(positions), frequencies);
      positions = positions.map((position) => position + 1);
      return readLogits(model, head, hidden);
    },
    keepRows: (rows) => {
      positions = rows.map((row) => positions[row]!);
      cache.keepRows(rows);
    },
    dispose: () => {
      cache.dispose();
      head.dispose();
    },
  };
}

/** One token per row through all layers: → [B, D] before the final norm. */
function nextHidden(
  model: ForwardModel,
  cache: KvCache,
  tokens: Int32Array,
  positions: Int32Array,
  frequencies: Float64Array,
): tf.Tensor2D {
  const { layers, heads, keyValueHeads, headWidth } = model.config;
  const rows = tokens.length;
  const hidden = tf.tidy(() => {
    const rotation = rotationAt(positions, frequencies);
    let x = embed(model, tokens);
    for (let layer = 0; layer < layers; layer++) {
      x = decoderLayer(model, layer, x, (queries, keys, values) => {
        const q = tf.reshape<tf.Rank.R3>(queries, [rows, heads, headWidth]);
        const k = tf.reshape<tf.Rank.R3>(keys, [rows, keyValueHeads, headWidth]);
        const v = tf.reshape<tf.Rank.R3>(values, [rows, keyValueHeads, headWidth]);
        return cache.attend(layer, rotate(q, rotation), rotate(k, rotation), v);
      });
    }
    return x;
  });
  cache.advance();
  return hidden;
}

/** Final norm and head; takes ownership of `hidden` [B, D] → [B, V]. */
async function readLogits(
  model: ForwardModel,
  head: tf.Tensor2D,
  hidden: tf.Tensor2D,
): Promise<Float32Array> {
  const logits = tf.tidy(() => matmul(normalize(model, FINAL_NORM, hidden), head));
  hidden.dispose();
  try {
    return (await logits.data()) as Float32Array;
  } finally {
    logits.dispose();
  }
}

/** Left-padded prompts through the model: their cache, and the hidden state of each one's last token. */
async function prefill(
  model: ForwardModel,
  prompts: readonly (readonly number[])[],
  { breathe, partMultiplyAdds = PREFILL_MULTIPLY_ADDS }: PrefillOptions,
): Promise<{ cache: KvCache; lastHidden: tf.Tensor2D }> {
  const length = roundUp(Math.max(...prompts.map((prompt) => prompt.length)));
  const parts: KeysAndValues[][] = [];
  const hidden: tf.Tensor2D[] = [];
  try {
    for (const rows of prefillParts(model, prompts, length, partMultiplyAdds)) {
      if (parts.length > 0) await breathe?.();
      const part: KeysAndValues[] = [];
      parts.push(part);
      const between = takesLonger(model.config, rows.length, length, partMultiplyAdds) ? breathe : undefined;
      hidden.push(await prefillPart(model, rows, length, part, between));
    }
  } catch (failure) {
    tf.dispose([hidden, parts.flatMap((part) => part.map(({ keys, values }) => [keys, values]))]);
    throw failure;
  }
  const layers = Array.from({ length: model.config.layers }, (_, layer) => {
    const ofLayer = parts.map((part) => part[layer]!);
    return {
      keys: joinRows(ofLayer.map(({ keys }) => keys)),
      values: joinRows(ofLayer.map(({ values }) => values)),
    };
  });
  const padding = prompts.map((prompt) => length - prompt.length);
  return { cache: createKvCache(model.config, layers, length, padding), lastHidden: joinRows(hidden) };
}

function prefillParts<Prompt>(
  { config }: ForwardModel,
  prompts: readonly Prompt[],
  width: number,
  partMultiplyAdds: number,
): Prompt[][] {
  return cutRows(
    prompts,
    ({ length: rows }) =>
      rows * width <= PREFILL_TOKENS && !takesLonger(config, rows, width, partMultiplyAdds),
  );
}

/** WebGPU only takes orders on this thread, and a part fills it better the larger it is: memory alone bounds it. */
function takesLonger(config: PolicyConfig, rows: number, width: number, partMultiplyAdds: number): boolean {
  if (tf.getBackend() === 'webgpu') return false;
  return forwardWork(config, { rows, width, headPositions: 0 }) > partMultiplyAdds;
}

async function prefillPart(
  model: ForwardModel,
  prompts: readonly (readonly number[])[],
  length: number,
  layers: KeysAndValues[],
  between: Between | undefined,
): Promise<tf.Tensor2D> {
  const rows = prompts.length;
  const inputIds = new Int32Array(rows * length);
  const attentionMask = new Uint8Array(rows * length);
  prompts.forEach((prompt, row) => {
    const end = (row + 1) * length;
    inputIds.set(prompt, end - prompt.length);
    attentionMask.fill(1, end - prompt.length, end);
  });
  const sequences = { rows, length, inputIds, attentionMask };
  const capture = (layer: KeysAndValues) => void layers.push(layer);
  const hidden =
    between === undefined
      ? hiddenStates(model, sequences, capture)
      : await hiddenStatesInPieces(model, sequences, between, capture);
  const last = Int32Array.from({ length: rows }, (_, row) => (row + 1) * length - 1);
  try {
    return tf.tidy(() => takeRows(hidden, last));
  } finally {
    hidden.dispose();
  }
}

/** Takes ownership of the parts. */
function joinRows<T extends tf.Tensor>(parts: readonly T[]): T {
  if (parts.length === 1) return parts[0]!;
  const joined = tf.concat<T>([...parts], 0);
  tf.dispose([...parts]);
  return tf.keep(joined);
}
