/**
 * One trainer per origin, by a Web Lock that lives as long as the worker: the browser releases it
 * when the tab closes or crashes. A second tab waits in line and is told when its turn comes.
 */
import { deferred } from '../deferred';

const LOCK_NAME = 'crpo-studio/trainer';

export interface TrainerLock {
  readonly held: () => boolean;
}

/** Resolves once it is known whether the lock is ours; `onGranted` runs if it becomes ours later. */
export async function requestTrainerLock(locks: LockManager, onGranted: () => void): Promise<TrainerLock> {
  let held = false;
  const untilWorkerEnds = new Promise<void>(() => {});

  const first = deferred();
  void locks.request(LOCK_NAME, { ifAvailable: true }, (lock) => {
    held = lock !== null;
    first.resolve();
    return held ? untilWorkerEnds : undefined;
  });
  await first.promise;

  if (!held) {
    void locks.request(LOCK_NAME, () => {
      held = true;
      onGranted();
      return untilWorkerEnds;
    });
  }
  return { held: () => held };
}
