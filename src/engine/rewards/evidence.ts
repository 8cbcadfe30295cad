/**
 * Why an objective has its value: which branch of its rule decided, on which characters, with
 * which counts. Plain data, bounded however long the completion is.
 */
import type { Span } from './python-text';
import type { Response } from './response';

/** Spans kept per objective; counts always cover everything. */
export const MAX_EVIDENCE_SPANS = 50;

export interface EvidenceSpan {
  /** [start, end) in the completion as it came, in UTF-16 code units. */
  readonly start: number;
  readonly end: number;
  /** What the span is: `box`, `reasoning`, `conclusion`, `not-english`. */
  readonly label: string;
}

export interface Evidence {
  /** Stable, kebab-case: the branch of the rule that decided. */
  readonly rule: string;
  readonly counts: Readonly<Record<string, number>>;
  /** In the order of the text, at most `MAX_EVIDENCE_SPANS`. */
  readonly spans: readonly EvidenceSpan[];
}

/** A span of `response.text`, carried back to the completion. */
export function evidenceSpan(response: Response, span: Span, label: string): EvidenceSpan {
  return { start: span.start + response.offset, end: span.end + response.offset, label };
}
