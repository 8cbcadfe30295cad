/** Small checkpoints whose every number follows from a formula; `test/fixtures/checkpoints` holds them as version 1 wrote them. */
import type { CheckpointContent } from '../../../src/engine/checkpoint/bundle';
import type { NamedArray } from '../../../src/engine/files';

/** Values i/8 − `offset`, exact in float32. */
export function tensor(name: string, shape: readonly number[], offset: number): NamedArray {
  const size = shape.reduce((product, length) => product * length, 1);
  return { name, shape, data: Float32Array.from({ length: size }, (_, i) => i / 8 - offset) };
}

const tokenizerFiles = new Map([
  ['tokenizer.json', new TextEncoder().encode('{"version":"1.0"}')],
  ['tokenizer_config.json', new TextEncoder().encode('{"eos_token":"<|im_end|>"}')],
]);

const configJson = '{"model_type":"llama","hidden_size":4,"rope_theta":1000000.0,"torch_dtype":"bfloat16"}';

const resume: CheckpointContent['resume'] = {
  json: {
    config: {
      version: 1,
      name: 'brisk-heron',
      seed: 7,
      training: { mode: 'full', loraTargets: ['q_proj', 'v_proj'] },
    },
    environment: { backend: 'wasm', build: '0.1.0' },
    history: [{ step: 1, metrics: { reward: 0.1, kl: Number.NaN, entropy: -0 } }],
    rollouts: 4294967295,
  },
  tensors: [tensor('optimizer.m', [8], 1), tensor('optimizer.v', [8], 2), tensor('empty', [0], 0)],
};

export const full: CheckpointContent = {
  model: {
    configJson,
    weights: [tensor('model.embed_tokens.weight', [6, 4], 1), tensor('model.norm.weight', [4], 0)],
    adapter: null,
    reference: [tensor('model.embed_tokens.weight', [6, 4], 3), tensor('model.norm.weight', [4], 4)],
  },
  tokenizerFiles,
  resume,
};

export const lora: CheckpointContent = {
  model: {
    configJson,
    weights: full.model.weights,
    merged: async () => [tensor('model.embed_tokens.weight', [6, 4], 5), tensor('model.norm.weight', [4], 6)],
    adapter: {
      config: { peft_type: 'LORA', r: 2, lora_alpha: 4, target_modules: ['q_proj'] },
      tensors: [
        tensor('base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight', [2, 4], 7),
        tensor('base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight', [4, 2], 8),
      ],
    },
    reference: null,
  },
  tokenizerFiles,
  resume,
};
