/**
 * Completions → rewards: r_i = Σ_k w_k r_k(o_i), by rules alone. Each completion is handed to the scorer
 * as soon as it ends, while the others are still being sampled. An objective that throws leaves its
 * rollout unscored, with the message: outside the group's baseline, advantage 0, never a reward of 0.
 */
import { type ScoredCase, type ScoredCompletion, toErrorRecord } from '../../protocol';
import type { Tokenizer } from '../tokenizer';
import type { Prompt } from './draw';
import { breathe, type StepEnvironment } from './environment';
import type { Completion } from './learner';
import type { SampledRollout } from './rollout';

type Scored = Pick<ScoredCompletion, 'rewards' | 'contributions' | 'reward'> & {
  readonly text: string;
  /** Why there is no reward. */
  readonly unscored?: string;
};

export type ScoredRollout = SampledRollout & Scored;

/** Rewards that are being worked out, by row of the rollout batch. */
export interface RewardsUnderWay {
  /** Row `row` has ended. */
  begin(row: number, prompt: Prompt, completion: Completion): void;
  /** The rollouts with their rewards; every row must have begun. */
  all(rollouts: readonly SampledRollout[]): Promise<ScoredRollout[]>;
}

export function startScoring(environment: StepEnvironment): RewardsUnderWay {
  const underWay = new Map<number, Promise<Scored>>();
  return {
    begin(row, prompt, completion) {
      underWay.set(row, scoreOne(environment, prompt, completion));
    },
    async all(rollouts) {
      const scored: ScoredRollout[] = [];
      for (const [row, rollout] of rollouts.entries()) {
        scored.push({ ...rollout, ...(await underWay.get(row)!) });
        environment.onPhase('score', scored.length, rollouts.length);
        await breathe(environment);
      }
      return scored;
    },
  };
}

/** The completion as text, without its stop token; other special tokens stay visible. */
export function completionText(tokens: readonly number[], truncated: boolean, tokenizer: Tokenizer): string {
  return tokenizer.decode(tokens.slice(0, truncated ? tokens.length : -1), { skipSpecial: false });
}

/** What objectives may see of a case. */
export function scoredCase({ question, options, answer, openAnswer }: ScoredCase): ScoredCase {
  return { question, options, answer, ...(openAnswer !== undefined && { openAnswer }) };
}

/** Never rejects: the scorer may be another thread, and its failures are part of the result. */
async function scoreOne(
  { tokenizer, config, score }: StepEnvironment,
  prompt: Prompt,
  { tokens, truncated }: Completion,
): Promise<Scored> {
  const text = completionText(tokens, truncated, tokenizer);
  const { tags, addOpeningTag } = config.prompt;
  try {
    const { rewards, contributions, reward } = await score(
      {
        completion: text,
        case: scoredCase(prompt.case),
        tags,
        addOpeningTag,
        eos: tokenizer.eosToken,
        length: { tokens: tokens.length, limit: config.sampling.maxCompletionTokens },
      },
      config.rewards,
    );
    if (reward !== null && !Number.isFinite(reward)) throw new Error(`the reward is ${reward}`);
    const unscored = reward === null ? { unscored: 'The case has no gold answer.' } : {};
    return { text, rewards, contributions, reward, ...unscored };
  } catch (error) {
    return { text, rewards: {}, contributions: {}, reward: null, unscored: toErrorRecord(error).message };
  }
}
