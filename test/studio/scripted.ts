/** A session over workers whose answers a test scripts; everything else is the studio's own code. */
import {
  type Command,
  type DatasetCommand,
  type ErrorRecord,
  type ScorerCommand,
  StudioError,
} from '../../src/protocol';
import type { WorkerPort } from '../../src/studio/store/client';
import { Scorer } from '../../src/studio/store/scorer';
import { Session } from '../../src/studio/store/session';
import { createStudioStore, type StudioStore } from '../../src/studio/store/studio';
import { checkpoint, dataset, model, ready, run } from './records';

type Script = { [type: string]: (command: never) => unknown };

/** A worker that answers each command with what its script returns, or fails as it throws. */
export class ScriptedWorker<C extends { readonly type: string }> implements WorkerPort {
  readonly commands: C[] = [];
  readonly script: Script;
  readonly #listeners: { [type: string]: ((event: never) => void)[] } = {};

  constructor(script: Script) {
    this.script = script;
  }
  postMessage(message: unknown) {
    const { requestId, ...command } = message as C & { requestId: number };
    this.commands.push(command as unknown as C);
    const handler = this.script[command.type];
    if (!handler) return; // never answered
    Promise.resolve()
      .then(() => handler(command as never))
      .then(
        (result) => this.say({ type: 'done', requestId, result }),
        (error) => this.say({ type: 'failed', requestId, error: (error as StudioError).record }),
      );
  }
  addEventListener(type: string, listener: (event: never) => void) {
    this.#listeners[type] = [...(this.#listeners[type] ?? []), listener];
  }
  terminate() {}
  say(data: unknown) {
    for (const listener of this.#listeners.message ?? []) listener({ data } as never);
  }
  crash(message: string) {
    for (const listener of this.#listeners.error ?? []) listener({ message } as never);
  }
  types() {
    return this.commands.map(({ type }) => type);
  }
}

export const failure = (record: Partial<ErrorRecord>) =>
  new StudioError({ boundary: 'model', code: 'bad', message: 'It is bad.', ...record });

export interface Scripted {
  readonly session: Session;
  readonly store: StudioStore;
  readonly scorer: Scorer;
  /** In the order they were opened; the last one is in use. */
  readonly trainers: ScriptedWorker<Command>[];
  readonly datasetWorkers: ScriptedWorker<DatasetCommand>[];
  /** In the order they were started. */
  readonly scorers: ScriptedWorker<ScorerCommand>[];
  readonly memory: Map<string, string>;
  trainer(): ScriptedWorker<Command>;
}

/** A scorer worker that is told nothing never answers. */
export function scriptedSession(
  trainerScript: Script = {},
  datasetScript: Script = {},
  scorerScript: Script = {},
): Scripted {
  const trainers: ScriptedWorker<Command>[] = [];
  const datasetWorkers: ScriptedWorker<DatasetCommand>[] = [];
  const scorers: ScriptedWorker<ScorerCommand>[] = [];
  const memory = new Map<string, string>();
  const store = createStudioStore(queueMicrotask);
  const scorer = new Scorer(() => {
    const worker = new ScriptedWorker<ScorerCommand>(scorerScript);
    scorers.push(worker);
    return worker;
  });
  const session = new Session({
    store,
    backend: 'wasm',
    memory: { getItem: (key) => memory.get(key) ?? null, setItem: (key, value) => memory.set(key, value) },
    openTrainer: () => {
      const worker = new ScriptedWorker<Command>({
        hello: () => ready,
        'list-checkpoints': () => [],
        'load-model': ({ name }: { name: string }) => ({ ...model, name }),
        start: ({ config }: { config: object }) => run({ config: { ...run().config, ...config } }),
        pause: () => run({ status: 'pausing' }),
        continue: () => run(),
        stop: () => run({ status: 'stopped' }),
        'save-checkpoint': () => checkpoint(3),
        'delete-checkpoint': () => null,
        'restore-checkpoint': () => null,
        'empty-trash': () => null,
        'resume-checkpoint': () => run({ runId: 'run-2' }),
        ...trainerScript,
      });
      trainers.push(worker);
      return worker;
    },
    openDatasets: () => {
      const worker = new ScriptedWorker<DatasetCommand>({
        list: () => [],
        open: ({ name, synthetic }: { name: string; synthetic?: boolean }) =>
          dataset({ id: name, name, ...(synthetic ? { synthetic } : {}) }),
        'set-tokenizer': () => null,
        cancel: () => null,
        ...datasetScript,
      });
      datasetWorkers.push(worker);
      return worker;
    },
  });
  return {
    session,
    store,
    scorer,
    trainers,
    datasetWorkers,
    scorers,
    memory,
    trainer: () => trainers.at(-1)!,
  };
}

/** Lets every answer that is on its way arrive. */
export const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
