/** WebAssembly on the CPU: with one thread, or with many where that was asked for or is faster here. */
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { type BackendReport, MOST_THREADS } from '../../protocol/records';
import { activate } from './activate';
import { tf } from './tf';
import { guardHeap } from './wasm-heap';
import { contestMs, startThreads, type ThreadsHost } from './wasm-threads';

export interface WasmHost {
  /** URL of the folder of tfjs' .wasm files, with the slash at its end; undefined: beside tfjs' module (Node). */
  readonly wasmFolder: string | undefined;
  /** Absent where there can be no threads on wasm: the page is not cross-origin isolated, or this is no page. */
  readonly threads?: ThreadsHost;
}

/** Below so many logical processors threads on wasm are not tried: on 2 they lost. */
const PROCESSORS_FOR_THREADS = 4;
/** Threads on wasm are kept if they are so many times as fast as one. */
const THREADS_MUST_GAIN = 1.3;

export type WasmReport = Omit<BackendReport, 'requested'>;

/** @param asked threads, from 1; undefined: many if they are faster here. What cannot start gives one, and a notice */
export async function activateWasm(host: WasmHost, asked: number | undefined): Promise<WasmReport> {
  // Left to itself tfjs would start threads from blob: scripts, which the content security policy refuses,
  // and wait for ever: its own start is always that of one thread.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  if (host.wasmFolder !== undefined) setWasmPaths(host.wasmFolder);
  await activate('wasm');
  guardHeap(tf.backend());
  const tried = await tryThreads(host, asked);
  return { name: 'wasm', adapter: 'CPU', software: false, threads: 1, ...tried };
}

/** Puts a backend of many threads in place of wasm's one, where that was asked for or is faster. */
async function tryThreads(
  { threads: host, wasmFolder }: WasmHost,
  asked: number | undefined,
): Promise<Pick<BackendReport, 'threads' | 'threadsTrial' | 'notice'>> {
  if (asked === 1) return {};
  if (host === undefined || wasmFolder === undefined) {
    if (asked === undefined) return {};
    return { notice: `One thread computes, not ${asked}: the page is not cross-origin isolated.` };
  }
  if (asked === undefined && host.processors < PROCESSORS_FOR_THREADS) return {};
  const count = asked ?? Math.min(MOST_THREADS, Math.floor(host.processors / 2));
  const oneMs = asked === undefined ? contestMs(tf.backend()) : 0;
  const start = await startThreads(wasmFolder, count, host);
  if ('reason' in start) return { notice: `One thread computes, not ${count}: ${start.reason}.` };
  const { backend } = start;
  guardHeap(backend);
  let trial: Pick<BackendReport, 'threadsTrial'> = {};
  if (asked === undefined) {
    const manyMs = contestMs(backend);
    trial = { threadsTrial: { threads: count, oneMs, manyMs } };
    if (oneMs < THREADS_MUST_GAIN * manyMs) {
      backend.dispose();
      return trial;
    }
  }
  tf.removeBackend('wasm');
  tf.registerBackend('wasm', () => backend);
  await activate('wasm');
  return { threads: count, ...trial };
}
