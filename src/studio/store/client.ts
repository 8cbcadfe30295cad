/**
 * The page's end of its workers, and the only place on the page that posts a message. Commands
 * are numbered; each promise settles exactly once: by the worker's answer, or by the worker's end.
 * There are no time limits: training is long work, and only a crash is a reason to stop waiting.
 */
import {
  type Command,
  type CommandResults,
  type DatasetCommand,
  type DatasetEvent,
  type DatasetResults,
  type ErrorRecord,
  type Numbered,
  type ScorerCommand,
  type ScorerResults,
  StudioError,
  type TrainerEvent,
} from '../../protocol';

/** The part of `Worker` that is used; a test puts its own in place. */
export interface WorkerPort {
  postMessage(message: unknown): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(
    type: 'error' | 'messageerror',
    listener: (event: { readonly message?: string }) => void,
  ): void;
  terminate(): void;
}

type Answer<R> =
  | { readonly type: 'done'; readonly requestId: number; readonly result: R }
  | { readonly type: 'failed'; readonly requestId: number; readonly error: ErrorRecord };

interface Pending {
  resolve(result: unknown): void;
  reject(error: StudioError): void;
}

export interface LinkListeners<N> {
  /** Everything that is not an answer, in the order it came. */
  readonly news: (event: N) => void;
  /** The worker is gone; whatever was pending has been rejected with the same error. */
  readonly crash: (error: ErrorRecord) => void;
}

/** One worker: `C` its commands, `R` what each command is answered with, `N` its news. */
export class WorkerLink<C extends { readonly type: string }, R extends Record<C['type'], unknown>, N> {
  readonly #name: string;
  readonly #open: () => WorkerPort;
  readonly #listeners: LinkListeners<N>;
  readonly #pending = new Map<number, Pending>();
  #port: WorkerPort | null = null;
  /** Why there is no port. */
  #gone: ErrorRecord;
  #nextRequest = 1;

  constructor(name: string, open: () => WorkerPort, listeners: LinkListeners<N>) {
    this.#name = name;
    this.#open = open;
    this.#listeners = listeners;
    this.#gone = this.#goneRecord('it was not started');
  }

  /** Whether there is a worker to send to. */
  get running(): boolean {
    return this.#port !== null;
  }

  /** Starts the worker, or a new one in place of the old; what was pending is rejected. */
  start(): void {
    this.#end({
      boundary: 'protocol',
      code: 'worker-replaced',
      message: `The ${this.#name} worker was restarted before it answered.`,
    });
    try {
      const port = this.#open();
      this.#port = port;
      port.addEventListener('message', ({ data }) => {
        if (port === this.#port) this.#receive(data as Answer<unknown> | N);
      });
      port.addEventListener('error', ({ message }) => this.#crash(port, message));
      port.addEventListener('messageerror', () => this.#crash(port, 'a message could not be read'));
    } catch (thrown) {
      this.#crash(this.#port, thrown instanceof Error ? thrown.message : String(thrown));
    }
  }

  /** Resolves with the worker's answer; rejects with a `StudioError`. */
  send<T extends C['type']>(command: Extract<C, { readonly type: T }>): Promise<R[T]> {
    return new Promise<R[T]>((resolve, reject) => {
      if (!this.#port) return reject(new StudioError(this.#gone));
      const requestId = this.#nextRequest++;
      this.#pending.set(requestId, { resolve: (result) => resolve(result as R[T]), reject });
      try {
        this.#port.postMessage({ ...command, requestId } satisfies Numbered<typeof command>);
      } catch (thrown) {
        this.#pending.delete(requestId);
        const message = `internal: the command "${command.type}" could not be sent: ${String(thrown)}`;
        reject(
          new StudioError({ boundary: 'internal', code: 'command-not-sent', message }, { cause: thrown }),
        );
      }
    });
  }

  #receive(message: Answer<unknown> | N): void {
    if (!isAnswer(message)) {
      this.#listeners.news(message);
      return;
    }
    const pending = this.#pending.get(message.requestId);
    if (!pending) return; // answered twice, or sent to a worker that was replaced
    this.#pending.delete(message.requestId);
    if (message.type === 'done') pending.resolve(message.result);
    else pending.reject(new StudioError(message.error));
  }

  #crash(port: WorkerPort | null, reason: string | undefined): void {
    if (port !== this.#port) return; // an echo of one already replaced
    const record = this.#goneRecord(reason || 'its script did not load, or it ran out of memory');
    this.#end(record);
    this.#listeners.crash(record);
  }

  #end(record: ErrorRecord): void {
    this.#port?.terminate();
    this.#port = null;
    this.#gone = record;
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of waiting) reject(new StudioError(record));
  }

  #goneRecord(reason: string): ErrorRecord {
    return {
      boundary: 'protocol',
      code: `${this.#name}-worker-stopped`,
      message: `The ${this.#name} worker stopped: ${reason}.`,
      action: 'Restart it, or reload the page. Stored checkpoints are untouched.',
    };
  }
}

function isAnswer(message: unknown): message is Answer<unknown> {
  const type = (message as { type?: unknown } | null)?.type;
  return type === 'done' || type === 'failed';
}

type News<E> = Exclude<E, { readonly type: 'done' | 'failed' }>;
export type TrainerNews = News<TrainerEvent>;
export type DatasetNews = News<DatasetEvent>;
export type TrainerLink = WorkerLink<Command, CommandResults, TrainerNews>;
export type DatasetLink = WorkerLink<DatasetCommand, DatasetResults, DatasetNews>;
export type ScorerLink = WorkerLink<ScorerCommand, ScorerResults, never>;

/** Vite finds the worker's entry by this very expression. */
export const openTrainerWorker = (): WorkerPort =>
  new Worker(new URL('../../../workers/trainer.worker.ts', import.meta.url), {
    type: 'module',
    name: 'trainer',
  });

export const openDatasetWorker = (): WorkerPort =>
  new Worker(new URL('../../../workers/dataset.worker.ts', import.meta.url), {
    type: 'module',
    name: 'dataset',
  });

export const openScorerWorker = (): WorkerPort =>
  new Worker(new URL('../../../workers/scorer.worker.ts', import.meta.url), {
    type: 'module',
    name: 'scorer',
  });

export const openBenchWorker = (): WorkerPort =>
  new Worker(new URL('../../../workers/bench.worker.ts', import.meta.url), {
    type: 'module',
    name: 'bench',
  });
