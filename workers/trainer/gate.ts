/**
 * The one place where a running step can be held or stopped. The engine awaits `pass()` between
 * tokens and between micro-batches; there the worker takes in messages, and a pause takes hold.
 */
import { deferred } from '../deferred';

/** Thrown out of `pass()` when the run is to stop; not an error. */
export class RunStopped extends Error {
  override readonly name = 'RunStopped';
}

export interface GateListener {
  /** The run now stands still at a place where its state is whole. */
  onHeld(): void;
  onReleased(): void;
}

export class Gate {
  #open = deferred();
  #held = false;
  #paused = false;
  #stopped = false;
  readonly #listener: GateListener;

  constructor(listener: GateListener) {
    this.#listener = listener;
    this.#open.resolve();
  }

  get paused(): boolean {
    return this.#paused;
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#open = deferred();
  }

  release(): void {
    this.#paused = false;
    this.#open.resolve();
  }

  stop(): void {
    this.#stopped = true;
    this.#open.resolve();
  }

  /** Yields one macrotask, then waits while the gate is closed. */
  async pass(): Promise<void> {
    await nextMacrotask();
    while (this.#paused && !this.#stopped) {
      if (!this.#held) {
        this.#held = true;
        this.#listener.onHeld();
      }
      await this.#open.promise;
    }
    if (this.#stopped) throw new RunStopped();
    if (this.#held) {
      this.#held = false;
      this.#listener.onReleased();
    }
  }
}

const channel = new MessageChannel();
const waiting: Array<() => void> = [];
channel.port1.onmessage = () => waiting.shift()?.();

/** A message to oneself: unlike `setTimeout(0)`, it is not held back 4 ms after a few rounds. */
function nextMacrotask(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    channel.port2.postMessage(null);
  });
}
