/** Small policies with weights large enough that every part of the model matters. */
import {
  createPolicy,
  type Policy,
  type PolicyConfig,
  readPolicyConfig,
  type TokenBatch,
} from '../../../src/engine/policy';
import { values } from '../tensor/numbers';

const BASE = {
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: 20,
  max_position_embeddings: 128,
  initializer_range: 0.3,
};

export function tinyConfig(fields: Readonly<Record<string, unknown>> = {}): PolicyConfig {
  return readPolicyConfig(
    { model_type: 'qwen2', tie_word_embeddings: true, ...BASE, ...fields },
    'config.json',
  );
}

export function tinyPolicy(fields: Readonly<Record<string, unknown>> = {}, seed = 1): Policy {
  return createPolicy(tinyConfig(fields), uniforms(seed));
}

/** Draws from [0, 1), the same for the same seed. */
export function uniforms(seed: number): () => number {
  const draws = values(4096, seed);
  let at = 0;
  return () => (draws[at++ % draws.length]! + 1) / 2;
}

/** Prompts and completions as a left- and right-padded batch, padded to at least the given lengths. */
export function batchOf(
  rows: readonly { readonly prompt: readonly number[]; readonly completion: readonly number[] }[],
  minimum = { promptLength: 1, completionLength: 1 },
): TokenBatch {
  const promptLength = Math.max(minimum.promptLength, ...rows.map(({ prompt }) => prompt.length));
  const completionLength = Math.max(
    minimum.completionLength,
    ...rows.map(({ completion }) => completion.length),
  );
  const length = promptLength + completionLength;
  const inputIds = new Int32Array(rows.length * length);
  const attentionMask = new Uint8Array(rows.length * length);
  rows.forEach(({ prompt, completion }, row) => {
    const start = row * length + promptLength - prompt.length;
    inputIds.set([...prompt, ...completion], start);
    attentionMask.fill(1, start, start + prompt.length + completion.length);
  });
  return { rows: rows.length, promptLength, completionLength, inputIds, attentionMask };
}

/** Token ids below 20, reproducible. */
export function tokens(count: number, seed: number): number[] {
  return Array.from(values(count, seed), (value) => Math.floor(((value + 1) / 2) * 20));
}

export function logSoftmax(logits: ArrayLike<number>, temperature = 1): number[] {
  const scaled = Array.from(logits, (logit) => logit / temperature);
  const max = Math.max(...scaled);
  const logSum = Math.log(scaled.reduce((sum, logit) => sum + Math.exp(logit - max), 0));
  return scaled.map((logit) => logit - max - logSum);
}
