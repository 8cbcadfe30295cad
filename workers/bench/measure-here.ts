/** One measurement in a worker of its own. */
import { type IsolateRequest, type IsolateResult, repeatsOf } from '../../src/engine/bench/cases';
import { countGpu } from '../../src/engine/bench/counters';
import type { Job, Outcome } from '../../src/engine/bench/rows';
import { nextMacrotask } from '../macrotask';
import { wasmFolder } from '../wasm-folder';

export type MeasuredEvent = Outcome | IsolateResult;

/** The handler of the worker's one message. */
export function measureHere(
  side: (request: IsolateRequest) => Promise<IsolateResult>,
): (message: MessageEvent<Job>) => Promise<void> {
  return async ({ data: { caseName, backend } }) => {
    let event: MeasuredEvent;
    try {
      event = await side({
        caseName,
        backend,
        tensors: { gpu: navigator.gpu, wasmFolder: wasmFolder() },
        repeats: repeatsOf(caseName),
        host: {
          clock: () => performance.now(),
          timeKind: 'wall',
          wallClock: () => performance.now(),
          counter: countGpu(self as unknown as Readonly<Record<string, unknown>>),
          breathe: nextMacrotask,
        },
      });
    } catch (thrown) {
      event = { problem: thrown instanceof Error ? thrown.message : String(thrown) };
    }
    self.postMessage(event);
  };
}
