/**
 * q ~ P(Q): the next prompts of a run. Every pass over the dataset visits each case once, in an
 * order of its own that is a function of seed and pass; one cursor says where the run stands.
 */
import { type ClinicalCase, StudioError } from '../../protocol';
import { permutation } from '../random';
import type { StepEnvironment } from './environment';
import { renderPrompt } from './prompts';

export interface Prompt {
  readonly case: ClinicalCase;
  readonly text: string;
  readonly tokens: readonly number[];
}

export interface DrawnPrompts {
  readonly prompts: readonly Prompt[];
  /** Where the next draw begins: cases visited since the run's start, over all passes. */
  readonly cursor: number;
  /** Cases passed over because their prompt is too long. */
  readonly tooLong: number;
}

/**
 * `promptsPerBatch` prompts from `cursor` on. A prompt must keep `prompt.maxTokens` and leave room for
 * the longest completion in the policy's context. Throws `no-prompt-fits` when a whole pass finds none.
 */
export async function drawPrompts(
  { cases, tokenizer, config, learner }: Pick<StepEnvironment, 'cases' | 'tokenizer' | 'config' | 'learner'>,
  cursor: number,
): Promise<DrawnPrompts> {
  const longest = learner.config.maxPositions - config.sampling.maxCompletionTokens;
  const prompts: Prompt[] = [];
  let next = cursor;
  let pass = -1;
  let order: Uint32Array = new Uint32Array(0);
  let skippedInARow = 0;
  while (prompts.length < config.sampling.promptsPerBatch) {
    if (skippedInARow === cases.count)
      throw nothingFits(cases.count, Math.min(config.prompt.maxTokens, longest));
    if (Math.floor(next / cases.count) !== pass) {
      pass = Math.floor(next / cases.count);
      order = permutation(config.seed, 'promptOrder', pass, cases.count);
    }
    const clinicalCase = await cases.at(order[next++ % cases.count]!);
    const { text, tokens, tooLong } = renderPrompt(clinicalCase, config.prompt, tokenizer);
    const fits = !tooLong && tokens.length <= longest;
    skippedInARow = fits ? 0 : skippedInARow + 1;
    if (fits) prompts.push({ case: clinicalCase, text, tokens });
  }
  return { prompts, cursor: next, tooLong: next - cursor - prompts.length };
}

function nothingFits(count: number, limit: number): StudioError {
  return new StudioError({
    boundary: 'data',
    code: 'no-prompt-fits',
    message:
      count === 0
        ? 'The dataset has no labelled case; expected at least one.'
        : `Expected prompts of at most ${limit} tokens (prompt.maxTokens, and room for sampling.maxCompletionTokens in the model’s context); all ${count} labelled cases have longer ones.`,
    action:
      'Raise prompt.maxTokens, lower sampling.maxCompletionTokens, shorten the system prompt, or choose other cases.',
  });
}
