/** What the trainer needs of the browser, in one record, so that its logic runs in Node too. */
import type { UseStore } from 'idb-keyval';
import type { Sentinel } from '../../src/engine/checkpoint/sentinel';
import type { HostStorage } from '../../src/engine/checkpoint/store';
import { NEVER_PAUSED, type Pausable } from '../../src/engine/crpo/environment';
import type { TensorHost } from '../../src/engine/tensor';
import type { TrainerEvent } from '../../src/protocol';
import { nextMacrotask } from '../macrotask';
import type { Score } from '../scorer/client';

/** For a task that nobody pauses: commands are answered while it is under way. */
export const UNSTOPPED: Pausable = { ...NEVER_PAUSED, breathe: nextMacrotask };

export interface TrainerHost {
  post(event: TrainerEvent): void;
  readonly tensor: TensorHost;
  /** On a thread of its own, so that it overlaps generation. */
  readonly score: Score;
  readonly locks: LockManager;
  readonly checkpointDatabase: UseStore;
  readonly checkpointSentinel: Sentinel;
  readonly datasetDatabase: UseStore;
  readonly evaluationDatabase: UseStore;
  storage(): Promise<HostStorage>;
  /** Milliseconds from an arbitrary origin, monotonic. */
  clock(): number;
  /** ISO 8601. */
  now(): string;
  newId(): string;
  /** Names the build, for the run's environment. */
  readonly build: string;
}
