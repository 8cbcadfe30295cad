/**
 * TensorFlow.js' WebAssembly module with threads, under a content security policy without `blob:`. Left to
 * itself TensorFlow.js starts them from blobs and waits for ever; here the threads' script and the module's
 * factory are files beside the .wasm files (`vite.config.ts` puts them there), and the start has a limit.
 *
 * Threads do not always pay: XNNPACK's wait for each other by spinning. So unless a number was asked for, they
 * must win a contest on the machine as it is. The values are the same with any number: XNNPACK divides the
 * output into tiles. The module always starts 8 workers; those without work are ended.
 */
import { BackendWasm, setThreadsCount } from '@tensorflow/tfjs-backend-wasm';
import wasmFactory from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js';
import { tf } from './tf';
import { multiplier, multiplyPairs, type WasmBackend } from './wasm-batches';
import { sharedMemory } from './wasm-heap';

/** What threads need of the engine's host. */
export interface ThreadsHost {
  /** Logical processors. */
  readonly processors: number;
  sleep(ms: number): Promise<void>;
}

/** Threads that stand, or a sentence's second half: why they do not. */
export type ThreadsStart = { readonly backend: BackendWasm } | { readonly reason: string };

const FILES = 'tfjs-backend-wasm-threaded-simd';
const START_LIMIT_MS = 3000;

interface ThreadWorker {
  terminate(): void;
  addEventListener(type: 'error', listener: (event: WorkerError) => void): void;
}

interface WorkerError {
  readonly message?: string;
  preventDefault(): void;
  stopImmediatePropagation(): void;
}

/** Emscripten fills the factory's own argument, so its workers are at hand before the module is ready. */
interface ThreadedModule {
  readonly PThread: { unusedWorkers: ThreadWorker[]; terminateAllThreads(): void };
  cwrap(
    name: string,
    result: 'number' | null,
    parameters: readonly string[],
  ): (...values: number[]) => number;
  tfjs?: Readonly<Record<string, (...values: number[]) => number>>;
}

/**
 * Starts `count` threads, the caller's included; the backend is not yet TensorFlow.js'. Never throws and
 * answers within the limit: when the module is ready, all its workers have answered.
 */
export async function startThreads(folder: string, count: number, host: ThreadsHost): Promise<ThreadsStart> {
  const config = {
    locateFile: (file: string) => folder + file,
    mainScriptUrlOrBlob: `${folder}${FILES}.js`,
    wasmMemory: sharedMemory(),
  };
  const module = config as unknown as ThreadedModule;
  const startup = { over: false };
  let restoreProcessors: (() => void) | undefined;
  try {
    restoreProcessors = pretendProcessors(2 * count);
    const ready = wasmFactory(config);
    const late = host.sleep(START_LIMIT_MS).then(() => {
      throw new Error(`they did not answer within ${START_LIMIT_MS / 1000} s`);
    });
    const workers = module.PThread.unusedWorkers;
    await Promise.race([ready, firstError(workers, startup), late]);
    const backend = backendOf(module, count);
    for (const worker of module.PThread.unusedWorkers) worker.terminate();
    module.PThread.unusedWorkers = [];
    const started = module.tfjs!.getThreadsCount!();
    if (started !== count) throw new Error(`${started} of ${count} started`);
    startup.over = true;
    return { backend };
  } catch (thrown) {
    module.PThread?.terminateAllThreads();
    return { reason: thrown instanceof Error ? thrown.message : String(thrown) };
  } finally {
    restoreProcessors?.();
  }
}

/**
 * Rejects when a worker fails. Until the start is over its error ends here: Emscripten's handler would throw it
 * on, and end the trainer.
 */
function firstError(workers: readonly ThreadWorker[], startup: { readonly over: boolean }): Promise<never> {
  return new Promise((_, reject) => {
    for (const worker of workers)
      worker.addEventListener('error', (event) => {
        if (startup.over) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        reject(new Error(event.message ?? 'their script could not be loaded'));
      });
  });
}

/** As TensorFlow.js' own `init` does it. */
function backendOf(module: ThreadedModule, count: number): BackendWasm {
  const numbers = (parameters: number) => new Array<string>(parameters).fill('number');
  module.tfjs = {
    init: module.cwrap('init', null, []),
    initWithThreadsCount: module.cwrap('init_with_threads_count', null, numbers(1)),
    getThreadsCount: module.cwrap('get_threads_count', 'number', []),
    registerTensor: module.cwrap('register_tensor', null, numbers(3)),
    disposeData: module.cwrap('dispose_data', null, numbers(1)),
    dispose: module.cwrap('dispose', null, []),
  };
  setThreadsCount(count);
  const Backend = BackendWasm as unknown as new (module: ThreadedModule) => BackendWasm;
  return new Backend(module);
}

/**
 * The module asks `navigator` for the logical processors when it is instantiated, and takes at most half of them
 * as threads: meanwhile it is told as many as it needs. Returns what ends that.
 */
function pretendProcessors(count: number): () => void {
  const { navigator } = globalThis as unknown as { navigator: { hardwareConcurrency?: number } };
  Object.defineProperty(navigator, 'hardwareConcurrency', { configurable: true, value: count });
  return () => {
    delete navigator.hardwareConcurrency; // the prototype's, which tells the truth, is visible again
  };
}

/** Rows of the contest's products, and how often each is taken: once as in training, often as in decoding. */
const CONTEST = [
  { rows: 256, times: 1 },
  { rows: 8, times: 8 },
] as const;
const CONTEST_ROUNDS = 5;
const [INNER, COLUMNS] = [576, 1536];

/** Median milliseconds of the contest's products on that backend, which need not be TensorFlow.js' at the time. */
export function contestMs(backend: tf.KernelBackend): number {
  const wasm = backend as unknown as WasmBackend;
  const multiply = multiplier(wasm);
  const filled = (shape: number[]) =>
    wasm.makeOutput(shape, 'float32', undefined, new Float32Array(tf.util.sizeFromShape(shape)).fill(0.5));
  const b = filled([1, INNER, COLUMNS]);
  const tries = CONTEST.map(({ rows, times }) => ({ a: filled([1, rows, INNER]), times }));
  const round = () => {
    const start = tf.util.now();
    for (const { a, times } of tries)
      for (let i = 0; i < times; i++) backend.disposeData(multiplyPairs(wasm, multiply, a, b).dataId);
    return tf.util.now() - start;
  };
  round(); // the heap grows, code is compiled
  const measured = Array.from({ length: CONTEST_ROUNDS }, round).sort((x, y) => x - y);
  for (const { dataId } of [b, ...tries.map(({ a }) => a)]) backend.disposeData(dataId);
  return measured[Math.floor(CONTEST_ROUNDS / 2)]!;
}
