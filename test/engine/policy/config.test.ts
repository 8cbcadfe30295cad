import { describe, expect, it } from 'vitest';
import { countParameters, readPolicyConfig } from '../../../src/engine/policy';
import { StudioError } from '../../../src/protocol';

/** Qwen2.5-0.5B, from its published config.json. */
const QWEN = {
  architectures: ['Qwen2ForCausalLM'],
  hidden_act: 'silu',
  hidden_size: 896,
  initializer_range: 0.02,
  intermediate_size: 4864,
  max_position_embeddings: 32768,
  max_window_layers: 21,
  model_type: 'qwen2',
  num_attention_heads: 14,
  num_hidden_layers: 24,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-6,
  rope_theta: 1_000_000.0,
  sliding_window: 32768,
  tie_word_embeddings: true,
  use_sliding_window: false,
  vocab_size: 151936,
};

/** Llama-3.2-1B, likewise. */
const LLAMA = {
  model_type: 'llama',
  hidden_act: 'silu',
  hidden_size: 2048,
  intermediate_size: 8192,
  max_position_embeddings: 131072,
  attention_bias: false,
  mlp_bias: false,
  head_dim: 64,
  num_attention_heads: 32,
  num_hidden_layers: 16,
  num_key_value_heads: 8,
  rms_norm_eps: 1e-5,
  rope_scaling: {
    factor: 32.0,
    high_freq_factor: 4.0,
    low_freq_factor: 1.0,
    original_max_position_embeddings: 8192,
    rope_type: 'llama3',
  },
  rope_theta: 500000.0,
  tie_word_embeddings: true,
  vocab_size: 128256,
};

function refused(json: unknown): StudioError['record'] {
  try {
    readPolicyConfig(json, 'folder/config.json');
  } catch (error) {
    expect(error).toBeInstanceOf(StudioError);
    const { record } = error as StudioError;
    expect(record).toMatchObject({ boundary: 'model', file: 'folder/config.json' });
    expect(record.message).toContain('folder/config.json: expected');
    expect(record.action).toBeDefined();
    return record;
  }
  throw new Error('the config was accepted');
}

describe('readPolicyConfig', () => {
  it('reads Qwen2: biased queries, keys and values; head width from the hidden size', () => {
    const config = readPolicyConfig(QWEN, 'config.json');
    expect(config).toMatchObject({
      modelType: 'qwen2',
      layers: 24,
      heads: 14,
      keyValueHeads: 2,
      headWidth: 64,
      ropeTheta: 1e6,
      ropeScaling: null,
      tiedHead: true,
      bias: { queryKeyValue: true, output: false, mlp: false },
      json: QWEN,
    });
    // 494,032,768 parameters, as its model card's weights have.
    expect(countParameters(config)).toBe(494_032_768);
  });

  it('reads Llama 3: no biases, rescaled RoPE', () => {
    const config = readPolicyConfig(LLAMA, 'config.json');
    expect(config).toMatchObject({
      modelType: 'llama',
      headWidth: 64,
      bias: { queryKeyValue: false, output: false, mlp: false },
      ropeScaling: { factor: 32, lowFreqFactor: 1, highFreqFactor: 4, originalMaxPositions: 8192 },
    });
    expect(countParameters(config)).toBe(1_235_814_400);
  });

  it('reads the newer rope_parameters', () => {
    const { rope_theta, rope_scaling, ...rest } = LLAMA;
    const config = readPolicyConfig(
      { ...rest, rope_parameters: { rope_theta, ...rope_scaling } },
      'config.json',
    );
    expect(config).toEqual({ ...readPolicyConfig(LLAMA, 'config.json'), json: config.json });
  });

  it('fills in what transformers fills in', () => {
    const { rms_norm_eps: _, rope_theta: __, num_key_value_heads: ___, ...rest } = QWEN;
    const config = readPolicyConfig({ ...rest, head_dim: null, rope_scaling: null }, 'config.json');
    expect(config).toMatchObject({ normEpsilon: 1e-6, ropeTheta: 10_000, keyValueHeads: 14, headWidth: 64 });
  });

  it('takes Llama’s attention_bias for all four projections', () => {
    const { bias } = readPolicyConfig({ ...LLAMA, attention_bias: true, mlp_bias: true }, 'config.json');
    expect(bias).toEqual({ queryKeyValue: true, output: true, mlp: true });
  });

  it('names the architecture it found and those it supports', () => {
    const record = refused({ ...QWEN, model_type: 'gpt2' });
    expect(record.code).toBe('model-architecture-unsupported');
    expect(record.message).toBe(
      'folder/config.json: expected the model_type llama or qwen2, received "gpt2".',
    );
  });

  it.each([
    [{ hidden_act: 'gelu' }, 'hidden_act silu, received "gelu"'],
    [{ use_sliding_window: true }, 'use_sliding_window false, received true'],
    [{ layer_types: ['full_attention', 'sliding_attention'] }, 'layer_types of full_attention only'],
    [{ quantization_config: { bits: 4 } }, 'weights that are not quantised'],
    [{ rope_scaling: { rope_type: 'yarn', factor: 4 } }, 'rope_type default or llama3, received "yarn"'],
    [{ partial_rotary_factor: 0.5 }, 'partial_rotary_factor 1, received 0.5'],
    [{ num_key_value_heads: 4 }, 'num_key_value_heads to divide the 14 heads, received 4'],
    [{ head_dim: 63 }, 'an even head_dim'],
  ])('refuses what it would compute wrongly: %j', (fields, sentence) => {
    const record = refused({ ...QWEN, ...fields });
    expect(record.code).toBe('model-config-unsupported');
    expect(record.message).toContain(sentence);
  });

  it.each([
    [{ hidden_size: '896' }, 'hidden_size to be an integer from 1 to 65536, received "896"'],
    [{ hidden_size: 895.5 }, 'hidden_size to be an integer'],
    [{ num_hidden_layers: 0 }, 'num_hidden_layers to be an integer from 1 to 512, received 0'],
    [{ num_hidden_layers: 1e9 }, 'num_hidden_layers to be an integer from 1 to 512, received 1000000000'],
    [{ vocab_size: undefined }, 'vocab_size to be an integer from 1 to 4194304, received nothing'],
    [{ rms_norm_eps: -1 }, 'rms_norm_eps to be a number'],
    [{ tie_word_embeddings: 1 }, 'tie_word_embeddings to be true or false, received 1'],
    [{ rope_scaling: 'linear' }, 'rope_scaling to be an object, received "linear"'],
    [
      { rope_scaling: { rope_type: 'llama3' } },
      'rope_scaling.factor to be a number from 1 to 1000000, received nothing',
    ],
  ])('refuses a field out of bounds by name: %j', (fields, sentence) => {
    const record = refused({ ...QWEN, ...fields });
    expect(record.code).toBe('json-field');
    expect(record.message).toContain(sentence);
  });

  it.each([[null], [[]], ['text'], [7]])('refuses a file that is no object: %j', (json) => {
    expect(refused(json).message).toContain('expected a JSON object');
  });
});
