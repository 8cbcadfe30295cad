/**
 * A case, compiled once: the findings of its vignette, its options, and what else claims are checked
 * against. Every rollout of a group shares it.
 */
import type { ScoredCase } from '../../../protocol/scoring';
import type { ConceptId } from '../words/concepts';
import { QUESTION_FOLLOWERS } from '../words/vignette';
import { contentTokens, type Runs, readRuns } from './copying';
import { type Finding, type Findings, findFindings } from './findings';
import { parseNumber } from './number-mentions';
import { type Options, readOptions } from './options';
import { type Passage, readPassage } from './passage';
import type { Sentence } from './sentences';
import { type ValueSet, valueSet } from './values';

export interface CompiledCase extends Options {
  readonly question: Passage;
  readonly findings: readonly Finding[];
  /** Their weights summed: W of docs/objectives.md. */
  readonly weight: number;
  /** There is a vignette to be faithful to. */
  readonly isVignette: boolean;
  readonly concepts: Findings['concepts'];
  /** Concepts that values of the case amount to. */
  readonly derived: ReadonlySet<ConceptId>;
  /** Concepts that only the question line or an option has. */
  readonly elsewhere: ReadonlySet<ConceptId>;
  /** Every number of the question and the options but those of reference ranges. */
  readonly values: ValueSet;
  /** Runs of eight words of the question. */
  readonly runs: Runs;
  /** Beginnings of the question's words. */
  readonly beginnings: ReadonlySet<string>;
}

/** Less than this is no vignette. */
const MIN_WEIGHT = 2;
const MIN_FINDINGS = 3;
/** Letters that two words share if one paraphrases the other. */
export const SHARED_LETTERS = 5;

/** Cases kept by their content, beside those kept as long as their object lives. */
const MAX_CASES = 64;
const byObject = new WeakMap<ScoredCase, CompiledCase>();
const byContent = new Map<string, CompiledCase>();

/** Compiles the question and options, or returns what it compiled before. */
export function compiledCase(scoredCase: ScoredCase): CompiledCase {
  const known = byObject.get(scoredCase);
  if (known !== undefined) return known;
  const key = JSON.stringify([scoredCase.question, scoredCase.options]);
  const compiled = byContent.get(key) ?? compileCase(scoredCase);
  // Insertion order is age: the oldest goes.
  byContent.delete(key);
  byContent.set(key, compiled);
  if (byContent.size > MAX_CASES) byContent.delete(byContent.keys().next().value!);
  byObject.set(scoredCase, compiled);
  return compiled;
}

export function compileCase({
  question: text,
  options: texts,
}: Pick<ScoredCase, 'question' | 'options'>): CompiledCase {
  const question = readPassage(text);
  const options = readOptions(texts);
  const isVignette = question.sentences.map((sentence) => !isQuestion(question, sentence));
  const { findings, concepts, asked } = findFindings(question, isVignette);
  const weight = findings.reduce((sum, finding) => sum + finding.weight, 0);
  const elsewhere = new Set(asked);
  for (const { passage } of options.options) for (const { id } of passage.concepts) elsewhere.add(id);
  return {
    ...options,
    question,
    findings,
    weight,
    isVignette: weight >= MIN_WEIGHT && findings.length >= MIN_FINDINGS,
    concepts,
    derived: new Set(findings.flatMap((finding) => derivedConcept(finding) ?? [])),
    elsewhere,
    values: valueSet(caseValues(question, options)),
    runs: readRuns(contentTokens(question.stream)),
    beginnings: new Set(
      question.tokens
        .filter(({ kind, word }) => kind === 'word' && word.stem.length >= SHARED_LETTERS)
        .map(({ word }) => word.stem.slice(0, SHARED_LETTERS)),
    ),
  };
}

/** The concept that a value amounts to, if the finding is a value. */
export function derivedConcept(finding: Finding): ConceptId | null {
  return 'derived' in finding && finding.derived !== null ? finding.derived.concept : null;
}

/** Ends in a question mark, or starts like "Which of", "What is". */
function isQuestion({ tokens }: Passage, { first, end }: Sentence): boolean {
  let last = end - 1;
  while (last > first && (tokens[last]!.kind === 'line' || tokens[last]!.text === '"')) last--;
  if (tokens[last]!.text === '?') return true;
  let start = first;
  while (start < end && tokens[start]!.kind !== 'word') start++;
  const opener = start < end ? tokens[start]!.word.lower : '';
  const next = tokens[start + 1]?.word.lower ?? '';
  return (opener === 'which' || opener === 'what') && QUESTION_FOLLOWERS.has(next);
}

function* caseValues(question: Passage, { options }: Options): Generator<number> {
  for (const { kind, index, text } of question.tokens) {
    if (kind === 'number' && question.inReferenceRange[index] === 0) yield parseNumber(text);
  }
  for (const { passage } of options) {
    for (const { kind, text } of passage.tokens) if (kind === 'number') yield parseNumber(text);
  }
  for (const { values } of question.numbers) yield* values;
}
