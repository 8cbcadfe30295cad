/**
 * A Hugging Face `config.json` of the Llama and Qwen2 families → the numbers that the forward pass
 * needs. Field names and defaults are transformers'; both its older form (`rope_theta`,
 * `rope_scaling`) and its newer one (`rope_parameters`) are read. What would change the arithmetic
 * and is not implemented is refused by name, never ignored.
 */
import { StudioError } from '../../protocol/errors';
import { type FieldReader, fieldReader } from './json';

export interface PolicyConfig {
  readonly modelType: 'llama' | 'qwen2';
  readonly vocabularySize: number;
  readonly layers: number;
  /** D */
  readonly hiddenSize: number;
  /** F */
  readonly mlpWidth: number;
  /** H */
  readonly heads: number;
  /** K, a divisor of H */
  readonly keyValueHeads: number;
  /** C, even */
  readonly headWidth: number;
  readonly normEpsilon: number;
  readonly ropeTheta: number;
  /** Llama 3's long-context frequencies; null: plain RoPE. */
  readonly ropeScaling: Llama3Scaling | null;
  /** Context length in tokens that the model was made for. */
  readonly maxPositions: number;
  /** The head is the embedding, transposed. */
  readonly tiedHead: boolean;
  /** Which linear layers have a bias. */
  readonly bias: { readonly queryKeyValue: boolean; readonly output: boolean; readonly mlp: boolean };
  /** Standard deviation of fresh weights. */
  readonly initializerRange: number;
  /** The file's own content. */
  readonly json: Readonly<Record<string, unknown>>;
}

export interface Llama3Scaling {
  readonly factor: number;
  readonly lowFreqFactor: number;
  readonly highFreqFactor: number;
  readonly originalMaxPositions: number;
}

/** transformers' defaults where a file leaves the field out. */
const DEFAULTS = {
  llama: { maxPositions: 2048, queryKeyValueBias: false },
  qwen2: { maxPositions: 32768, queryKeyValueBias: true },
} as const;

/** Throws a `StudioError` of boundary `model` that names the field, what was expected and what came. */
export function readPolicyConfig(json: unknown, fileName: string): PolicyConfig {
  const fields = fieldReader(json, fileName);
  const modelType = readModelType(fields, fileName);
  refuseUnsupported(fields, fileName);
  const heads = fields.integer('num_attention_heads', 1, 1024);
  const keyValueHeads = fields.integer('num_key_value_heads', 1, 1024, heads);
  const hiddenSize = fields.integer('hidden_size', 1, 65536);
  const headWidth = fields.integer('head_dim', 2, 1024, Math.floor(hiddenSize / heads));
  const rope = fields.section('rope_parameters') ?? fields.section('rope_scaling');
  if (heads % keyValueHeads !== 0) {
    throw unsupported(fileName, `num_key_value_heads to divide the ${heads} heads`, keyValueHeads);
  }
  if (headWidth % 2 !== 0) throw unsupported(fileName, 'an even head_dim, which RoPE needs', headWidth);
  const attentionBias = modelType === 'llama' && fields.boolean('attention_bias', false);
  return {
    modelType,
    vocabularySize: fields.integer('vocab_size', 1, 4_194_304),
    layers: fields.integer('num_hidden_layers', 1, 512),
    hiddenSize,
    mlpWidth: fields.integer('intermediate_size', 1, 524_288),
    heads,
    keyValueHeads,
    headWidth,
    normEpsilon: fields.number('rms_norm_eps', 1e-12, 1e-1, 1e-6),
    ropeTheta: fields.number('rope_theta', 1, 1e12, rope?.number('rope_theta', 1, 1e12, 10_000) ?? 10_000),
    ropeScaling: readRopeScaling(rope, fileName),
    maxPositions: fields.integer('max_position_embeddings', 1, 2 ** 31, DEFAULTS[modelType].maxPositions),
    tiedHead: fields.boolean('tie_word_embeddings', false),
    bias: {
      queryKeyValue: attentionBias || DEFAULTS[modelType].queryKeyValueBias,
      output: attentionBias,
      mlp: modelType === 'llama' && fields.boolean('mlp_bias', false),
    },
    initializerRange: fields.number('initializer_range', 0, 10, 0.02),
    json: json as Readonly<Record<string, unknown>>,
  };
}

function readModelType(fields: FieldReader, file: string): keyof typeof DEFAULTS {
  const modelType = fields.value('model_type');
  if (modelType === 'llama' || modelType === 'qwen2') return modelType;
  throw new StudioError({
    boundary: 'model',
    code: 'model-architecture-unsupported',
    message: `${file}: expected the model_type llama or qwen2, received ${shown(modelType)}.`,
    action: 'Choose a model of the Llama or Qwen2 family.',
    file,
  });
}

function refuseUnsupported(fields: FieldReader, file: string): void {
  const activation = fields.value('hidden_act') ?? 'silu';
  if (activation !== 'silu') throw unsupported(file, 'hidden_act silu', activation);
  if (fields.boolean('use_sliding_window', false)) throw unsupported(file, 'use_sliding_window false', true);
  const layerTypes = fields.value('layer_types') ?? [];
  if (!Array.isArray(layerTypes) || layerTypes.some((type) => type !== 'full_attention')) {
    throw unsupported(file, 'layer_types of full_attention only', layerTypes);
  }
  const partial = fields.number('partial_rotary_factor', 0, 1, 1);
  if (partial !== 1) throw unsupported(file, 'partial_rotary_factor 1', partial);
  const quantization = fields.value('quantization_config') ?? null;
  if (quantization !== null) throw unsupported(file, 'weights that are not quantised', 'quantization_config');
}

function readRopeScaling(rope: FieldReader | null, file: string): Llama3Scaling | null {
  const type = rope?.value('rope_type') ?? rope?.value('type') ?? 'default';
  if (rope === null || type === 'default') return null;
  if (type !== 'llama3') throw unsupported(file, 'rope_type default or llama3', type);
  const scaling = {
    factor: rope.number('factor', 1, 1e6),
    lowFreqFactor: rope.number('low_freq_factor', 1e-6, 1e6),
    highFreqFactor: rope.number('high_freq_factor', 1e-6, 1e6),
    originalMaxPositions: rope.integer('original_max_position_embeddings', 1, 2 ** 31),
  };
  if (scaling.highFreqFactor <= scaling.lowFreqFactor) {
    const expectation = `high_freq_factor above the low_freq_factor ${scaling.lowFreqFactor}`;
    throw unsupported(file, expectation, scaling.highFreqFactor);
  }
  return scaling;
}

function unsupported(file: string, expectation: string, received: unknown): StudioError {
  return new StudioError({
    boundary: 'model',
    code: 'model-config-unsupported',
    message: `${file}: expected ${expectation}, received ${shown(received)}.`,
    action: 'Choose a model without this feature; it would compute something else than it was trained for.',
    file,
  });
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 80);
}
