/** Calls to the browser's database: what they throw becomes a named error of boundary `storage`. */
import { StudioError } from '../protocol';

interface Guarded {
  /** What is stored there, e.g. `Datasets`. */
  readonly subject: string;
  /** What a person can do when the storage is full. */
  readonly makeRoom: string;
  /** What to do again once the cause is mended, as the end of a sentence. */
  readonly again: string;
}

export type Guard = <T>(what: string, call: () => Promise<T>) => Promise<T>;

/** The returned function runs a call; `what` completes “expected the browser's database to …”. */
export function databaseGuard({ subject, makeRoom, again }: Guarded): Guard {
  return async (what, call) => {
    try {
      return await call();
    } catch (cause) {
      const { name, message } = cause as Partial<Error>;
      const full = name === 'QuotaExceededError';
      throw new StudioError(
        {
          boundary: 'storage',
          code: full ? 'quota-exceeded' : 'database-failed',
          message: full
            ? `${subject}: expected room in the browser's storage, received a refusal: it is full.`
            : `${subject}: expected the browser's database to ${what}, received ${name ?? 'an error'}: ${message ?? String(cause)}.`,
          action: full
            ? `${makeRoom}, then ${again}.`
            : `Check that the disk has room and that this page may store data, then ${again}.`,
        },
        { cause },
      );
    }
  };
}
