/** What the store tells a person when the database does not do as asked. */
import { StudioError } from '../../protocol/errors';
import type { CheckpointSummary, StorageReport } from '../../protocol/records';
import { type CheckpointFacts, labelOf } from './facts';

/** Names what takes the room and what to delete first; the checkpoints that are there stay as they are. */
export function quotaError(
  facts: CheckpointFacts,
  checkpoints: readonly CheckpointSummary[],
  { checkpointBytes, trashBytes }: Pick<StorageReport, 'checkpointBytes' | 'trashBytes'>,
  cause: unknown,
): StudioError {
  const kept = checkpoints.filter(({ deleted }) => !deleted);
  const oldest = kept.slice(-3).reverse().map(labelOf).join('; ');
  const actions = [
    trashBytes > 0 ? `Empty the trash (${megabytes(trashBytes)}).` : '',
    oldest === '' ? '' : `Delete checkpoints you no longer need; the oldest are ${oldest}.`,
    'Free space on the disk, then save again.',
  ];
  return new StudioError(
    {
      boundary: 'storage',
      code: 'quota-exceeded',
      message:
        `The checkpoint ${labelOf(facts)} was not saved: expected room in the browser's storage, received a refusal. ` +
        `The checkpoints kept (${kept.length}) take ${megabytes(checkpointBytes)}, the trash ${megabytes(trashBytes)}; both are untouched.`,
      action: actions.filter(Boolean).join(' '),
    },
    { cause },
  );
}

export function databaseError(what: string, cause: unknown): StudioError {
  const received = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return new StudioError(
    {
      boundary: 'storage',
      code: 'database-failed',
      message: `Checkpoints: expected the browser's database to ${what}, received ${received}.`,
      action:
        'Check that the disk has room and that this page may store data, then try again. Export what matters.',
    },
    { cause },
  );
}

export function notFound(id: string): StudioError {
  return new StudioError({
    boundary: 'storage',
    code: 'checkpoint-not-found',
    message: `Expected a stored checkpoint ${id}, received none.`,
    action: 'It may have been deleted in another tab; reload the page to see which are there.',
  });
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
