/**
 * Numbers that a text gives the patient against those of the case: objective (e) of
 * docs/objectives.md. Bounds, ranges, doses and what is said of patients in general are no claims.
 */
import { AGE_IN_GENERAL, APPROXIMATORS, COMPARATORS, PLURAL_SUBJECTS } from '../words/claims';
import type { CompiledCase } from './case';
import { type Violation, WRONG } from './claims';
import { type NumberFinding, numberLabel } from './findings';
import type { NumberMention } from './number-mentions';
import { hasCue, mentionText, type Passage } from './passage';
import type { Reasoning } from './reasoning';
import type { Token } from './tokens';
import { isNear } from './values';

/** Tokens before a number that say how it is meant. */
const REACH = 3;
/** And behind it. */
const AFTER = 2;
/** Relative; wider behind "about". */
const TOLERANCE = { exact: 0.006, approximate: 0.04 };
/** °C. */
const TEMPERATURE_TOLERANCE = { exact: 0.15, approximate: 0.6 };
/** Units of doses and shares: not measured on the patient. */
const UNCHECKED_UNITS = new Set(['%', 'mg', 'ug', 'g', 'ml', 'l', 'ratio', '/10']);
/** Values of the case that a reason quotes. */
const MAX_QUOTED = 3;

/** Each wrong number once, in the order of the text. */
export function findNumberViolations(compiled: CompiledCase, reasoning: Reasoning): Map<string, Violation> {
  const { passage, sentences } = reasoning;
  const measured = compiled.findings.filter(
    (finding): finding is NumberFinding => finding.kind === 'number' && finding.number.measure !== null,
  );
  const ofPatient = sentencesOfPatient(passage);
  const violations = new Map<string, Violation>();
  for (const mention of passage.numbers) {
    if (sentences[mention.sentence]!.isCopied || !isChecked(mention)) continue;
    const context = readContext(passage, mention);
    if (context.isBound) continue;
    const same = measured.filter(({ number }) => number.label === mention.label);
    const isWrong =
      mention.kind === 'age'
        ? isWrongAge(compiled, passage, mention, context)
        : !hasCue(passage, mention.sentence, 'general') &&
          (mention.measure !== null
            ? isWrongMeasure(compiled, passage, mention, same, context)
            : ofPatient[mention.sentence] === 1 && !mention.values.every(compiled.values.has));
    if (!isWrong) continue;
    const key = `${mention.label} ${mention.values.map((value) => value.toFixed(1)).join('/')} ${mention.unit}`;
    if (violations.has(key)) continue;
    const [said] = mention.kind === 'age' ? ageFindings(compiled) : same;
    violations.set(key, {
      kind: 'unsupported',
      label: numberLabel(passage, mention),
      weight: WRONG,
      reason: reasonFor(compiled, mention.kind === 'age' ? ageFindings(compiled) : same),
      mention,
      ...(said && { source: said.source }),
    });
  }
  return violations;
}

interface Context {
  /** A limit or range, no value. */
  readonly isBound: boolean;
  readonly isApproximate: boolean;
  /** Said of many patients. */
  readonly isPlural: boolean;
}

function readContext({ tokens }: Passage, { first, last, sentence }: NumberMention): Context {
  let isBound = isRange(tokens[last + 1], tokens[last + 2]) || isRange(tokens[first - 1], tokens[first - 2]);
  let isApproximate = false;
  let isPlural = false;
  for (let at = Math.max(0, first - REACH); at <= last + AFTER; at++) {
    const token = tokens[at];
    if (token === undefined || (at < first && token.sentence !== sentence)) continue;
    const { lower } = token.word;
    if (at <= last && COMPARATORS.has(lower)) isBound = true;
    if (at <= last && APPROXIMATORS.has(lower)) isApproximate = true;
    if ((at < first || at > last) && PLURAL_SUBJECTS.has(lower)) isPlural = true;
  }
  return { isBound, isApproximate, isPlural };
}

/** "- 11", "to 11", and the same backwards. */
function isRange(dash: Token | undefined, other: Token | undefined): boolean {
  return (dash?.text === '-' || dash?.word.lower === 'to') && other?.kind === 'number';
}

function isWrongAge(
  { values }: CompiledCase,
  passage: Passage,
  { values: [age], first, sentence }: NumberMention,
  { isPlural }: Context,
): boolean {
  if (isPlural || values.has(age!) || hasCue(passage, sentence, 'general')) return false;
  return !AGE_IN_GENERAL.has(passage.tokens[first - 1]?.word.lower ?? '');
}

/** `same`: the case's values of the same measure. */
function isWrongMeasure(
  { values }: CompiledCase,
  { denied }: Passage,
  mention: NumberMention,
  same: readonly NumberFinding[],
  { isApproximate }: Context,
): boolean {
  if (denied[mention.first] === 1) return false;
  const width = isApproximate ? 'approximate' : 'exact';
  if (mention.label === 'temp') {
    const [celsius] = mention.values;
    const [written] = mention.written;
    const isSame = same.some(
      ({ number }) => Math.abs(number.values[0]! - celsius!) <= TEMPERATURE_TOLERANCE[width],
    );
    return !isSame && !values.has(written!);
  }
  const isSame = same.some(
    ({ number }) =>
      number.values.length === mention.values.length &&
      number.values.every((value, k) => isNear(mention.values[k]!, value, TOLERANCE[width])),
  );
  // A laboratory value may be another of the case's; a vital sign only if the case lacks that sign.
  const mayBeOther = mention.kind === 'lab' || same.length === 0;
  return !isSame && !(mayBeOther && mention.values.every(values.has));
}

/** Durations, doses, shares and ratios are not. */
function isChecked({ kind, unit }: NumberMention): boolean {
  return kind !== 'time' && (kind !== 'other' || !UNCHECKED_UNITS.has(unit));
}

/** Per sentence: 1 if it speaks of the patient. */
function sentencesOfPatient({ tokens, sentences }: Passage): Uint8Array {
  const ofPatient = new Uint8Array(sentences.length);
  for (const { word, sentence } of tokens) {
    if (word.isSubject || word.isPossessive) ofPatient[sentence] = 1;
  }
  return ofPatient;
}

function ageFindings({ findings }: CompiledCase): NumberFinding[] {
  return findings.filter(
    (finding): finding is NumberFinding => finding.kind === 'number' && finding.number.kind === 'age',
  );
}

function reasonFor({ question }: CompiledCase, said: readonly NumberFinding[]): string {
  if (said.length === 0) return 'not in the case';
  const values = said.slice(0, MAX_QUOTED).map(({ number }) => mentionText(question, number.value));
  return `the case says ${values.join(' and ')}`;
}
