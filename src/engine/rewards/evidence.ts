/** What the evidence of an objective is made of: bounded spans of the completion, figures as text. */
import type { EvidenceSpan, TextSpan } from '../../protocol/scoring';
import type { Response } from './response';

export type { Evidence } from '../../protocol/scoring';

/** Spans, and items, kept per objective; counts always cover everything. */
export const MAX_EVIDENCE_SPANS = 50;

/** A span of `response.text`, carried back to the completion. */
export function evidenceSpan(response: Response, span: TextSpan, label: string): EvidenceSpan {
  return { start: span.start + response.offset, end: span.end + response.offset, label };
}

/** A number as an arithmetic line shows it: at most three decimals, no trailing zeros. */
export function figure(value: number): string {
  return String(Number(value.toFixed(3)));
}
