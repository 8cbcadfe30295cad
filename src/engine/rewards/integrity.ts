/**
 * Integrity: objective (i) of docs/objectives.md. A factor that falls with each sign of gaming:
 * repetition, copying, emptiness, an answer before the reasoning, stuffed tags and so on.
 */
import type { EvidenceItem, ScoredCase, TextSpan } from '../../protocol/scoring';
import { findAnswerStatements } from './analysis/answers';
import { readRuns } from './analysis/copying';
import { mentionSpan, readPassage, sentenceKey, sentenceSpan } from './analysis/passage';
import { type AnalysedResponse, analyseResponse } from './analysis/response';
import { findBoxCommands } from './boxes';
import { figure, itemisedEvidence } from './evidence';
import type { Objective } from './objective';
import type { Span } from './python-text';
import type { Response } from './response';

/** Bounds between which a penalty grows from 0 to 1. */
interface Ramp {
  readonly from: number;
  readonly to: number;
}

/** Share of word 4-grams that repeat others, in a reasoning of so many words. */
const REPETITION = { from: 0.2, to: 0.6, run: 4, minWords: 40 };
/** Share of sentences, of so many words, that repeat others. */
const DUPLICATES = { from: 0.1, to: 0.5, minWords: 4 };
/** Share of words in eight-word runs of the question. */
const COPYING: Ramp = { from: 0.3, to: 0.8 };
/** Different content words: below the first full penalty, above the second none. */
const CONTENT: Ramp = { from: 10, to: 30 };
/** Words before the first tag that pass. */
const PREAMBLE_WORDS = 15;
const EARLY_ANSWER = 0.5;
/** An answer is early in so many sentences, if there are more. */
const EARLY_SENTENCES = 2;
/** Extra tags that make a full penalty. */
const EXTRA_TAGS = 2;
/** Invisible characters that pass. */
const INVISIBLE = 2;
/** Share of the token limit. */
const LENGTH: Ramp = { from: 0.8, to: 1 };

export const integrity: Objective = {
  descriptor: {
    name: 'integrity',
    label: 'Integrity',
    help:
      'A product of factors, 1 for a clean response: less for repetition, copying, too little content, an answer ' +
      'before the reasoning, repeated tags, boxes in the reasoning, several answers, invisible characters, over-length.',
    aim: 'form',
    min: 0,
    max: 1,
    source: 'This project’s own rule (i), docs/objectives.md',
  },
  score(response, scoredCase) {
    const analysed = analyseResponse(response, scoredCase);
    const items = PENALTIES.map((penalty) => penalty(analysed, response, scoredCase)).filter(
      ({ value }) => value > 0,
    );
    const value = items.reduce((product, { value: penalty }) => product * (1 - penalty), 1);
    const factors = items.map(({ value: penalty }) => `(1 - ${figure(penalty)})`).join(' × ');
    return {
      value,
      evidence: itemisedEvidence({
        rule: items.length === 0 ? 'clean' : 'penalties',
        counts: { penalties: items.length },
        items,
        arithmetic: items.length === 0 ? 'no penalty: 1' : `${factors} = ${figure(value)}`,
      }),
    };
  },
};

type Penalty = (analysed: AnalysedResponse, response: Response, scoredCase: ScoredCase) => EvidenceItem;

const PENALTIES: readonly Penalty[] = [
  repetition,
  duplicateSentences,
  copying,
  tooLittle,
  earlyAnswer,
  repeatedTags,
  boxInReasoning,
  severalAnswers,
  invisibleCharacters,
  overLength,
];

function penalty(kind: string, value: number, reason: string, completion?: TextSpan): EvidenceItem {
  return { kind, label: kind.replaceAll('-', ' '), value, reason, ...(completion && { completion }) };
}

