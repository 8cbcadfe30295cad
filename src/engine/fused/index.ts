/** The policy in our own kernels on webgpu: generation, log-probs, gradients, optimizer. */
import { StudioError } from '../../protocol/errors';
import type { GpuLimits } from '../gpu';
import { selfTest, TfjsGpu } from '../gpu';
import { defaultTuning } from '../kernels/tuning';
import type { PolicyConfig } from '../policy';
import { tf } from '../tensor';
import { FusedDevice } from './device';
import { modelLayout, unsupportedShape } from './weights';

export { memoryOfRun } from './budget';
export { FusedDevice } from './device';
export { loadFused } from './open';
export { readTuning, type StoredTuning, tuneFor } from './tune';

/** The fused engine on tfjs' backend, or the sentence that says why it is not there. */
export type FusedEngine =
  | { readonly device: FusedDevice; readonly problem: null }
  | { readonly device: null; readonly problem: string };

/** Only where webgpu is active, and only after its self-test; never throws. */
export async function openFusedEngine({ software } = { software: true }): Promise<FusedEngine> {
  if (tf.getBackend() !== 'webgpu') return { device: null, problem: 'the kernels need webgpu' };
  let gpu: TfjsGpu | undefined;
  try {
    gpu = new TfjsGpu();
    await selfTest(gpu);
    return { device: new FusedDevice(gpu, defaultTuning({ software })), problem: null };
  } catch (failure) {
    gpu?.dispose();
    return { device: null, problem: failure instanceof Error ? failure.message : String(failure) };
  }
}

/** Why this model cannot run in the kernels on this device; null: it can. */
export function unsupported(config: PolicyConfig, limits: GpuLimits): string | null {
  const shape = unsupportedShape(config);
  if (shape !== null) return shape;
  try {
    modelLayout(config, { limits });
    return null;
  } catch (failure) {
    if (failure instanceof StudioError && failure.record.code === 'tensor-too-large') return failure.message;
    throw failure;
  }
}
