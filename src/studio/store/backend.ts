/** The backend in words, the same wherever the page names it. */
import type { BackendReport } from '../../protocol';

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

/** The CPU computes, or plain ops do what our kernels would do faster. */
export function isSlow({ name, software, engine }: BackendReport): boolean {
  return name === 'wasm' || software || engine === 'plain';
}

/** `WebGPU`, `WebGPU · CPU`, `WASM · CPU`. */
export function backendName({ name, software }: BackendReport): string {
  if (name === 'wasm') return 'WASM · CPU';
  return software ? 'WebGPU · CPU' : 'WebGPU';
}
