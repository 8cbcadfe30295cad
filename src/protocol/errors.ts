/**
 * Errors as data. An error is classified once, where a boundary is crossed, and then only
 * carried: engine → worker → page. `StudioError` is thrown inside a thread; its `record` crosses
 * threads and disk.
 */

/** The boundary whose other side did not keep its word. */
export type ErrorBoundary = 'data' | 'model' | 'reward' | 'device' | 'storage' | 'protocol' | 'internal';

export interface ErrorRecord {
  readonly boundary: ErrorBoundary;
  /** Stable, kebab-case, for tests and for looking up help: `safetensors-truncated`. */
  readonly code: string;
  /** One sentence for a person: what was expected, what came. Names the file if there is one. */
  readonly message: string;
  /** What the person can do now. */
  readonly action?: string;
  readonly file?: string;
  /** 1-based. */
  readonly line?: number;
  /** 1-based, in UTF-16 code units. */
  readonly column?: number;
}

export class StudioError extends Error {
  override readonly name = 'StudioError';
  readonly record: ErrorRecord;

  constructor(record: ErrorRecord, options?: { cause?: unknown }) {
    super(record.message, options);
    this.record = record;
  }
}

/** The record of anything that was thrown; what nobody classified is a defect of ours. */
export function toErrorRecord(thrown: unknown): ErrorRecord {
  if (thrown instanceof StudioError) return thrown.record;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return {
    boundary: 'internal',
    code: 'unexpected',
    message: `internal: ${message}`,
    action: 'This is a defect of CRPO Studio. Stored checkpoints are untouched; please report it.',
  };
}
