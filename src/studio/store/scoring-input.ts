/** What the scorer is asked about a rollout: its text as it was, or as the person edited it. */
import type { RolloutRecord, RunConfig, ScoringInput } from '../../protocol';

/** The settings of a run that scoring reads. */
export interface ScoringSettings {
  readonly tags: RunConfig['prompt']['tags'];
  readonly addOpeningTag: boolean;
  /** The tokenizer's end-of-sequence text. */
  readonly eos: string;
  /** Completion tokens that the run allows. */
  readonly limit: number;
}

/** Just what the trainer asked when it scored the rollout. */
export function recordedInput(rollout: RolloutRecord, settings: ScoringSettings): ScoringInput {
  const { limit, ...response } = settings;
  const { completion, completionTokens: tokens } = rollout;
  return { ...response, completion, case: rollout.case, length: { tokens, limit } };
}

/** With another text. Its tokens are not known here: they are taken in proportion to its characters. */
export function editedInput(recorded: ScoringInput, completion: string): ScoringInput {
  const { length, completion: original } = recorded;
  if (!length) return { ...recorded, completion };
  const tokens = original.length === 0 ? 0 : (length.tokens * completion.length) / original.length;
  return { ...recorded, completion, length: { ...length, tokens: Math.round(tokens) } };
}
