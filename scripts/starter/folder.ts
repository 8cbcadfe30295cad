/**
 * The files of the starter policy beside its weights: a Hugging Face folder that transformers loads,
 * with a tokenizer trained on the clinic's own words and a chat template of one line per message.
 */
import { bytesSource, type Folder } from '../../src/engine/files';
import { trainByteLevelBpe } from '../../src/engine/tokenizer/train';

export interface PolicyShape {
  readonly vocabularySize: number;
  readonly layers: number;
  readonly hiddenSize: number;
  readonly mlpWidth: number;
  readonly heads: number;
  readonly keyValueHeads: number;
}

/** Ids 0, 1, 2. */
const SPECIAL = { padding: '<|endoftext|>', start: '<|im_start|>', end: '<|im_end|>' } as const;

/**
 * ChatML, but for the system message: of it only the tags that it asks for are kept, because the
 * policy was taught those two words and no other instruction.
 */
const CHAT_TEMPLATE = [
  "{%- set tags = namespace(name='dx') %}",
  '{%- for message in messages %}',
  "{%- if message.role == 'system' and '<think>' in message.content %}{%- set tags.name = 'think' %}{%- endif %}",
  '{%- endfor %}',
  "{{- '<|im_start|>system\\n' + tags.name + '<|im_end|>\\n' }}",
  '{%- for message in messages %}',
  "{%- if message.role != 'system' %}",
  "{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}",
  '{%- endif %}',
  '{%- endfor %}',
  "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}",
].join('\n');

/** `config.json` of a Qwen2 model. */
export function configJson(shape: PolicyShape): Record<string, unknown> {
  return {
    architectures: ['Qwen2ForCausalLM'],
    model_type: 'qwen2',
    vocab_size: shape.vocabularySize,
    hidden_size: shape.hiddenSize,
    intermediate_size: shape.mlpWidth,
    num_hidden_layers: shape.layers,
    num_attention_heads: shape.heads,
    num_key_value_heads: shape.keyValueHeads,
    hidden_act: 'silu',
    max_position_embeddings: 1024,
    rms_norm_eps: 1e-6,
    rope_theta: 10000,
    attention_dropout: 0,
    initializer_range: 0.02,
    tie_word_embeddings: true,
    use_sliding_window: false,
    pad_token_id: 0,
    eos_token_id: 2,
    torch_dtype: 'float32',
  };
}

/** The text files of the tokenizer: name → contents. */
export function tokenizerFiles(texts: Iterable<string>, vocabularySize: number) {
  const trained = trainByteLevelBpe(texts, { vocabularySize, specialTokens: Object.values(SPECIAL) });
  return {
    vocabularySize: trained.vocabularySize,
    files: {
      'tokenizer.json': trained.tokenizerJson,
      'tokenizer_config.json': json({
        tokenizer_class: 'PreTrainedTokenizerFast',
        model_max_length: 1024,
        clean_up_tokenization_spaces: false,
        pad_token: SPECIAL.padding,
        eos_token: SPECIAL.end,
        chat_template: CHAT_TEMPLATE,
      }),
      'generation_config.json': json({ do_sample: true, temperature: 1, eos_token_id: 2, pad_token_id: 0 }),
    },
  };
}

/** Files that are not on disk yet, as the engine opens them. */
export function inMemory(files: Readonly<Record<string, string>>): Folder {
  const encoder = new TextEncoder();
  return new Map(
    Object.entries(files).map(([name, text]) => [name, bytesSource(name, encoder.encode(text))]),
  );
}

export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
