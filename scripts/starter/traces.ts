/**
 * Reasoning about a case, written by rule: one careful reasoner and five sloppy ones. The cold start
 * imitates a mixture of them, as a base model holds good and bad habits side by side; what CRPO can
 * do is find out which habits earn reward. `MIXTURE` is part of the starter's card.
 */
import { TAGS } from '../../src/engine/rewards/tags';
import type { TagSet } from '../../src/protocol/config';
import { type Condition, findingsOf } from './conditions';
import type { Draws } from './draws';
import { listed, type Option, type Vignette } from './vignette';

/** Style → share of the cold start's traces. */
export const MIXTURE = {
  /** Cites findings, rejects wrong options with a reason, boxes the right letter. */
  careful: 0.54,
  /** Names an option at random, with hardly a reason. */
  hasty: 0.18,
  /** Boxes the right letter and a wrong one. */
  undecided: 0.09,
  /** Reasons well and forgets the box. */
  unboxed: 0.07,
  /** Names an option at random and leaves out the tags. */
  untagged: 0.09,
  /** Repeats itself until the limit; has no end. */
  looping: 0.03,
} as const;

export type TraceStyle = keyof typeof MIXTURE;

export interface Trace {
  readonly style: TraceStyle;
  readonly text: string;
  /** The end-of-text token follows. */
  readonly ends: boolean;
}

export function makeTrace(vignette: Vignette, style: TraceStyle, tags: TagSet, draws: Draws): Trace {
  switch (style) {
    case 'careful':
    case 'unboxed': {
      const box = style === 'careful' ? ` ${boxed(vignette.gold)}` : '';
      const text = inTags(tags, analysis(vignette, draws), `${conclusion(vignette, draws)}${box}`);
      return { style, text, ends: true };
    }
    case 'hasty': {
      const guess = draws.pick(vignette.options);
      const reasoning = `${draws.pick(['This looks like', 'This could be', 'Perhaps it is'])} ${named(guess)}.`;
      const text = inTags(tags, reasoning, `The guess is ${guess.text}. ${boxed(guess)}`);
      return { style, text, ends: true };
    }
    case 'undecided': {
      const other = draws.pick(vignette.options.filter((option) => option !== vignette.gold));
      const [first, second] = draws.shuffled([vignette.gold, other]);
      const reasoning = `This could be ${named(first!)} or ${named(second!)}.`;
      const text = inTags(tags, reasoning, `It is one of the two. ${boxed(first!)} ${boxed(second!)}`);
      return { style, text, ends: true };
    }
    case 'untagged': {
      const guess = draws.pick(vignette.options);
      return { style, text: `I think the answer is ${named(guess)}. ${boxed(guess)}`, ends: true };
    }
    case 'looping': {
      const sentence = `The patient has ${draws.pick(vignette.symptoms)}.`;
      return { style, text: `<${TAGS[tags].reasoning}>${Array(14).fill(sentence).join(' ')}`, ends: false };
    }
  }
}

export function drawStyle(draws: Draws): TraceStyle {
  return draws.weighted(MIXTURE);
}

function inTags(tags: TagSet, reasoning: string, summary: string): string {
  const { reasoning: inner, conclusion: outer } = TAGS[tags];
  return `<${inner}>${reasoning}</${inner}>\n<${outer}>${summary}</${outer}>`;
}

function boxed({ letter }: Option): string {
  return `\\boxed{${letter}}`;
}

/** `gout (B)`: the name first, because it is the name that decides the letter. */
function named({ letter, text }: Option): string {
  return `${text} (${letter})`;
}

/**
 * Findings and what they suggest; then the options in turn, each rejected with or without a reason,
 * up to the one that fits.
 */
function analysis(vignette: Vignette, draws: Draws): string {
  const { condition, gold, options, symptoms, signs, measured } = vignette;
  const cited = draws.shuffled([
    listed(symptoms),
    ...(signs.length > 0 ? [listed(signs)] : []),
    ...(measured !== null ? [`a ${measured.direction} ${measured.label} of ${measured.value}`] : []),
  ]);
  const sentences = [`The patient has ${cited[0]}, which suggests ${condition.name}.`];
  if (cited.length > 1 && draws.chance(0.6)) sentences.push(`The finding of ${cited[1]} supports this.`);
  const thorough = draws.chance(0.5);
  for (const option of options.slice(0, options.indexOf(gold)))
    sentences.push(rejection(option, vignette, thorough, draws));
  sentences.push(
    vignette.kind === 'diagnosis'
      ? `${named(gold)} fits best.`
      : `${named(gold)} is indicated because it treats ${condition.name}.`,
  );
  return sentences.join(' ');
}

function rejection(option: Option, vignette: Vignette, thorough: boolean, draws: Draws): string {
  const { kind, denied, patient } = vignette;
  const verdict = `${named(option)} ${kind === 'diagnosis' ? 'is unlikely' : 'is not indicated'}`;
  if (!thorough) return `${verdict}.`;
  const known = denied.find((symptom) => option.condition.symptoms.includes(symptom));
  const [first, second] = pickFindings(option.condition, vignette, draws);
  const reason =
    known !== undefined
      ? `${patient.pronoun} denies ${known}`
      : kind === 'diagnosis'
        ? `it usually causes ${first} and ${second}`
        : `it treats ${option.condition.name}`;
  return `${verdict} because ${reason}.`;
}

function conclusion({ kind, condition, gold, symptoms, signs }: Vignette, draws: Draws): string {
  const [first, second] = draws.shuffled([...symptoms, ...signs]);
  const support = `The ${first} and ${second} support ${condition.name}`;
  return kind === 'diagnosis' ? `${support}.` : `${support}, so the treatment is ${gold.text}.`;
}

/** Two findings of the condition, those that the vignette does not show first. */
function pickFindings(condition: Condition, { symptoms, signs }: Vignette, draws: Draws): [string, string] {
  const shown = [...symptoms, ...signs];
  const all = draws.shuffled(findingsOf(condition));
  const ordered = [
    ...all.filter((finding) => !shown.includes(finding)),
    ...all.filter((f) => shown.includes(f)),
  ];
  return [ordered[0]!, ordered[1]!];
}
