/**
 * A text read against its case: which sentences are copied, which findings they cite, which options
 * they mention. Objectives (d) to (i) of docs/objectives.md.
 */
import { LINK_OPENERS } from '../words/options';
import type { CompiledCase } from './case';
import { type Citations, findCitations } from './citations';
import { contentTokens, markCopied } from './copying';
import { findOptionMentions, type OptionMention } from './options';
import { hasCue, type Passage, readPassage } from './passage';
import type { Token } from './tokens';

export interface SentenceReading {
  /** Words and numbers. */
  readonly words: number;
  /** At least 60 % of them are copied from the question. */
  readonly isCopied: boolean;
  /** It draws an inference, or the next sentence draws one from it. */
  readonly isLinked: boolean;
  /** One per option. */
  readonly options: readonly OptionMention[];
  /** How many findings it cites. */
  readonly cited: number;
}

export interface Reasoning {
  readonly passage: Passage;
  /** Words and numbers. */
  readonly content: readonly Token[];
  /** Per word of `content`: 1 if copied from the question. */
  readonly copied: Uint8Array;
  readonly sentences: readonly SentenceReading[];
  /** Per finding of the case. */
  readonly citations: readonly Citations[];
}

/** Share of copied words that makes a sentence a copy. */
const COPIED_SHARE = 0.6;

export function readReasoning(compiled: CompiledCase, text: string): Reasoning {
  const passage = readPassage(text);
  const { tokens, stream, sentences } = passage;
  const occurrences = occurrencesByStem(tokens);
  const content = contentTokens(stream);
  const copied = markCopied(content, compiled.runs);
  const citations = findCitations(compiled, passage, occurrences);

  const words = new Uint32Array(sentences.length);
  const copies = new Uint32Array(sentences.length);
  content.forEach(({ sentence }, at) => {
    words[sentence]!++;
    copies[sentence]! += copied[at]!;
  });
  const cited = new Uint32Array(sentences.length);
  for (const finding of citations) for (const sentence of finding.keys()) cited[sentence]!++;
  const options = sentences.map((): OptionMention[] => []);
  for (const mention of findOptionMentions(compiled, passage, occurrences))
    options[mention.sentence]!.push(mention);

  const continues = (index: number): boolean =>
    index < sentences.length && LINK_OPENERS.has(sentences[index]!.opener) && hasCue(passage, index, 'link');
  return {
    passage,
    content,
    copied,
    citations,
    sentences: sentences.map((_, index) => ({
      words: words[index]!,
      isCopied: copies[index]! >= COPIED_SHARE * words[index]!,
      isLinked: hasCue(passage, index, 'link') || options[index]!.length > 0 || continues(index + 1),
      options: options[index]!,
      cited: cited[index]!,
    })),
  };
}

/** Stem → the indices of its tokens. */
function occurrencesByStem(tokens: readonly Token[]): Map<string, number[]> {
  const occurrences = new Map<string, number[]>();
  for (const { kind, word, index } of tokens) {
    if (kind !== 'word' && kind !== 'number') continue;
    const places = occurrences.get(word.stem);
    if (places) places.push(index);
    else occurrences.set(word.stem, [index]);
  }
  return occurrences;
}
