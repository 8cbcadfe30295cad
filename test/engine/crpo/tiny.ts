/** A policy of 2 layers and width 32 with a vocabulary of 16, and a clinic to match: fast enough to train in a test. */
import type { CaseSource, Host, StepEnvironment } from '../../../src/engine/crpo/environment';
import type { Learner } from '../../../src/engine/crpo/learner';
import { plainLearner } from '../../../src/engine/crpo/plain/learner';
import { defaultConfig } from '../../../src/engine/crpo/settings';
import { createPolicy, type Policy, readPolicyConfig } from '../../../src/engine/policy';
import { sequence } from '../../../src/engine/random';
import type { Tokenizer } from '../../../src/engine/tokenizer';
import type { RunConfig, ScoredCompletion } from '../../../src/protocol';

export const PAD = 0;
export const EOS = 1;
export const VOCABULARY = 16;

export function tinyPolicy(seed = 1): Policy {
  const config = readPolicyConfig(
    {
      model_type: 'llama',
      hidden_size: 32,
      num_hidden_layers: 2,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      intermediate_size: 64,
      vocab_size: VOCABULARY,
      max_position_embeddings: 128,
      tie_word_embeddings: true,
      initializer_range: 0.08,
    },
    'config.json',
  );
  return createPolicy(config, sequence(seed, 'init'));
}

/** Owns the policy, which a test may still read and change. */
export function learnerOf(policy: Policy): Learner {
  return plainLearner(policy, PAD);
}

/** The learner's gradient so far, in layout order; it is dropped, and nothing but the moments changes. */
export async function takeGradient(learner: Learner): Promise<number[]> {
  // With β1 = 0 and no clipping the first moment is the gradient; at rate 0 no weight moves.
  const settings = { ...defaultConfig().optimizer, beta1: 0, maxGradNorm: 0 };
  await learner.applyGradient({ step: 1, learningRate: 0, settings });
  return Array.from((await learner.moments()).m);
}

/** Ids 2 … 15 are the letters a … n; any other character takes the place of one of them. */
export const tinyTokenizer: Tokenizer = {
  vocabularySize: VOCABULARY,
  eosTokenIds: [EOS],
  eosToken: '<end>',
  padTokenId: PAD,
  encode: (text) => Array.from(text, (character) => 2 + (character.codePointAt(0)! % 14)),
  decode: (ids) => ids.map((id) => (id === EOS ? '<end>' : id === PAD ? '' : letter(id))).join(''),
  offsets: () => [],
  renderChat: (messages) => messages.map(({ content }) => content).join('\n'),
};

function letter(id: number): string {
  return String.fromCharCode('a'.charCodeAt(0) + id - 2);
}

export const tinyCases: CaseSource = {
  count: 5,
  at: async (index) => ({
    id: `case-${index}`,
    line: index + 1,
    question: 'abcde'.slice(index),
    options: { A: 'f', B: 'g' },
    answer: 'A',
  }),
};

/** Never asked to stop, tells nobody. */
export const quietHost: Host = {
  breathe: () => new Promise((resolve) => setImmediate(resolve)),
  signal: { throwIfAborted: () => undefined },
  onPhase: () => undefined,
};

/** The share of the completion's characters that are `b`. */
export async function shareOfB(completion: string): Promise<ScoredCompletion> {
  return scoredAs(completion === '' ? 0 : completion.replaceAll(/[^b]/g, '').length / completion.length);
}

/** A score whose only objective is `share`, with weight 1. */
export function scoredAs(share: number | null): ScoredCompletion {
  const contributions = share === null ? {} : { share };
  return { rewards: { share }, contributions, reward: share, gate: null, evidence: {} };
}

/** Sections of the configuration to depart from the tiny one's. */
export type Changes = { readonly [K in keyof RunConfig]?: Partial<RunConfig[K]> };

export function tinyConfig(changes: Changes = {}): RunConfig {
  const base = defaultConfig();
  const tiny: RunConfig = {
    ...base,
    seed: 7,
    prompt: { ...base.prompt, system: 'x', maxTokens: 100 },
    sampling: { ...base.sampling, promptsPerBatch: 2, groupSize: 4, maxCompletionTokens: 6 },
    optimizer: { ...base.optimizer, learningRate: 0.01 },
    update: { ...base.update, microBatchSize: 4 },
  };
  const merged = Object.entries(changes).map(([key, value]) => {
    const section = tiny[key as keyof RunConfig];
    return [key, typeof section === 'object' ? { ...section, ...(value as object) } : value];
  });
  return { ...tiny, ...Object.fromEntries(merged) };
}

export function tinyEnvironment(
  learner: Learner,
  config: RunConfig,
  changes: Partial<StepEnvironment> = {},
): StepEnvironment {
  return {
    ...quietHost,
    config,
    learner,
    reference: null,
    tokenizer: tinyTokenizer,
    cases: tinyCases,
    score: ({ completion }) => shareOfB(completion),
    clock: () => 0,
    ...changes,
  };
}
