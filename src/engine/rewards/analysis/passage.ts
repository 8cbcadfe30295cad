/**
 * A text, read once: its tokens and sentences, and what the word data finds in them. Everything that
 * objectives (d) to (i) ask of a question, an option or a completion starts here. Linear.
 */
import type { TextSpan } from '../../../protocol/scoring';
import type { ConceptId, ConceptKind } from '../words/concepts';
import { CUE_BITS, type Cue, type Measure } from './lexicon';
import { markDenied } from './negation';
import { type NormalisedText, normalise } from './normalise';
import type { NumberMention } from './number-mentions';
import { readNumbers } from './numbers';
import { longestMatch, matchEnd, sameStem, sameWordOrStem } from './phrase-table';
import { type Sentence, splitSentences } from './sentences';
import { type Token, tokenise } from './tokens';

/** Characters of the text that a label shows at most. */
export const MAX_LABEL = 80;

/** Indices of tokens, both inclusive, within one sentence. */
export interface Mention {
  readonly first: number;
  readonly last: number;
  readonly sentence: number;
}

export interface ConceptMention extends Mention {
  readonly id: ConceptId;
  readonly kind: ConceptKind;
  readonly denied: boolean;
}

/** The label of a vital sign or laboratory value, at [from, to) of the word stream. */
export interface MeasureMention extends Mention {
  readonly measure: Measure;
  readonly from: number;
  readonly to: number;
}

/** A word sequence of words/cues.ts or words/behaviours.ts. */
export interface CueMention {
  readonly bit: number;
  readonly first: number;
  readonly sentence: number;
}

export interface Passage {
  readonly normalised: NormalisedText;
  readonly tokens: readonly Token[];
  /** Without hyphens and line feeds, so that 45-year-old is 45 year old. */
  readonly stream: readonly Token[];
  readonly sentences: readonly Sentence[];
  readonly concepts: readonly ConceptMention[];
  readonly measures: readonly MeasureMention[];
  readonly cues: readonly CueMention[];
  /** Per sentence: the bits of its cues. */
  readonly sentenceCues: Int32Array;
  /** Per token: 1 if a denial reaches it. */
  readonly denied: Uint8Array;
  readonly numbers: readonly NumberMention[];
  /** Per token: 1 for a number that belongs to a reference range. */
  readonly inReferenceRange: Uint8Array;
}

export function readPassage(text: string): Passage {
  const normalised = normalise(text);
  const { tokens, stream } = tokenise(normalised.text);
  const sentences = splitSentences(tokens);
  const denied = markDenied(tokens, stream);
  const measures = findMeasures(stream);
  const cues = findCues(stream, sentences);
  const sentenceCues = new Int32Array(sentences.length);
  for (const { bit, sentence } of cues) sentenceCues[sentence]! |= bit;
  return {
    normalised,
    tokens,
    stream,
    sentences,
    concepts: findConcepts(stream, denied),
    measures,
    cues,
    sentenceCues,
    denied,
    ...readNumbers(tokens, stream, measures),
  };
}

export function hasCue(passage: Passage, sentence: number, cue: Cue): boolean {
  return (passage.sentenceCues[sentence]! & CUE_BITS[cue]) !== 0;
}

/** Where a mention stands in the text that the passage was read from. */
export function mentionSpan(passage: Passage, { first, last }: Pick<Mention, 'first' | 'last'>): TextSpan {
  return passage.normalised.toOriginal({
    start: passage.tokens[first]!.start,
    end: passage.tokens[last]!.end,
  });
}

/** The words of a mention as the text has them, cut to a label's length. */
export function mentionText(passage: Passage, { first, last }: Pick<Mention, 'first' | 'last'>): string {
  const { start, end } = mentionSpan(passage, { first, last });
  return passage.normalised.original.slice(start, Math.min(end, start + MAX_LABEL)).replace(/\s+/g, ' ');
}

/** Where a sentence stands in the text that the passage was read from, its line feed left out. */
export function sentenceSpan(passage: Passage, index: number): TextSpan {
  const { start, end } = passage.sentences[index]!;
  let last = end - 1;
  while (last > start.index && passage.tokens[last]!.kind === 'line') last--;
  return mentionSpan(passage, { first: start.index, last });
}

/** The same for sentences of the same words. */
export function sentenceKey({ tokens, sentences }: Passage, index: number, withNumbers: boolean): string {
  const { first, end } = sentences[index]!;
  let key = '';
  for (let at = first; at < end; at++) {
    const { kind, word } = tokens[at]!;
    if (kind === 'word' || (withNumbers && kind === 'number')) key += `${word.stem} `;
  }
  return key;
}

/** The longest forms, left to right, none overlapping another. */
function findConcepts(stream: readonly Token[], denied: Uint8Array): ConceptMention[] {
  const mentions: ConceptMention[] = [];
  let position = 0;
  while (position < stream.length) {
    const { word, index, sentence } = stream[position]!;
    const match = longestMatch(stream, position, word.concepts, sameStem);
    if (match === null) {
      position++;
      continue;
    }
    const { id, kind, denies } = match.value;
    const last = stream[match.end - 1]!.index;
    mentions.push({ id, kind, first: index, last, sentence, denied: denies || denied[index] === 1 });
    position = match.end;
  }
  return mentions;
}

function findMeasures(stream: readonly Token[]): MeasureMention[] {
  const mentions: MeasureMention[] = [];
  let position = 0;
  while (position < stream.length) {
    const { word, index, sentence } = stream[position]!;
    const match = longestMatch(stream, position, word.measures, sameStem);
    if (match === null) {
      position++;
      continue;
    }
    const last = stream[match.end - 1]!.index;
    mentions.push({ measure: match.value, first: index, last, sentence, from: position, to: match.end });
    position = match.end;
  }
  return mentions;
}

/** Every cue at every position: a word may be several. */
function findCues(stream: readonly Token[], sentences: readonly Sentence[]): CueMention[] {
  const mentions: CueMention[] = [];
  for (const token of stream) {
    if (token.word.cues === undefined) continue;
    for (const pattern of token.word.cues) {
      const { bit, startsSentence } = pattern.value;
      if (startsSentence && sentences[token.sentence]?.start !== token) continue;
      if (matchEnd(stream, token.position, pattern, sameWordOrStem) === -1) continue;
      mentions.push({ bit, first: token.index, sentence: token.sentence });
    }
  }
  return mentions;
}
