/**
 * Which findings of the case a text cites, and in which sentences: a concept by its polarity, a number
 * by value and label, a phrase by its words close together.
 */
import type { ConceptId } from '../words/concepts';
import { type CompiledCase, derivedConcept } from './case';
import type { Direction } from './derived';
import { directionOf } from './direction';
import type { Finding, LevelFinding, NumberFinding } from './findings';
import type { NumberMention } from './number-mentions';
import type { ConceptMention, MeasureMention, Mention, Passage } from './passage';
import { isNear } from './values';

/** Per sentence that cites a finding, where it does: the first place. */
export type Citations = ReadonlyMap<number, Mention>;

/** Tokens that a phrase's words may have in between, over its length. */
const PHRASE_SLACK = 3;
/** °C. */
const SAME_TEMPERATURE = 0.15;

/** Per finding. Linear in the text. */
export function findCitations(
  compiled: CompiledCase,
  passage: Passage,
  occurrences: ReadonlyMap<string, readonly number[]>,
): Citations[] {
  const concepts = groupBy(passage.concepts, ({ id }) => id);
  const measures = groupBy(passage.measures, ({ measure }) => measure.id);
  const own = new Set(
    compiled.findings.flatMap((finding) => (finding.kind === 'concept' ? finding.concept : [])),
  );
  return compiled.findings.map((finding) => {
    const citations = new Map<number, Mention>();
    for (const mention of mentionsOf(finding)) {
      if (!citations.has(mention.sentence)) citations.set(mention.sentence, mention);
    }
    return citations;
  });

  function mentionsOf(finding: Finding): readonly Mention[] {
    switch (finding.kind) {
      case 'concept':
        return (concepts.get(finding.concept) ?? []).filter(({ denied }) => denied === finding.denied);
      case 'phrase':
        return phraseMentions(finding.stems, passage, occurrences);
      case 'number':
        return [
          ...passage.numbers.filter((number) => isSameNumber(number, finding.number)),
          ...derivedMentions(finding),
          ...(isMeasured(finding.number) ? levelMentions(finding) : []),
        ];
      case 'level':
        return [...derivedMentions(finding), ...levelMentions(finding)];
    }
  }

  /** 38.5 °C by "fever", unless the case has the word too; 37 °C by "no fever". */
  function derivedMentions(finding: NumberFinding | LevelFinding): ConceptMention[] {
    const concept = derivedConcept(finding);
    if (concept !== null) return own.has(concept) ? [] : polar(concept, false);
    const isNormalTemperature = finding.kind === 'number' && finding.number.label === 'temp';
    return isNormalTemperature && !own.has('fever') ? polar('fever', true) : [];
  }

  function polar(concept: ConceptId, denied: boolean): ConceptMention[] {
    return (concepts.get(concept) ?? []).filter((mention) => mention.denied === denied);
  }

  /** "Her calcium is high". */
  function levelMentions(finding: NumberFinding | LevelFinding): MeasureMention[] {
    const id = finding.kind === 'level' ? finding.measure.id : finding.number.label;
    const expected = expectedDirection(finding);
    return (measures.get(id) ?? []).filter((mention) => {
      const direction = directionOf(passage, mention);
      return direction !== null && (expected === null || direction === expected);
    });
  }
}

function isMeasured({ kind }: NumberMention): boolean {
  return kind === 'vital' || kind === 'lab';
}

/** null: any, as there is no norm. */
function expectedDirection(finding: NumberFinding | LevelFinding): Direction | null {
  if (finding.kind === 'level') return finding.direction;
  if (finding.derived !== null) return finding.derived.direction;
  const { kind, measure } = finding.number;
  return kind === 'lab' && measure?.low === undefined && measure?.high === undefined ? null : 'normal';
}

/** The same value, said of the same thing or in the same unit. */
function isSameNumber(number: NumberMention, expected: NumberMention): boolean {
  if (expected.kind === 'age') return number.kind === 'age' && number.values[0] === expected.values[0];
  if (expected.label === 'temp') return isSameTemperature(number, expected);
  const isAlike =
    (expected.label !== '' && number.label === expected.label) ||
    (number.unit !== '' && number.unit === expected.unit);
  if (!isAlike || number.values.length !== expected.values.length) return false;
  return number.values.every((value, k) => isNear(value, expected.values[k]!));
}

function isSameTemperature(number: NumberMention, { values, written }: NumberMention): boolean {
  if (number.label === 'temp') return Math.abs(number.values[0]! - values[0]!) <= SAME_TEMPERATURE;
  const inDegrees = number.kind === 'other' && number.unit.startsWith('deg');
  return inDegrees && written.some((value) => isNear(value, number.values[0]!));
}

/** All words of a phrase close together in one sentence, around the rarest of them. */
function phraseMentions(
  stems: readonly string[],
  { tokens, sentences }: Passage,
  occurrences: ReadonlyMap<string, readonly number[]>,
): Mention[] {
  const rarest = stems
    .map((stem) => occurrences.get(stem) ?? [])
    .reduce((least, places) => (places.length < least.length ? places : least));
  const reach = stems.length + PHRASE_SLACK;
  const needed = new Set(stems).size;
  const mentions: Mention[] = [];
  for (const place of rarest) {
    const { sentence } = tokens[place]!;
    const from = Math.max(place - reach, sentences[sentence]!.first);
    const to = Math.min(place + reach, sentences[sentence]!.end - 1);
    const found = new Set<string>();
    let [first, last] = [place, place];
    for (let at = from; at <= to; at++) {
      const { stem } = tokens[at]!.word;
      if (!stems.includes(stem)) continue;
      found.add(stem);
      first = Math.min(first, at);
      last = Math.max(last, at);
    }
    if (found.size === needed) mentions.push({ first, last, sentence });
  }
  return mentions;
}

function groupBy<Item, Key>(items: readonly Item[], key: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}
