/**
 * How good a policy is on a dataset: one greedy completion per case, scored by the same rules that
 * train it. Every case counts in `total`, also one that cannot be answered: a prompt that leaves no
 * room for a completion in the policy's context has an empty one. Correct is correct/total; the
 * share among parsable answers, which the released code of Clinical-R1 reports, is correct/parsable.
 */
import { type ClinicalCase, type EvaluationRecord, StudioError } from '../../protocol';
import type { Pausable, StepEnvironment } from '../crpo/environment';
import { renderPrompt } from '../crpo/prompts';
import { type Completion, generate } from '../crpo/rollout';
import { greedyToken } from '../crpo/sampling';
import { completionText } from '../crpo/score';
import { mean } from '../crpo/statistics';
import { extractAnswer } from '../rewards';

export interface EvaluationEnvironment
  extends Pausable,
    Pick<StepEnvironment, 'config' | 'policy' | 'tokenizer' | 'cases' | 'score'> {
  /** After each batch, with the scores of the cases so far. */
  onProgress(done: number, total: number, partial: EvaluationRecord): void;
}

export interface EvaluationTask {
  readonly datasetName: string;
  /** Updates that the policy has had; for the record. */
  readonly step: number;
  /** Only the first cases; null: all. */
  readonly limit: number | null;
}

/** Cases are decoded `promptsPerBatch` · `groupSize` at a time, as in training. What an objective throws, this throws. */
export async function evaluate(
  environment: EvaluationEnvironment,
  task: EvaluationTask,
): Promise<EvaluationRecord> {
  const { cases, config } = environment;
  const total = Math.min(cases.count, task.limit ?? cases.count);
  if (total === 0) throw noCase();
  const batchSize = config.sampling.promptsPerBatch * config.sampling.groupSize;
  const answers: Answer[] = [];
  let record: EvaluationRecord;
  do {
    const indices = Array.from(
      { length: Math.min(batchSize, total - answers.length) },
      (_, row) => answers.length + row,
    );
    const batch = await Promise.all(indices.map((index) => cases.at(index)));
    answers.push(...(await answerAll(environment, batch)));
    record = summary(answers, task);
    environment.onProgress(answers.length, total, record);
  } while (answers.length < total);
  return record;
}

/** What the policy said about one case, and what that earned. */
interface Answer {
  readonly correct: boolean;
  readonly parsable: boolean;
  readonly rewards: Readonly<Record<string, number | null>>;
  readonly reward: number | null;
  readonly tokens: number;
  readonly truncated: boolean;
}

const EMPTY: Completion = { tokens: [], logprobs: new Float32Array(0), truncated: true };

async function answerAll(
  environment: EvaluationEnvironment,
  cases: readonly ClinicalCase[],
): Promise<Answer[]> {
  const { config, policy, tokenizer } = environment;
  const { maxCompletionTokens } = config.sampling;
  const prompts = cases.map((each) => renderPrompt(each, config.prompt, tokenizer).tokens);
  const longest = policy.config.maxPositions - maxCompletionTokens;
  const fitting = prompts.filter(({ length }) => length <= longest);
  const settings = {
    maxTokens: maxCompletionTokens,
    stopTokens: tokenizer.eosTokenIds,
    padToken: tokenizer.padTokenId,
    // At temperature 0 the choice is certain.
    choose: (_row: number, _position: number, logits: Float32Array) => ({
      token: greedyToken(logits),
      logprob: 0,
    }),
    onToken: () => undefined,
  };
  const completions = fitting.length === 0 ? [] : await generate(policy, fitting, settings, environment);
  return cases.map((each, row) => {
    const completion = prompts[row]!.length <= longest ? completions.shift()! : EMPTY;
    return judged(environment, each, completion);
  });
}

function judged(
  environment: EvaluationEnvironment,
  clinicalCase: ClinicalCase,
  { tokens, truncated }: Completion,
): Answer {
  const { config, tokenizer } = environment;
  const { tags, addOpeningTag } = config.prompt;
  const response = { tags, addOpeningTag, eos: tokenizer.eosToken };
  const completion = completionText(tokens, truncated, tokenizer);
  const letter = extractAnswer(completion, response);
  const { rewards, reward } = environment.score(
    { ...response, completion, case: clinicalCase },
    config.rewards,
  );
  return {
    correct: letter !== null && letter === clinicalCase.answer,
    parsable: letter !== null && Object.hasOwn(clinicalCase.options, letter),
    rewards,
    reward,
    tokens: tokens.length,
    truncated,
  };
}

function summary(answers: readonly Answer[], { datasetName, step }: EvaluationTask): EvaluationRecord {
  const count = (holds: (answer: Answer) => boolean): number => answers.filter(holds).length;
  const objectives = [...new Set(answers.flatMap(({ rewards }) => Object.keys(rewards)))].map((objective) => {
    const values = answers.flatMap(({ rewards }) => rewards[objective] ?? []);
    return [objective, values.length === 0 ? null : mean(values)] as const;
  });
  return {
    datasetName,
    step,
    total: answers.length,
    parsable: count(({ parsable }) => parsable),
    correct: count(({ correct }) => correct),
    objectives: Object.fromEntries(objectives),
    reward: mean(answers.flatMap(({ reward }) => reward ?? [])),
    meanTokens: mean(answers.map(({ tokens }) => tokens)),
    truncated: count(({ truncated }) => truncated),
  };
}

function noCase(): StudioError {
  return new StudioError({
    boundary: 'data',
    code: 'nothing-to-evaluate',
    message: 'Expected at least one labelled case to evaluate, received none.',
    action: 'Choose a dataset with gold answers, and a limit above 0.',
  });
}
