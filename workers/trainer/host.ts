/** What the trainer needs of the browser, in one record, so that its logic runs in Node too. */
import type { UseStore } from 'idb-keyval';
import type { Sentinel } from '../../src/engine/checkpoint/sentinel';
import type { HostStorage } from '../../src/engine/checkpoint/store';
import type { TensorHost } from '../../src/engine/tensor';
import type { TrainerEvent } from '../../src/protocol';
import type { Score } from '../scorer/client';

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
