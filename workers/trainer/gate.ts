/**
 * The one place where a running step can be held, stopped or asked for something. The engine awaits
 * `pass()` between tokens and between micro-batches, where the training state is whole: messages are
 * taken in, a pause takes hold, and errands such as saving a checkpoint are run.
 */
import { deferred } from '../deferred';
import { nextMacrotask } from '../macrotask';

/** The reason in `signal` when the run is to stop; not an error. */
export class RunStopped extends Error {
  override readonly name = 'RunStopped';
}

export class Gate {
  readonly #stopping = new AbortController();
  readonly #errands: Array<() => Promise<void>> = [];
  readonly #onHeld: (held: boolean) => void;
  #paused = false;
  /** The run is here: between two parts of its work, or at an errand. */
  #standing = false;
  #held = false;
  #changed = deferred();

  /** `onHeld` is told when a paused run has come to a stand, errands aside, and when it may go on. */
  constructor(onHeld: (held: boolean) => void) {
    this.#onHeld = onHeld;
  }

  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  pause(): void {
    this.#paused = true;
    this.#tellIfHeld();
  }

  release(): void {
    this.#paused = false;
    this.#tell(false);
    this.#wake();
  }

  stop(): void {
    this.#stopping.abort(new RunStopped('The run was stopped.'));
    this.#wake();
  }

  /** Runs `errand` the next time the run passes or stands here; settles as it does. */
  errand<T>(errand: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#errands.push(() => errand().then(resolve, reject));
      this.#wake();
    });
  }

  /** Yields one macrotask, does the errands, waits while the run is paused; throws `RunStopped`. */
  async pass(): Promise<void> {
    await nextMacrotask();
    this.#standing = true;
    this.#tellIfHeld();
    await this.runErrands();
    while (this.#paused && !this.signal.aborted) {
      await this.#changed.promise;
      this.#changed = deferred();
      await this.runErrands();
    }
    this.#standing = false;
    this.#tell(false);
    this.signal.throwIfAborted();
  }

  /** For the end of a run, when nothing passes any more. */
  async runErrands(): Promise<void> {
    for (let next = this.#errands.shift(); next; next = this.#errands.shift()) await next();
  }

  #wake(): void {
    this.#changed.resolve();
  }

  #tellIfHeld(): void {
    if (this.#standing && this.#paused && !this.signal.aborted) this.#tell(true);
  }

  #tell(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    this.#onHeld(held);
  }
}
