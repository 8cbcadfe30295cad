/** What a text holds of each option, sentence by sentence: objective (f) of docs/objectives.md. */
import { CLAUSE_STARTS, OPTION_OPENERS, TURNING_WORDS } from '../words/options';
import type { CompiledCase } from './case';
import { CUE_BITS } from './lexicon';
import type { OptionMention } from './options';
import type { CueMention, Mention, Passage } from './passage';
import type { Reasoning } from './reasoning';
import type { Token } from './tokens';

/** 1 affirmed, -1 rejected, 0 mentioned. */
export type Stance = 1 | 0 | -1;

export interface OptionStance {
  readonly stance: Stance;
  readonly sentence: number;
  /** How many options the sentence mentions. */
  readonly options: number;
  /** null: the sentence continues the one before, which mentions the option. */
  readonly mention: Mention | null;
}

/** Per option, in the order of the text. Linear. */
export function readStances(compiled: CompiledCase, { passage, sentences }: Reasoning): OptionStance[][] {
  const stances = compiled.options.map((): OptionStance[] => []);
  const cues = stanceCues(passage);
  /** The only option of the sentence before, if there is just one. */
  let carried: number | null = null;
  sentences.forEach(({ options }, sentence) => {
    const [only] = options;
    if (only === undefined) {
      if (carried === null) return;
      if (OPTION_OPENERS.has(passage.sentences[sentence]!.opener)) {
        const stance = stanceOf(passage, cues[sentence]!);
        stances[carried]!.push({ stance, sentence, options: 1, mention: null });
      } else {
        carried = null;
      }
      return;
    }
    carried = options.length === 1 ? only.option : null;
    const each =
      options.length === 1
        ? [stanceOf(passage, cues[sentence]!)]
        : stancesByClause(passage, sentence, cues[sentence]!, options);
    options.forEach((mention, k) => {
      stances[mention.option]!.push({ stance: each[k]!, sentence, options: options.length, mention });
    });
  });
  return stances;
}

/** The last word on an option that is more than a mention. */
export function lastStance(stances: readonly OptionStance[]): OptionStance | undefined {
  return stances.filter(({ stance }) => stance !== 0).at(-1);
}

const STANCE_BITS = CUE_BITS.reject | CUE_BITS.affirm | CUE_BITS.affirmStrongly | CUE_BITS.compare;

/** Per sentence. */
function stanceCues({ cues, sentences }: Passage): CueMention[][] {
  const bySentence = sentences.map((): CueMention[] => []);
  for (const cue of cues) if ((cue.bit & STANCE_BITS) !== 0) bySentence[cue.sentence]!.push(cue);
  return bySentence;
}

/** A strong affirmation wins over a rejection, and a rejection over an affirmation. */
function stanceOf({ tokens }: Passage, cues: readonly CueMention[]): Stance {
  let rejects = false;
  let affirms = false;
  for (const { bit, first } of cues) {
    if (bit === CUE_BITS.reject) rejects = true;
    else if (bit === CUE_BITS.affirm) affirms = true;
    else if (bit === CUE_BITS.affirmStrongly && !isTurned(tokens, first)) return 1;
  }
  if (rejects) return -1;
  return affirms ? 1 : 0;
}

/** "Not the most likely": a turning word within two tokens before. */
function isTurned(tokens: readonly Token[], at: number): boolean {
  return [tokens[at - 1], tokens[at - 2]].some(
    (token) =>
      token !== undefined && (TURNING_WORDS.has(token.word.lower) || token.word.lower.endsWith("n't")),
  );
}

/**
 * Several options in a sentence: each takes the stance of its clause, else of the nearest clause
 * to the right, else to the left. A comparison rejects what is behind it.
 */
function stancesByClause(
  passage: Passage,
  sentence: number,
  cues: readonly CueMention[],
  options: readonly OptionMention[],
): Stance[] {
  const comparison = cues.find(({ bit }) => bit === CUE_BITS.compare);
  if (comparison !== undefined) {
    const before =
      stanceOf(
        passage,
        cues.filter(({ first }) => first < comparison.first),
      ) || 1;
    return options.map(({ first }) => (first > comparison.first ? -1 : before));
  }
  const { tokens, sentences } = passage;
  const { first, end } = sentences[sentence]!;
  const clauseOf = new Map<number, number>();
  const clauses: CueMention[][] = [[]];
  const cuesAt = new Map<number, CueMention[]>();
  for (const cue of cues) cuesAt.set(cue.first, [...(cuesAt.get(cue.first) ?? []), cue]);
  for (let at = first; at < end; at++) {
    if (tokens[at]!.text === ',' || CLAUSE_STARTS.has(tokens[at]!.word.lower)) clauses.push([]);
    clauseOf.set(at, clauses.length - 1);
    clauses.at(-1)!.push(...(cuesAt.get(at) ?? []));
  }
  const stances = clauses.map((clause) => stanceOf(passage, clause));
  return options.map((option) => {
    const clause = clauseOf.get(option.first)!;
    const right = stances.slice(clause).find((stance) => stance !== 0);
    const left = stances.slice(0, clause).reverse();
    return right ?? left.find((stance) => stance !== 0) ?? 0;
  });
}
