/** An objective under way, scored alone on a text of the person's choice, by the scorer as in a run. */
import { useMemo, useState } from 'react';
import type { CustomObjective, ErrorRecord, Evidence, RunConfig, ScoringInput } from '../../../protocol';
import { customProblems } from '../../store/customObjectives';
import { useStudio } from '../context';
import { useScored } from '../rollouts/useScored';

/** The name is not part of what is tried: it may still be missing. */
const NAME = 'trial';
/** Waits for a pause in typing. */
const DELAY_MS = 200;
/** Where no model is loaded that would say its own. */
const ANY_EOS = '<|im_end|>';

const TAG_NAMES = { think: ['think', 'answer'], dx: ['dx', 'conclusion'] } as const;

export interface Trial {
  readonly text: string;
  readonly setText: (text: string) => void;
  readonly input: ScoringInput;
  readonly rewards: RunConfig['rewards'];
  /** What was found, and the text it was found in; null: nothing scored yet, or the definition is not whole. */
  readonly found: { readonly text: string; readonly evidence: Evidence } | null;
  readonly error: ErrorRecord | null;
}

export function useTrial(definition: CustomObjective, draft: RunConfig): Trial {
  const newest = useStudio((state) => state.rollouts.at(-1)?.completion);
  const eos = useStudio((state) => state.model?.eosToken) || ANY_EOS;
  const { tags, addOpeningTag } = draft.prompt;
  const [text, setText] = useState(newest ?? example(tags, addOpeningTag));
  const input = useMemo<ScoringInput>(
    () => ({ completion: text, tags, addOpeningTag, eos, case: { question: '', options: {}, answer: null } }),
    [text, tags, addOpeningTag, eos],
  );
  const { rewards: all } = draft;
  const rewards = useMemo(
    () => ({ ...all, weights: {}, custom: [{ ...definition, name: NAME }] }),
    [all, definition],
  );
  const whole = customProblems(rewards.custom[0], new Set()).size === 0;
  const scoring = useScored(NAME, whole ? input : null, rewards, DELAY_MS);
  const evidence = scoring.scored?.evidence[NAME];
  const found = scoring.input && evidence ? { text: scoring.input.completion, evidence } : null;
  return { text, setText, input, rewards, found, error: scoring.error };
}

/** Until a rollout can be had: a response in the run's tags. */
function example(tags: RunConfig['prompt']['tags'], addOpeningTag: boolean): string {
  const [reasoning, conclusion] = TAG_NAMES[tags];
  const opening = addOpeningTag ? '' : `<${reasoning}>`;
  return (
    `${opening}Fever and a stiff neck suggest meningitis. It is possible that a virus causes it, maybe ` +
    `an enterovirus; the low glucose speaks against that.</${reasoning}>\n` +
    `<${conclusion}>Bacterial meningitis is more likely: \\boxed{B}</${conclusion}>`
  );
}
