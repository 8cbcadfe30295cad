/** Waiting for the device, so that a run is measured with all of its own work and nobody else's. */
import { tf } from '../tensor/tf';

interface WebgpuBackend {
  readonly device: { readonly queue: { onSubmittedWorkDone(): Promise<unknown> } };
  readonly commandEncoder: object | null;
  endComputePassEncoder(): void;
  submitQueue(): void;
}

/** Resolves when tfjs' active backend has done all that was asked of it. */
export async function settleBackend(): Promise<void> {
  if (tf.getBackend() !== 'webgpu') return; // wasm computes at once
  const backend = tf.backend() as unknown as WebgpuBackend;
  if (backend.commandEncoder !== null) {
    backend.endComputePassEncoder();
    backend.submitQueue();
  }
  await backend.device.queue.onSubmittedWorkDone();
}
