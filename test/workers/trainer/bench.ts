/** A trainer and a dataset service in Node: wasm, an IndexedDB in memory, locks that are always free. */
import 'fake-indexeddb/auto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createStore } from 'idb-keyval';
import { scoreCompletion } from '../../../src/engine/rewards';
import type {
  Command,
  CommandResults,
  NamedFile,
  RunConfig,
  StepRecord,
  TrainerEvent,
} from '../../../src/protocol';
import { openCheckpointDatabase } from '../../../workers/checkpoint-database';
import { createDatasetService } from '../../../workers/dataset/service';

import type { TrainerHost } from '../../../workers/trainer/host';
import { TrainerService } from '../../../workers/trainer/service';

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const MODEL_FILES = ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'];

export const tinyConfig = JSON.parse(
  readFileSync(join(FIXTURES, '../e2e/tiny-run.json'), 'utf8'),
) as RunConfig;

export function tinyModel(): NamedFile[] {
  return MODEL_FILES.map((path) => ({
    path: `tiny-policy/${path}`,
    file: new Blob([readFileSync(join(FIXTURES, 'tiny-policy', path))]),
  }));
}

type News = Exclude<TrainerEvent, { type: 'done' | 'failed' }>;

export interface Trainer {
  send<T extends Command['type']>(command: Extract<Command, { type: T }>): Promise<CommandResults[T]>;
  readonly news: News[];
  /** Resolves with the first event, past or future, that fits. */
  until<E extends News>(fits: (event: News) => event is E): Promise<E>;
  /** Resolves once the active run has the status. */
  status(status: string): Promise<void>;
}

let databases = 0;

/** Each bench has a browser of its own; trainers opened with the same name share it, as after a reload. */
export function newBrowser(): string {
  return `browser-${databases++}`;
}

/** Posts nothing. */
export function hostOf(browser: string): TrainerHost {
  let ids = 0;
  return {
    post: () => undefined,
    tensor: { gpu: undefined, wasmFolder: undefined },
    score: async (input, rewards) => scoreCompletion(input, rewards),
    locks: freeLocks,
    checkpointDatabase: openCheckpointDatabase(`${browser}-checkpoints`),
    checkpointSentinel: { get: async () => null, set: async () => {} },
    datasetDatabase: createStore(`${browser}-datasets`, 'datasets'),
    evaluationDatabase: createStore(`${browser}-evaluations`, 'evaluations'),
    storage: async () => ({ usageBytes: null, quotaBytes: null, persisted: null }),
    clock: () => performance.now(),
    now: () => '2026-01-01T00:00:00.000Z',
    newId: () => `${browser}-${Math.random().toString(36).slice(2)}-${ids++}`,
    build: 'test',
  };
}

export function openTrainer(browser: string, host: Partial<TrainerHost> = {}): Trainer {
  const news: News[] = [];
  const waiting: Array<() => void> = [];
  const pending = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  const post = (event: TrainerEvent) => {
    // What crosses threads is a copy.
    const message = structuredClone(event);
    if (message.type === 'done') pending.get(message.requestId)!.resolve(message.result);
    else if (message.type === 'failed') pending.get(message.requestId)!.reject(message.error);
    else {
      news.push(message);
      for (const wake of waiting.splice(0)) wake();
    }
  };
  const service = new TrainerService({ ...hostOf(browser), post, ...host });
  let requests = 0;
  const until = async <E extends News>(fits: (event: News) => event is E): Promise<E> => {
    for (;;) {
      const found = news.find(fits);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  return {
    news,
    until,
    send: (command) =>
      new Promise((resolve, reject) => {
        const requestId = ++requests;
        pending.set(requestId, { resolve: (value) => resolve(value as never), reject });
        void service.receive({ ...command, requestId });
      }),
    async status(status) {
      const latest = () => news.findLast((event) => event.type === 'run')?.run.status;
      while (latest() !== status) await new Promise<void>((resolve) => waiting.push(resolve));
    },
  };
}

/** All steps so far. */
export function stepsOf(trainer: Trainer): StepRecord[] {
  return trainer.news.flatMap((event) => (event.type === 'step' ? [event.record] : []));
}

/** All that must not depend on the clock. */
export function numbersOf(records: readonly StepRecord[]) {
  return records.map(({ step, metrics, rollouts }) => {
    const { step_time: _time, tokens_per_second: _speed, ...exact } = metrics;
    return { step, exact, completions: rollouts.map(({ completion, advantage }) => [completion, advantage]) };
  });
}

export async function checkpointAt(trainer: Trainer, step: number): Promise<string> {
  const all = await trainer.send({ type: 'list-checkpoints' });
  return all.find((checkpoint) => checkpoint.step === step)!.id;
}

/** A trainer with the tiny model and dataset loaded. */
export async function readyTrainer(
  browser: string,
  backend: 'wasm' | 'webgpu' = 'wasm',
  host: Partial<TrainerHost> = {},
): Promise<{ trainer: Trainer; datasetId: string }> {
  const trainer = openTrainer(browser, host);
  await trainer.send({ type: 'hello', protocolVersion: 1, backend });
  await trainer.send({ type: 'load-model', name: 'tiny-policy', files: tinyModel() });
  return { trainer, datasetId: await openDataset(browser) };
}

/** Imports the fixture of MedQA-layout rows; its two bad lines are agreed to be skipped. */
export async function openDataset(browser: string): Promise<string> {
  const file = new Blob([readFileSync(join(FIXTURES, 'medqa-layout.jsonl'))]);
  let datasetId = '';
  const handle = createDatasetService({
    post(event) {
      if (event.type === 'failed') throw new Error(event.error.message);
      if (event.type === 'done' && event.requestId === 1) datasetId = (event.result as { id: string }).id;
    },
    database: createStore(`${browser}-datasets`, 'datasets'),
    exclusive: (task) => task(),
    clock: () => performance.now(),
  });
  await handle({ type: 'open', name: 'medqa-layout.jsonl', file, requestId: 1 });
  await handle({ type: 'skip-bad-lines', datasetId, skip: true, requestId: 2 });
  return datasetId;
}

const freeLocks = {
  request: (_name: string, options: unknown, callback?: (lock: unknown) => unknown) =>
    Promise.resolve((callback ?? (options as (lock: unknown) => unknown))({})),
} as unknown as LockManager;
