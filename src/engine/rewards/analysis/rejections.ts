/** The sentence that rejects an option best, and whether it gives a reason: objective (f) of docs/objectives.md. */
import { GENERIC_REASONS, REASON_OPENERS } from '../words/options';
import { hasCue } from './passage';
import type { Reasoning } from './reasoning';
import type { OptionStance } from './stances';
import { stem } from './stem';

export interface Rejection {
  readonly sentence: number;
  /** Options that the sentence mentions. */
  readonly options: number;
  readonly credit: number;
  /** The content words of the reason; null: there is no reason. */
  readonly reason: ReadonlySet<string> | null;
  /** What makes it a reason, for a person. */
  readonly basis: string;
}

const WITH_REASON = 1;
const WITHOUT_REASON = 0.5;
/** Two options in the sentence. */
const SHARED = 0.75;
/** More than two, reason or not. */
const LISTED = 0.25;
/** Content words that are a reason with a finding or an explanation, and by themselves. */
const FEW_WORDS = 2;
const MANY_WORDS = 5;
const SHORTEST_WORD = 3;
/** Jaccard index of reasons that are the same. */
const SAME_REASON = 0.8;

const GENERIC_STEMS: ReadonlySet<string> = new Set([...GENERIC_REASONS].map(stem));

/** `own`: stems of the option, no part of a reason. null: no sentence of its own words rejects it. */
export function bestRejection(
  reasoning: Reasoning,
  stances: readonly OptionStance[],
  own: ReadonlySet<string>,
): Rejection | null {
  let best: Rejection | null = null;
  for (const stance of stances) {
    if (stance.stance !== -1 || reasoning.sentences[stance.sentence]!.isCopied) continue;
    const rejection = weigh(reasoning, stance, own);
    if (best === null || rejection.credit > best.credit) best = rejection;
  }
  return best;
}

export function isSameReason(reason: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  let shared = 0;
  for (const word of reason) if (other.has(word)) shared++;
  return shared >= SAME_REASON * (reason.size + other.size - shared);
}

function weigh(
  reasoning: Reasoning,
  { sentence, options }: OptionStance,
  own: ReadonlySet<string>,
): Rejection {
  const { passage, sentences } = reasoning;
  const words = new Set<string>();
  addContent(reasoning, sentence, own, words);
  const next = sentences[sentence + 1];
  const continues =
    next !== undefined &&
    next.options.length === 0 &&
    REASON_OPENERS.has(passage.sentences[sentence + 1]!.opener);
  if (continues) addContent(reasoning, sentence + 1, own, words);

  const citesFinding = sentences[sentence]!.cited > 0 || (continues && next.cited > 0);
  const explains = hasCue(passage, sentence, 'explain');
  const basis =
    words.size >= FEW_WORDS && citesFinding
      ? 'with a finding of the case'
      : words.size >= FEW_WORDS && explains
        ? 'with an explanation'
        : words.size >= MANY_WORDS
          ? 'with content of its own'
          : '';
  const reason = basis === '' ? null : words;
  const credit =
    options > 2 ? LISTED : (reason === null ? WITHOUT_REASON : WITH_REASON) * (options === 2 ? SHARED : 1);
  return { sentence, options, credit, reason, basis };
}

/** The content words of a sentence that are neither the option's nor true of any option. */
function addContent(
  { passage: { tokens, sentences } }: Reasoning,
  sentence: number,
  own: ReadonlySet<string>,
  words: Set<string>,
): void {
  const { first, end } = sentences[sentence]!;
  for (let at = first; at < end; at++) {
    const { kind, word } = tokens[at]!;
    if (kind !== 'word' || word.isStop || word.lower.length < SHORTEST_WORD) continue;
    if (!own.has(word.stem) && !GENERIC_STEMS.has(word.stem)) words.add(word.stem);
  }
}