function ramp(value: number, { from, to }: Ramp): number {
  return Math.min(1, Math.max(0, (value - from) / (to - from)));
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

function repetition({ reasoning: { content } }: AnalysedResponse): EvidenceItem {
  const { run, minWords } = REPETITION;
  const share =
    content.length < minWords ? 0 : 1 - readRuns(content, run).distinct / (content.length - run + 1);
  return penalty(
    'repetition',
    ramp(share, REPETITION),
    `${percent(share)} of its four-word runs repeat others`,
  );
}

function duplicateSentences({ reasoning, inCompletion }: AnalysedResponse): EvidenceItem {
  const { passage, sentences } = reasoning;
  const seen = new Set<string>();
  let counted = 0;
  let duplicates = 0;
  let first: number | null = null;
  sentences.forEach(({ words }, index) => {
    if (words < DUPLICATES.minWords) return;
    counted++;
    const key = sentenceKey(passage, index, true);
    if (seen.has(key)) {
      duplicates++;
      first ??= index;
    }
    seen.add(key);
  });
  const share = counted === 0 ? 0 : duplicates / counted;
  const place = first === null ? undefined : inCompletion(sentenceSpan(passage, first));
  return penalty(
    'duplicate-sentences',
    ramp(share, DUPLICATES),
    `${duplicates} of ${counted} sentences repeat others`,
    place,
  );
}

function copying({ reasoning: { content, copied } }: AnalysedResponse): EvidenceItem {
  const copies = copied.reduce((sum, flag) => sum + flag, 0);
  const share = content.length === 0 ? 0 : copies / content.length;
  return penalty(
    'copying',
    ramp(share, COPYING),
    `${percent(share)} of its words are copied from the question`,
  );
}

function tooLittle({ reasoning: { content } }: AnalysedResponse): EvidenceItem {
  const stems = new Set(
    content.filter(({ kind, word }) => kind === 'word' && !word.isStop).map(({ word }) => word.stem),
  );
  const reason = `${stems.size} different content words; ${CONTENT.to} are enough`;
  return penalty('too-little-content', 1 - ramp(stems.size, CONTENT), reason);
}

/** Before the first tag, or in the first two sentences of more. */
function earlyAnswer(analysed: AnalysedResponse, response: Response): EvidenceItem {
  const { compiled, sections, inCompletion } = analysed;
  const preamble = response.text.slice(sections.preamble.start, sections.preamble.end);
  const words = preamble.split(/\s+/).filter((word) => word !== '').length;
  const span = spanOf(response, sections.preamble);
  if (words > PREAMBLE_WORDS) return penalty('early-answer', 1, `${words} words before the first tag`, span);
  if (words > 0 && answersIn(preamble, compiled.letters)) {
    return penalty('early-answer', 1, 'an answer before the first tag', span);
  }
  const answer = answerInOpening(analysed);
  if (answer !== null) {
    return penalty(
      'early-answer',
      EARLY_ANSWER,
      'an answer in the first two sentences',
      inCompletion(answer),
    );
  }
  return penalty('early-answer', 0, '');
}

function answersIn(text: string, letters: ReadonlyMap<string, number>): boolean {
  if (findBoxCommands(text, 0).count > 0) return true;
  return findAnswerStatements(readPassage(text).stream, letters).length > 0;
}

/** The first box or answer statement of the first two sentences, if there are more. */
function answerInOpening({ compiled, reasoning: { passage } }: AnalysedResponse): TextSpan | null {
  const { sentences, stream, normalised } = passage;
  if (sentences.length <= EARLY_SENTENCES) return null;
  const last = sentences[EARLY_SENTENCES - 1]!.end - 1;
  const { end } = mentionSpan(passage, { first: 0, last });
  const [box] = findBoxCommands(normalised.original.slice(0, end), 1).spans;
  if (box !== undefined) return box;
  const opening = stream.slice(
    0,
    stream.findIndex(({ index }) => index > last),
  );
  const [said] = findAnswerStatements(opening, compiled.letters);
  return said === undefined ? null : mentionSpan(passage, said);
}

function repeatedTags(_: AnalysedResponse, { text, tags }: Response): EvidenceItem {
  const spellings = [tags.reasoning, tags.conclusion].flatMap((tag) => [`<${tag}>`, `</${tag}>`]);
  const extra = spellings.reduce((sum, spelling) => sum + Math.max(0, text.split(spelling).length - 2), 0);
  return penalty('repeated-tags', Math.min(1, extra / EXTRA_TAGS), `${extra} tags too many`);
}

function boxInReasoning({ sections: { reasoning } }: AnalysedResponse, response: Response): EvidenceItem {
  const { count, spans } = findBoxCommands(response.text.slice(reasoning.start, reasoning.end), 1);
  const [box] = spans.map(({ start, end }) =>
    spanOf(response, { start: start + reasoning.start, end: end + reasoning.start }),
  );
  return penalty('box-in-reasoning', count > 0 ? 1 : 0, 'a box in the reasoning', box);
}

function severalAnswers({ compiled, sections }: AnalysedResponse, response: Response): EvidenceItem {
  const { conclusion } = sections;
  if (conclusion === null) return penalty('several-answers', 0, '');
  const passage = readPassage(response.text.slice(conclusion.start, conclusion.end));
  const statements = findAnswerStatements(passage.stream, compiled.letters);
  const letters = new Set(statements.map(({ letter }) => letter));
  const last = statements.at(-1);
  const span = last && mentionSpan(passage, last);
  const place =
    span && spanOf(response, { start: span.start + conclusion.start, end: span.end + conclusion.start });
  const reason = `the conclusion says ${[...letters].join(' and ')}`;
  return penalty('several-answers', letters.size > 1 ? 1 : 0, reason, place);
}

/** Zero-width, bidirectional and private-use characters. */
const INVISIBLE_CHARACTERS = /[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ue000-\uf8ff]/g;

function invisibleCharacters(_: AnalysedResponse, { text }: Response): EvidenceItem {
  const count = text.match(INVISIBLE_CHARACTERS)?.length ?? 0;
  return penalty('invisible-characters', count > INVISIBLE ? 1 : 0, `${count} invisible characters`);
}

/** A ramp as in DAPO's soft overlong punishment. */
function overLength(_: AnalysedResponse, { length }: Response): EvidenceItem {
  if (length === undefined || length.limit <= 0) return penalty('over-length', 0, '');
  const { tokens, limit } = length;
  const bounds = { from: LENGTH.from * limit, to: LENGTH.to * limit };
  return penalty('over-length', ramp(tokens, bounds), `${tokens} of ${limit} tokens`);
}

function spanOf({ offset }: Response, { start, end }: Span): TextSpan {
  return { start: start + offset, end: end + offset };
}
