/** What the evidence of an objective is made of: bounded spans and items, figures as text. */
import type { Evidence, EvidenceItem, EvidenceSpan, TextSpan } from '../../protocol/scoring';
import type { Response } from './response';

/** Spans, and items, kept per objective; counts always cover everything. */
export const MAX_EVIDENCE_SPANS = 50;

/** A span of `response.text`, carried back to the completion. */
export function evidenceSpan(response: Response, span: TextSpan, label: string): EvidenceSpan {
  return { start: span.start + response.offset, end: span.end + response.offset, label };
}

/** Evidence whose spans are where the completion says its items. Too many items: those go that it does not say. */
export function itemisedEvidence(parts: {
  readonly rule: string;
  readonly counts: Evidence['counts'];
  readonly items: readonly EvidenceItem[];
  readonly arithmetic: string;
}): Evidence {
  const items = parts.items.length > MAX_EVIDENCE_SPANS ? saidFirst(parts.items) : parts.items;
  const spans: EvidenceSpan[] = [];
  for (const { kind, completion } of items) {
    if (completion !== undefined) spans.push({ start: completion.start, end: completion.end, label: kind });
  }
  spans.sort((a, b) => a.start - b.start || a.end - b.end);
  return { ...parts, items, spans };
}

function saidFirst(items: readonly EvidenceItem[]): EvidenceItem[] {
  const said = items.filter(({ completion }) => completion !== undefined);
  const unsaid = items.filter(({ completion }) => completion === undefined);
  return [...said, ...unsaid].slice(0, MAX_EVIDENCE_SPANS);
}

/** A number as an arithmetic line shows it: at most three decimals, no trailing zeros. */
export function figure(value: number): string {
  return String(Number(value.toFixed(3)));
}
