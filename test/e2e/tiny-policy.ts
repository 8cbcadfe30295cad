/**
 * Makes `test/fixtures/tiny-policy`: a Qwen2 of some 32 thousand parameters with its own tokenizer,
 * taught to answer the questions of `medqa-layout.jsonl` with nothing but a boxed letter, any letter.
 * That is six tokens, few enough for a software GPU, and since only some of the answers are right, a
 * group of them has advantages and the step a gradient. `node test/e2e/make-tiny-policy.mjs`.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeSafetensors } from '../../src/engine/checkpoint/safetensors';
import { coldStart } from '../../src/engine/crpo/coldstart';
import { plainLearner } from '../../src/engine/crpo/plain/learner';
import { renderPrompt } from '../../src/engine/crpo/prompts';
import { validateConfig } from '../../src/engine/crpo/settings';
import { bytesSource } from '../../src/engine/files';
import { countParameters, createPolicy, readPolicyConfig } from '../../src/engine/policy';
import { sequence } from '../../src/engine/random';
import { chooseBackend } from '../../src/engine/tensor';
import { openTokenizer } from '../../src/engine/tokenizer';
import { trainByteLevelBpe } from '../../src/engine/tokenizer/train';
import type { ClinicalCase } from '../../src/protocol';

const EOS = '<|end|>';
const SEED = 5;
const LETTERS = ['A', 'B', 'C', 'D'];

export async function makeTinyPolicy(folder: string): Promise<string> {
  await chooseBackend('wasm', { gpu: undefined, wasmFolder: undefined });
  const config = validateConfig(JSON.parse(readFileSync('test/e2e/tiny-run.json', 'utf8')));
  const cases = readCases('test/fixtures/medqa-layout.jsonl');
  const completions = LETTERS.map((letter) => `\\boxed{${letter}}`);
  const questions = cases.map(({ question, options }) => [question, ...Object.values(options)].join('\n'));
  // The form counts more than the questions, so that its merges come first and it takes few tokens.
  const corpus = [...questions, ...Array.from({ length: 40 }, () => completions).flat()];
  const { tokenizerJson, vocabularySize } = trainByteLevelBpe(corpus, {
    vocabularySize: 512,
    specialTokens: [EOS],
  });
  const tokenizerConfig = { tokenizer_class: 'PreTrainedTokenizerFast', eos_token: EOS, pad_token: EOS };
  const texts = new Map([
    ['tokenizer.json', tokenizerJson],
    ['tokenizer_config.json', `${JSON.stringify(tokenizerConfig, null, 2)}\n`],
  ]);
  const encoder = new TextEncoder();
  const tokenizer = await openTokenizer(
    new Map([...texts].map(([name, text]) => [name, bytesSource(name, encoder.encode(text))])),
  );

  const policyConfig = readPolicyConfig(
    {
      architectures: ['Qwen2ForCausalLM'],
      model_type: 'qwen2',
      vocab_size: vocabularySize,
      hidden_size: 32,
      intermediate_size: 64,
      num_hidden_layers: 2,
      num_attention_heads: 2,
      num_key_value_heads: 1,
      max_position_embeddings: 256,
      rms_norm_eps: 1e-6,
      rope_theta: 10000,
      tie_word_embeddings: true,
      eos_token_id: tokenizer.eosTokenIds[0],
      torch_dtype: 'float32',
    },
    'config.json',
  );
  const policy = createPolicy(policyConfig, sequence(SEED, 'loraInit'));
  const learner = plainLearner(policy, tokenizer.padTokenId);
  const sequences = cases.flatMap((clinicalCase) => {
    const { tokens: promptTokens } = renderPrompt(clinicalCase, config.prompt, tokenizer);
    return completions.map((completion) => ({
      promptTokens,
      completionTokens: [...tokenizer.encode(completion), tokenizer.eosTokenIds[0]!],
    }));
  });
  let loss = 0;
  await coldStart(
    learner,
    sequences,
    {
      seed: SEED,
      steps: 300,
      batchSize: 8,
      microBatchSize: 8,
      optimizer: { ...config.optimizer, learningRate: 5e-3 },
    },
    {
      breathe: async () => {},
      signal: new AbortController().signal,
      onStep: (step) => {
        loss = step.loss;
      },
    },
  );
  const weights = encodeSafetensors(await learner.exportWeights({ merged: false }), { format: 'pt' });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'model.safetensors'), weights);
  writeFileSync(join(folder, 'config.json'), learner.configJson);
  for (const [name, text] of texts) writeFileSync(join(folder, name), text);
  const longestPrompt = Math.max(...sequences.map(({ promptTokens }) => promptTokens.length));
  const longestCompletion = Math.max(...sequences.map(({ completionTokens }) => completionTokens.length));
  return (
    `${countParameters(policyConfig)} parameters, ${weights.length} bytes, loss ${loss.toFixed(3)} nats per token; ` +
    `prompts up to ${longestPrompt} tokens, completions up to ${longestCompletion}`
  );
}

function readCases(path: string): ClinicalCase[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.flatMap((text, index) => {
    try {
      const { question, options, answer_idx: answer } = JSON.parse(text);
      const isCase = Object.hasOwn(options, answer);
      return isCase ? [{ id: String(index + 1), line: index + 1, question, options, answer }] : [];
    } catch {
      return []; // the fixture's bad line
    }
  });
}
