/**
 * A completion and its case → what it answers and what that earns, by the rules that train. The
 * policy's own completions and those made elsewhere are judged here.
 */
import type {
  AnswerOutcome,
  ClinicalCase,
  EvaluatedSample,
  RunConfig,
  ScoredCompletion,
  ScoringInput,
} from '../../protocol';
import { scoredCase } from '../crpo/score';
import { extractAnswer, extractOpenAnswer } from '../rewards';
import { normalizedAnswer } from '../rewards/accuracy';
import { countsOf } from './counts';

export interface GivenCompletion {
  readonly completion: string;
  /** null: made elsewhere, with another tokenizer. */
  readonly tokens: number | null;
  readonly truncated: boolean;
}

export interface Judge {
  readonly config: Pick<RunConfig, 'prompt' | 'rewards' | 'sampling'>;
  /** The tokenizer's end-of-sequence text. */
  readonly eos: string;
  score(input: ScoringInput, rewards: RunConfig['rewards']): Promise<ScoredCompletion>;
}

/** Rejects with what an objective throws. */
export async function judge(
  { config, eos, score }: Judge,
  clinicalCase: ClinicalCase,
  { completion, tokens, truncated }: GivenCompletion,
): Promise<EvaluatedSample> {
  const { tags, addOpeningTag } = config.prompt;
  const length = tokens === null ? {} : { length: { tokens, limit: config.sampling.maxCompletionTokens } };
  const response = { tags, addOpeningTag, eos };
  const { rewards, reward, evidence } = await score(
    { ...response, ...length, completion, case: scoredCase(clinicalCase) },
    config.rewards,
  );
  const { options, answer: goldLetter, openAnswer } = clinicalCase;
  const isOpen = goldLetter === null && openAnswer !== undefined;
  const read = isOpen ? extractOpenAnswer(completion, response) : extractAnswer(completion, response);
  const outcome = outcomeOf(read, isOpen ? null : options, evidence.accuracy?.rule);
  return {
    completion,
    outcome,
    answer: outcome === 'valid' ? read : null,
    correct: read !== null && read === (isOpen ? normalizedAnswer(openAnswer) : goldLetter),
    tokens,
    truncated,
    rewards,
    reward,
    counts: countsOf(evidence),
  };
}

const FAILURES: readonly string[] = ['no-box', 'several-boxes', 'box-not-closed'] satisfies AnswerOutcome[];

/** `rule` is the accuracy objective's, which says why nothing could be read. */
function outcomeOf(
  read: string | null,
  options: ClinicalCase['options'] | null,
  rule: string | undefined,
): AnswerOutcome {
  if (read !== null) return options === null || Object.hasOwn(options, read) ? 'valid' : 'not-an-option';
  return FAILURES.includes(rule ?? '') ? (rule as AnswerOutcome) : 'not-a-letter';
}
