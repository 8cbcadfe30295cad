/** The trainer's thread: messages in, the service's answers and news out. */
import type { Command, Numbered } from '../src/protocol';
import { checkpointSentinel, openCheckpointDatabase } from './checkpoint-database';
import { openDatasetDatabase } from './dataset-database';
import { openEvaluationDatabase } from './evaluation-database';
import { scorerClient } from './scorer/client';
import { TrainerService } from './trainer/service';
import { wasmFolder } from './wasm-folder';

declare const __BUILD__: string;

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const service = new TrainerService({
  post: (event) => self.postMessage(event),
  tensor: {
    gpu: navigator.gpu,
    wasmFolder: wasmFolder(),
    ...(crossOriginIsolated && { threads: { processors: navigator.hardwareConcurrency, sleep } }),
  },
  score: scorerClient(
    () => new Worker(new URL('./scorer.worker.ts', import.meta.url), { type: 'module', name: 'scorer' }),
  ),
  locks: navigator.locks,
  checkpointDatabase: openCheckpointDatabase(),
  checkpointSentinel,
  datasetDatabase: openDatasetDatabase(),
  evaluationDatabase: openEvaluationDatabase(),
  async storage() {
    const { usage, quota } = await navigator.storage.estimate();
    return {
      usageBytes: usage ?? null,
      quotaBytes: quota ?? null,
      persisted: await navigator.storage.persisted(),
    };
  },
  clock: () => performance.now(),
  now: () => new Date().toISOString(),
  newId: () => crypto.randomUUID(),
  build: __BUILD__,
});

self.onmessage = ({ data }: MessageEvent<Numbered<Command>>) => {
  void service.receive(data);
};
