/**
 * Completions → rewards: r_i = Σ_k w_k r_k(o_i), by rules alone. An objective that throws leaves its
 * rollout unscored, with the message: outside the group's baseline, advantage 0, never a reward of 0.
 */
import { type ObjectiveValues, type RunConfig, toErrorRecord } from '../../protocol';
import type { Tokenizer } from '../tokenizer';
import type { Prompt } from './draw';
import { breathe, type StepEnvironment } from './environment';
import type { SampledRollout } from './rollout';

export interface ScoredRollout extends SampledRollout {
  readonly text: string;
  readonly rewards: ObjectiveValues;
  /** null: unscored. */
  readonly reward: number | null;
  /** Why there is no reward. */
  readonly unscored?: string;
}

export async function scoreRollouts(
  environment: StepEnvironment,
  rollouts: readonly SampledRollout[],
): Promise<ScoredRollout[]> {
  const scored: ScoredRollout[] = [];
  for (const rollout of rollouts) {
    const text = completionText(rollout.completionTokens, rollout.truncated, environment.tokenizer);
    scored.push({ ...rollout, text, ...scoreText(environment, rollout.prompt, text, environment.config) });
    environment.onPhase('score', scored.length, rollouts.length);
    await breathe(environment);
  }
  return scored;
}

/** The completion as text, without its stop token; other special tokens stay visible. */
export function completionText(tokens: readonly number[], truncated: boolean, tokenizer: Tokenizer): string {
  return tokenizer.decode(tokens.slice(0, truncated ? tokens.length : -1), { skipSpecial: false });
}

function scoreText(
  environment: StepEnvironment,
  prompt: Prompt,
  completion: string,
  { prompt: { tags, addOpeningTag }, rewards }: RunConfig,
): Pick<ScoredRollout, 'rewards' | 'reward' | 'unscored'> {
  const input = { completion, case: prompt.case, tags, addOpeningTag, eos: environment.tokenizer.eosToken };
  try {
    const score = environment.score(input, rewards);
    if (score.reward !== null && !Number.isFinite(score.reward))
      throw new Error(`the reward is ${score.reward}`);
    return score.reward === null ? { ...score, unscored: 'The case has no gold answer.' } : score;
  } catch (error) {
    return { rewards: {}, reward: null, unscored: toErrorRecord(error).message };
  }
}
