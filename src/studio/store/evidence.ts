/**
 * An objective's evidence, ready to be listed and drawn: entries in order, and where each of them
 * lies in the completion and in the case. Display only: what they are worth the engine decided.
 */
import type { CaseSpan, Evidence, EvidenceItem, TextSpan } from '../../protocol';
import { preview } from './completion';

/** How an entry is meant: it speaks for the response, against it, is missing from it, or neither. */
export type Tone = 'for' | 'against' | 'missing' | 'plain';

/** A line of the evidence: an item, or a span that no item speaks of. */
export interface EvidenceEntry {
  readonly kind: string;
  readonly tone: Tone;
  readonly label: string;
  /** null: a span has no figure of its own. */
  readonly value: number | null;
  readonly reason?: string;
  readonly completion?: TextSpan;
  readonly source?: CaseSpan;
}

/** A stretch of a text that an entry points at. */
export interface Mark extends TextSpan {
  /** Index of the entry. */
  readonly entry: number;
  readonly tone: Tone;
}

const FOR = [
  'correct',
  'cited',
  'supported',
  'considered',
  'concluded',
  'rejected',
  'verification',
  'backtracking',
  'subgoals',
  'backward-chaining',
];
const AGAINST = [
  'wrong',
  'unsupported',
  'contradicted',
  'gold-rejected',
  'not-english',
  // penalties of the integrity objective
  'repetition',
  'duplicate-sentences',
  'copying',
  'too-little-content',
  'early-answer',
  'repeated-tags',
  'box-in-reasoning',
  'several-answers',
  'invisible-characters',
  'over-length',
];
const MISSING = ['copied', 'mentioned'];

const TONES: ReadonlyMap<string, Tone> = new Map([
  ...FOR.map((kind) => [kind, 'for'] as const),
  ...AGAINST.map((kind) => [kind, 'against'] as const),
  ...MISSING.map((kind) => [kind, 'missing'] as const),
]);

/**
 * What would speak for the response but earned nothing counts as missing. A kind that is not known
 * shows by its name what is missing; else it is only told.
 */
export function toneOf(kind: string, value: number | null): Tone {
  const tone = TONES.get(kind) ?? (/^(not|no|missing)-/.test(kind) ? 'missing' : 'plain');
  return tone === 'for' && value !== null && value <= 0 ? 'missing' : tone;
}

/** `not-cited` → `not cited`. */
export const kindText = (kind: string): string => kind.replaceAll('-', ' ');

/** The items; where there are none, the spans with what they hold. */
export function entriesOf(evidence: Evidence, completion: string): readonly EvidenceEntry[] {
  if (evidence.items.length > 0) return evidence.items.map(itemEntry);
  return evidence.spans.map(({ start, end, label }) => ({
    kind: label,
    tone: toneOf(label, null),
    label: preview(completion.slice(Math.max(0, start), end), 80),
    value: null,
    completion: { start, end },
  }));
}

function itemEntry(item: EvidenceItem): EvidenceEntry {
  return { ...item, tone: toneOf(item.kind, item.value) };
}

export function completionMarks(entries: readonly EvidenceEntry[]): readonly Mark[] {
  return entries.flatMap(({ completion, tone }, entry) =>
    completion ? [{ start: completion.start, end: completion.end, entry, tone }] : [],
  );
}

/** `part`: `question`, or the letter of an option. */
export function caseMarks(entries: readonly EvidenceEntry[], part: string): readonly Mark[] {
  return entries.flatMap(({ source, tone }, entry) =>
    source?.part === part ? [{ start: source.start, end: source.end, entry, tone }] : [],
  );
}

/** A stretch of a text over which the same marks lie, the shortest mark first. */
export interface Segment extends TextSpan {
  readonly marks: readonly Mark[];
}

/**
 * Cuts [from, to) wherever a mark starts or ends; joined, the segments are the stretch again. Marks
 * may overlap, reach beyond it, or be empty: the last show nothing.
 */
export function segments(from: number, to: number, marks: readonly Mark[]): readonly Segment[] {
  const inside = marks.filter(({ start, end }) => start < end && start < to && end > from);
  const cuts = new Set([from, to]);
  for (const { start, end } of inside) {
    cuts.add(Math.max(from, start));
    cuts.add(Math.min(to, end));
  }
  const bounds = [...cuts].sort((a, b) => a - b);
  return bounds.slice(0, -1).map((start, index) => {
    const end = bounds[index + 1]!;
    const here = inside.filter((mark) => mark.start <= start && mark.end >= end);
    return { start, end, marks: here.sort((a, b) => a.end - a.start - (b.end - b.start)) };
  });
}
