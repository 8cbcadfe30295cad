/**
 * A toy to train on in a bench: one token per character, five questions, and a reward that a tiny model
 * learns within some dozen steps, the share of `b` in its completion.
 */
import type { RunConfig, ScoredCompletion } from '../../protocol';
import type { StepEnvironment } from '../crpo/environment';
import type { FrozenPolicy, Learner } from '../crpo/learner';
import { defaultConfig } from '../crpo/settings';
import type { Tokenizer } from '../tokenizer';
import type { BenchHost } from './measure';

const PAD = 0;
const EOS = 1;
const FIRST_LETTER = 2;
const REWARDED = 'b';

export interface ToyOptions {
  readonly seed: number;
  readonly steps: number;
  readonly vocabulary: number;
}

/** GRPO with KL to the first policy, two updates per rollout batch, in two micro-batches each. */
export function toyConfig({ seed, steps }: ToyOptions): RunConfig {
  const base = defaultConfig();
  return {
    ...base,
    seed,
    steps,
    prompt: { ...base.prompt, system: 'x', maxTokens: 100 },
    sampling: { ...base.sampling, promptsPerBatch: 4, groupSize: 4, maxCompletionTokens: 12 },
    loss: { ...base.loss, klCoefficient: 0.01 },
    optimizer: { ...base.optimizer, learningRate: 1e-3 },
    update: { ...base.update, miniBatches: 2, microBatchSize: 4 },
  };
}

export function toyEnvironment(
  learner: Learner,
  reference: FrozenPolicy | null,
  options: ToyOptions,
  host: Pick<BenchHost, 'breathe'>,
): StepEnvironment {
  return {
    config: toyConfig(options),
    learner,
    reference,
    tokenizer: toyTokenizer(options.vocabulary),
    cases: {
      count: 5,
      at: async (index) => ({
        id: `case-${index}`,
        line: index + 1,
        question: 'abcde'.slice(index),
        options: { A: 'f', B: 'g' },
        answer: 'A',
      }),
    },
    score: async ({ completion }) => rewardOf(completion),
    clock: () => 0,
    breathe: host.breathe,
    signal: { throwIfAborted: () => undefined },
    onPhase: () => undefined,
  };
}

function rewardOf(completion: string): ScoredCompletion {
  const letters = Array.from(completion);
  const share = letters.filter((letter) => letter === REWARDED).length / Math.max(1, letters.length);
  return { rewards: { share }, contributions: { share }, reward: share, gate: null, evidence: {} };
}

/** Ids from 2 on are the letters from `a` on; any other character takes the place of one of them. */
function toyTokenizer(vocabulary: number): Tokenizer {
  const letters = vocabulary - FIRST_LETTER;
  const a = 'a'.charCodeAt(0);
  const text = (id: number) => {
    if (id === EOS) return '<end>';
    return id === PAD ? '' : String.fromCharCode(a + id - FIRST_LETTER);
  };
  return {
    vocabularySize: vocabulary,
    eosTokenIds: [EOS],
    eosToken: '<end>',
    padTokenId: PAD,
    encode: (string) =>
      Array.from(
        string,
        (character) => FIRST_LETTER + ((character.codePointAt(0)! - a + 1000 * letters) % letters),
      ),
    decode: (ids) => ids.map(text).join(''),
    offsets: () => [],
    renderChat: (messages) => messages.map(({ content }) => content).join('\n'),
  };
}
