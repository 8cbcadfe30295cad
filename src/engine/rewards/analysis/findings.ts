/**
 * The findings of a vignette: what a faithful reasoner can cite. In this order:
 * numbers, concepts, laboratory values in words, then phrases; each token is used once.
 */
import type { TextSpan } from '../../../protocol/scoring';
import type { ConceptId } from '../words/concepts';
import { FAMILY, FAMILY_REPORTS, NOT_A_VALUE } from '../words/vignette';
import { type Derived, type Direction, deriveConcept, isChild } from './derived';
import { directionOf } from './direction';
import type { Measure } from './lexicon';
import type { NumberMention } from './number-mentions';
import { type ConceptMention, type Mention, mentionSpan, mentionText, type Passage } from './passage';
import { findPhrases } from './phrases';

interface Common {
  /** For a person. */
  readonly label: string;
  /** What citing it is worth: 1, 0.75, 0.5 or 0.25. */
  readonly weight: number;
  /** In the question as it stands. */
  readonly source: TextSpan;
}

export interface ConceptFinding extends Common {
  readonly kind: 'concept';
  readonly concept: ConceptId;
  readonly denied: boolean;
}

export interface NumberFinding extends Common {
  readonly kind: 'number';
  readonly number: NumberMention;
  readonly derived: Derived | null;
}

/** A laboratory value in words. */
export interface LevelFinding extends Common {
  readonly kind: 'level';
  readonly measure: Measure;
  readonly direction: Direction;
  readonly derived: Derived | null;
}

export interface PhraseFinding extends Common {
  readonly kind: 'phrase';
  readonly stems: readonly string[];
}

export type Finding = ConceptFinding | NumberFinding | LevelFinding | PhraseFinding;

/** How often the case affirms and denies a concept, and says it of a relative. */
export interface ConceptUse {
  affirmed: number;
  denied: number;
  family: number;
}

export interface Findings {
  readonly findings: readonly Finding[];
  /** The concepts of the vignette, without its question. */
  readonly concepts: ReadonlyMap<ConceptId, ConceptUse>;
  /** Those of its question. */
  readonly asked: ReadonlySet<ConceptId>;
}

/** Weights: objective (d) of docs/objectives.md. */
const FULL = 1;
const INDIRECT = 0.75;
const HALF = 0.5;
/** Words before a finding among which a relative makes it the relative's. */
const FAMILY_REACH = 12;

/** `isVignette`: per sentence, whether it is part of the vignette and not of the question. */
export function findFindings(question: Passage, isVignette: readonly boolean[]): Findings {
  const findings: Finding[] = [];
  const concepts = new Map<ConceptId, ConceptUse>();
  const asked = new Set<ConceptId>();
  const covered = new Uint8Array(question.tokens.length);
  const seen = new Set<string>();
  const cover = ({ first, last }: Mention) => covered.fill(1, first, last + 1);
  const isNew = (key: string) => !seen.has(key) && seen.add(key) !== undefined;

  const child = isChild(question.numbers);
  for (const number of question.numbers) {
    if (!isVignette[number.sentence]) continue;
    cover(number);
    const { kind, label, unit } = number;
    const values = number.values.map((value) => value.toFixed(2)).join('/');
    if (!isNew(`number ${kind} ${label} ${values} ${unit}`)) continue;
    findings.push(numberFinding(question, number, deriveConcept(number, child)));
  }

  for (const mention of question.concepts) {
    const { id, denied } = mention;
    if (!isVignette[mention.sentence]) {
      asked.add(id);
      continue;
    }
    if (covered[mention.first] && covered[mention.last]) continue;
    const family = isOfFamily(question, mention);
    const use = concepts.get(id) ?? { affirmed: 0, denied: 0, family: 0 };
    use[family ? 'family' : denied ? 'denied' : 'affirmed']++;
    concepts.set(id, use);
    cover(mention);
    if (!isNew(`concept ${id} ${denied}`)) continue;
    findings.push({
      kind: 'concept',
      label: `${family ? 'family: ' : ''}${denied ? 'no ' : ''}${id}`,
      weight: denied || family ? INDIRECT : FULL,
      source: mentionSpan(question, mention),
      concept: id,
      denied,
    });
  }

  for (const mention of question.measures) {
    const { measure } = mention;
    if (covered[mention.first] || !isVignette[mention.sentence]) continue;
    if (measure.kind !== 'lab' || measure.id.startsWith('urine ')) continue;
    const next = question.stream[mention.to]?.word.lower ?? '';
    if (NOT_A_VALUE.some((beginning) => next.startsWith(beginning))) continue;
    const direction = directionOf(question, mention);
    if (direction === null) continue;
    cover(mention);
    if (!isNew(`level ${measure.id} ${direction}`)) continue;
    findings.push({
      kind: 'level',
      label: `${direction} ${measure.name}`,
      weight: direction === 'normal' ? HALF : FULL,
      source: mentionSpan(question, mention),
      measure,
      direction,
      derived: levelConcept(measure, direction),
    });
  }

  for (const phrase of findPhrases(question, isVignette, covered)) {
    if (!isNew(`phrase ${phrase.stems.join(' ')}`)) continue;
    findings.push({
      kind: 'phrase',
      label: mentionText(question, phrase),
      weight: phrase.stems.length > 1 ? HALF : HALF / 2,
      source: mentionSpan(question, phrase),
      stems: phrase.stems,
    });
  }
  return { findings, concepts, asked };
}

/** `temperature 38.5°C`, `blood pressure 118/76`, `age 21`, or the words themselves. */
export function numberLabel(passage: Passage, number: NumberMention): string {
  const text = mentionText(passage, number.value);
  if (number.measure !== null) return `${number.measure.name} ${text}`;
  if (number.kind === 'age') return `age ${passage.tokens[number.value.first]!.text}`;
  return number.label === '' || number.kind === 'time' ? text : `${number.label} ${text}`;
}

function numberFinding(question: Passage, number: NumberMention, derived: Derived | null): NumberFinding {
  return {
    kind: 'number',
    label: numberLabel(question, number),
    weight: derived === null ? HALF : FULL,
    source: mentionSpan(question, number),
    number,
    derived,
  };
}

function levelConcept(measure: Measure, direction: Direction): Derived | null {
  const norm = direction === 'high' ? measure.high : direction === 'low' ? measure.low : undefined;
  return norm === undefined ? null : { concept: norm.concept, direction };
}

/** "His mother has diabetes", but not "his mother reports that he has diabetes". */
function isOfFamily({ tokens, sentences }: Passage, { first, sentence }: ConceptMention): boolean {
  const from = Math.max(sentences[sentence]!.first, first - FAMILY_REACH);
  for (let at = first - 1; at >= from; at--) {
    const { kind, word } = tokens[at]!;
    if (kind !== 'word') continue;
    const next = tokens[at + 1]!.word;
    if (FAMILY.has(word.stem)) return !FAMILY_REPORTS.some((beginning) => next.lower.startsWith(beginning));
    if (word.stem === 'family' && next.stem === 'history') return true;
  }
  return false;
}
