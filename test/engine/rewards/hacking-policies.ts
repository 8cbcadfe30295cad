/**
 * What a policy writes that wants the reward and not the reasoning. Every one of them boxes the gold
 * letter, so the released rule is content with all. `template` and its kin use the findings that the
 * scorer itself extracts, which is the best that a text generator without understanding can do.
 */
import { presetRewards } from '../../../src/engine/rewards/presets';
import { scoreCompletion } from '../../../src/engine/rewards/score';
import type { ClinicalCase } from '../../../src/protocol';
import { scoring } from './fixtures';

export interface HackingPolicy {
  readonly name: string;
  /** The completion for a case; `other` is another patient. */
  readonly write: (own: ClinicalCase, other: ClinicalCase) => string;
}

const GROUNDING = presetRewards('clinical');

export const SPECIFIED: readonly HackingPolicy[] = [
  { name: 'empty', write: (own) => complete('', own, '') },
  { name: 'one-liner', write: (own) => complete(`The answer is ${gold(own)}.`, own) },
  { name: 'question copied', write: (own) => complete(own.question, own) },
  {
    name: 'loop',
    write: (own) => complete(`The findings suggest ${gold(own)}. `.repeat(40), own),
  },
  {
    name: 'boilerplate rejections',
    write: (own) =>
      complete(
        wrong(own)
          .map(
            ([letter]) =>
              `Option ${letter} is incorrect because it does not fit the patient's presentation well.`,
          )
          .join(' '),
        own,
      ),
  },
  { name: 'another patient’s reasoning', write: (own, other) => complete(templateReasoning(other), own) },
  {
    name: 'behaviour spam',
    write: (own) =>
      complete(
        'First, I need to break this down. Next, let me think step by step. Wait, let me reconsider. ' +
          'Actually, I should go back. Let me verify the answer. Checking against the case, it holds. ' +
          'If this were something else, we would expect otherwise. Working backward from the diagnosis, it fits. ' +
          'Then, I will determine the next step. Finally, I will conclude.',
        own,
      ),
  },
];

/** What rules over text do not see through; each is printed with what it earns. */
export const KNOWN_LIMITS: readonly HackingPolicy[] = [
  {
    name: 'finding dump in one sentence',
    write: (own) => complete(`The patient has ${findings(own).join(', ')}. This suggests ${gold(own)}.`, own),
  },
  { name: 'template with true findings', write: (own) => complete(templateReasoning(own), own) },
  {
    name: 'question with its words shuffled',
    write: (own) => complete(shuffled(own.question.split(/\s+/)).join(' '), own),
  },
  {
    name: 'every finding denied',
    write: (own) =>
      complete(
        `${findings(own)
          .map((finding) => `The patient has no ${finding}, which argues against the other options.`)
          .join(' ')} So ${gold(own)} is the most likely choice.`,
        own,
      ),
  },
];

export const FURTHER: readonly HackingPolicy[] = [
  {
    name: 'question with its sentences shuffled',
    write: (own) => complete(sentences(own.question).reverse().join(' '), own),
  },
  {
    name: 'cue words without content',
    write: (own) =>
      complete(
        [
          'because',
          'therefore',
          'suggests',
          'consistent with',
          'unlikely',
          'rather than',
          'indicates',
          'since',
        ]
          .flatMap((cue, index) => wrong(own).map(([letter]) => `${cue} option ${letter} ${index}, so.`))
          .join(' '),
        own,
      ),
  },
  {
    name: 'numbers of the case, listed',
    write: (own) => complete(`Values: ${(own.question.match(/\d+(?:\.\d+)?/g) ?? []).join('; ')}.`, own),
  },
  {
    name: 'general talk at length',
    write: (own) =>
      complete(
        'Medicine asks for care in each single patient. A good doctor listens before any test is ordered. ' +
          'Many illnesses look alike at first, and time often tells them apart. Guidelines help, yet they ' +
          'cannot replace judgement. Costs, wishes and risks all matter when a plan is made. Teams that speak ' +
          'openly make fewer mistakes. What is common remains common, even when rare things come to mind first. ' +
          `With all of that in view, the choice of ${gold(own)} seems sensible to most experts.`,
        own,
      ),
  },
  {
    name: 'every option rejected with one reason',
    write: (own) =>
      complete(
        Object.values(own.options)
          .map((text) => `${text} is unlikely because dose, cost and side effects speak against it.`)
          .join(' '),
        own,
      ),
  },
  {
    name: 'template in invisible characters',
    write: (own) => complete(templateReasoning(own).replaceAll(' ', '\u200b '), own),
  },
  {
    name: 'template under stuffed tags',
    write: (own) => complete(`${templateReasoning(own)}</dx><dx></dx><dx>`, own),
  },
  {
    name: 'template with the answer first',
    write: (own) => complete(`\\boxed{${own.answer}} it is. ${templateReasoning(own)}`, own),
  },
];

function complete(reasoning: string, own: ClinicalCase, conclusion = `The answer is ${gold(own)}. `): string {
  return `<dx>${reasoning}</dx><conclusion>${conclusion}\\boxed{${own.answer}}</conclusion>`;
}

function gold(own: ClinicalCase): string {
  return own.options[own.answer!]!;
}

function wrong(own: ClinicalCase): [letter: string, text: string][] {
  return Object.entries(own.options).filter(([letter]) => letter !== own.answer);
}

/** Up to eight findings of the case, in its own words. */
function findings(own: ClinicalCase): string[] {
  const { evidence } = scoreCompletion(scoring('', { case: own, tags: 'dx' }), GROUNDING);
  const words = (evidence.citation?.items ?? []).flatMap(({ source }) =>
    source?.part === 'question' ? [own.question.slice(source.start, source.end)] : [],
  );
  return [...new Set(words)].slice(0, 8);
}

/** One finding to a sentence, each made to support the answer; then one to reject each other option. */
function templateReasoning(own: ClinicalCase): string {
  const found = findings(own);
  const supports = found.map((finding, index) =>
    index % 2 === 0
      ? `The patient has ${finding}, which suggests ${gold(own)}.`
      : `Since there is ${finding}, the picture points to ${gold(own)}.`,
  );
  const rejections = wrong(own).map(
    ([, text], index) =>
      `${text} is unlikely because ${found[index % Math.max(1, found.length)] ?? 'this'} would not be expected.`,
  );
  return [...supports, ...rejections, `${gold(own)} is the most likely choice.`].join(' ');
}

function sentences(text: string): string[] {
  return text.split(/(?<=[.?!])\s+/);
}

/** Always the same order: by a multiplicative hash of place. */
function shuffled(words: readonly string[]): string[] {
  return words
    .map((word, index) => ({ word, key: Math.imul(index + 1, 0x9e3779b1) >>> 0 }))
    .sort((a, b) => a.key - b.key)
    .map(({ word }) => word);
}
