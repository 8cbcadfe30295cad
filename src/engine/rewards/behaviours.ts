/**
 * Behaviours: objective (h) of docs/objectives.md. Sentences that verify, backtrack, set subgoals or
 * chain backwards, after the judge prompts of Clinical-R1's released evaluation. Easy to game:
 * meant for reporting, with a small weight or none.
 */
import type { EvidenceItem } from '../../protocol/scoring';
import { hasCue, sentenceKey, sentenceSpan } from './analysis/passage';
import type { Reasoning } from './analysis/reasoning';
import { analyseResponse } from './analysis/response';
import { figure, itemisedEvidence } from './evidence';
import type { Objective } from './objective';
import type { Behaviour } from './words/behaviours';

/** What a sentence must name to count: nothing; the case; the case or a hypothesis about it. */
type Anchor = 'none' | 'case' | 'hypothesis';

interface BehaviourRule {
  readonly behaviour: Behaviour;
  readonly label: string;
  /** Sentences that count, at most. */
  readonly cap: number;
  readonly anchor: Anchor;
}

const RULES: readonly BehaviourRule[] = [
  { behaviour: 'verification', label: 'verification', cap: 2, anchor: 'case' },
  { behaviour: 'backtracking', label: 'backtracking', cap: 2, anchor: 'none' },
  { behaviour: 'subgoals', label: 'subgoal', cap: 4, anchor: 'none' },
  { behaviour: 'backwardChaining', label: 'backward chaining', cap: 2, anchor: 'hypothesis' },
];
const CAPS = RULES.reduce((sum, { cap }) => sum + cap, 0);
/** Words of a sentence that counts, at least. */
const MIN_WORDS = 4;

export const behaviours: Objective = {
  descriptor: {
    name: 'behaviours',
    label: 'Reasoning behaviours',
    help: 'Sentences that verify (up to 2), backtrack (2), set subgoals (4) or chain backwards (2), out of 10.',
    aim: 'comprehensiveness',
    min: 0,
    max: 1,
    source:
      'This project’s own rule (h), docs/objectives.md, after cognitive_behavior_evaluation.py of Clinical-R1',
  },
  score(response, scoredCase) {
    const { reasoning, inCompletion } = analyseResponse(response, scoredCase);
    const found = RULES.map((rule) => ({ rule, sentences: sentencesShowing(reasoning, rule) }));
    const items = found.flatMap(({ rule, sentences }) =>
      sentences.map(
        (sentence, index): EvidenceItem => ({
          kind: rule.behaviour === 'backwardChaining' ? 'backward-chaining' : rule.behaviour,
          label: rule.label,
          value: index < rule.cap ? 1 : 0,
          ...(index >= rule.cap && { reason: `at most ${rule.cap} count` }),
          completion: inCompletion(sentenceSpan(reasoning.passage, sentence)),
        }),
      ),
    );
    const sum = found.reduce((total, { rule, sentences }) => total + Math.min(sentences.length, rule.cap), 0);
    const value = sum / CAPS;
    const parts = found.map(({ rule, sentences }) => `min(${sentences.length}, ${rule.cap})`).join(' + ');
    return {
      value,
      evidence: itemisedEvidence({
        rule: items.length === 0 ? 'none' : 'counted',
        counts: Object.fromEntries(found.map(({ rule, sentences }) => [rule.behaviour, sentences.length])),
        items,
        arithmetic: `(${parts}) / ${CAPS} = ${figure(value)}`,
      }),
    };
  },
};

/** Long enough, not copied, anchored, and unlike every one before. */
function sentencesShowing(reasoning: Reasoning, { behaviour, anchor }: BehaviourRule): number[] {
  const { passage, sentences } = reasoning;
  const hypotheses = new Set(anchor === 'hypothesis' ? passage.concepts.map(({ sentence }) => sentence) : []);
  const seen = new Set<string>();
  const showing: number[] = [];
  sentences.forEach(({ words, isCopied, cited, options }, index) => {
    if (!hasCue(passage, index, behaviour) || isCopied || words < MIN_WORDS) return;
    if (anchor !== 'none' && cited === 0 && options.length === 0 && !hypotheses.has(index)) return;
    const key = sentenceKey(passage, index, false);
    if (seen.has(key)) return;
    seen.add(key);
    showing.push(index);
  });
  return showing;
}
