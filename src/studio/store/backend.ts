/** The backend in words, the same wherever the page names it. */
import { type BackendReport, MOST_THREADS, StudioError } from '../../protocol';

/** What `?threads=` asks for; undefined: nothing; an error, to be shown: no number of threads. */
export function threadsAsked(text: string | null): number | StudioError | undefined {
  if (text === null) return undefined;
  const threads = /^\d$/.test(text) ? Number(text) : 0;
  if (threads >= 1 && threads <= MOST_THREADS) return threads;
  return new StudioError({
    boundary: 'device',
    code: 'bad-threads',
    message: `?threads= takes a whole number from 1 to ${MOST_THREADS}, not "${text}".`,
    action: 'Correct the address; until then the page finds the number by itself.',
  });
}

/** As it computes this model: kernels that run here may not take every shape. */
export function backendOf(report: BackendReport, plainBecause: string | undefined): BackendReport {
  if (report.engine !== 'fused' || plainBecause === undefined) return report;
  const notice = `Plain TensorFlow.js ops train this model, more slowly: ${plainBecause}.`;
  return { ...report, engine: 'plain', notice };
}

/** What runs on WebGPU; null where that is not reported, and on WebAssembly, which has no kernels of ours. */
export function engineWords({ name, engine }: BackendReport): string | null {
  if (name !== 'webgpu' || engine === undefined) return null;
  return engine === 'fused' ? 'own kernels' : 'plain TensorFlow.js ops';
}

/**
 * `WebAssembly, 4 threads`, and how a trial of many went; null on WebGPU, and where the number is not reported.
 */
export function threadWords({ name, threads, threadsTrial: trial }: BackendReport): string | null {
  if (name !== 'wasm' || threads === undefined) return null;
  const words = `WebAssembly, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  if (trial === undefined) return words;
  const [one, many] = [trial.oneMs, trial.manyMs].map((ms) => `${ms.toFixed(0)} ms`);
  return `${words} (a trial took ${one} with 1, ${many} with ${trial.threads})`;
}

/** The CPU computes, or plain ops do what our kernels would do faster. */
export function isSlow({ name, software, engine }: BackendReport): boolean {
  return name === 'wasm' || software || engine === 'plain';
}

/** `WebGPU`, `WebGPU · CPU`, `WASM · CPU`. */
export function backendName({ name, software }: BackendReport): string {
  if (name === 'wasm') return 'WASM · CPU';
  return software ? 'WebGPU · CPU' : 'WebGPU';
}
