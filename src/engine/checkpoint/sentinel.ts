/**
 * A browser may clear a database, or recreate it empty after damage, and an empty database looks
 * like a first visit. The sentinel is a short text kept elsewhere that lists the checkpoints that
 * must be there. It is written after a checkpoint is stored and before one is removed, so a kill in
 * between never reports a loss that did not happen.
 */
import * as v from 'valibot';
import type { ErrorRecord } from '../../protocol/errors';

/** A place outside the database for one short text. */
export interface Sentinel {
  get(): Promise<string | null>;
  set(text: string): Promise<void>;
}

type Entry = readonly [id: string, label: string];

const entriesSchema = v.pipe(v.string(), v.parseJson(), v.array(v.tuple([v.string(), v.string()])));

/**
 * The sentinel only adds a warning: a checkpoint is safe without it, so a failure to read or write it
 * fails nothing.
 */
export class SentinelList {
  constructor(private readonly sentinel: Sentinel) {}

  remember(entries: readonly Entry[]): Promise<void> {
    return this.sentinel.set(JSON.stringify(entries)).catch(() => undefined);
  }

  /** What was remembered and is not among `present`; null: nothing is missing. */
  async lost(present: ReadonlySet<string>): Promise<ErrorRecord | null> {
    const text = await this.sentinel.get().catch(() => null);
    const entries = v.safeParse(entriesSchema, text);
    if (!entries.success) return null;
    const missing = entries.output.filter(([id]) => !present.has(id)).map(([, label]) => label);
    if (missing.length === 0) return null;
    const found = present.size === 0 ? 'an empty database' : `${present.size} of ${entries.output.length}`;
    return {
      boundary: 'storage',
      code: 'checkpoints-lost',
      message: `Stored checkpoints are gone: expected ${missing.join('; ')}, received ${found}.`,
      action:
        'The browser cleared its storage, or the database was damaged. Import an exported checkpoint if there is one, ' +
        'and allow persistent storage so that it does not happen again.',
    };
  }
}
