/**
 * tfjs-webgpu keeps every buffer it ever freed, by exact size, and never gives one back: each new
 * sequence length adds a set of buffers that may not be used again. This bounds them.
 *
 * It relies on members of the 4.22.0 backend's `bufferManager` that tfjs does not document.
 */
import { tf } from './tf';

interface BufferManager {
  readonly freeBuffers: ReadonlyMap<string, { readonly size: number; destroy(): void }[]>;
  readonly numBytesUsed: number;
  numBytesAllocated: number;
  numFreeBuffers: number;
}

/**
 * Destroys the free buffers if together they hold more than `maxBytes`. Free means that all commands
 * that use them have been submitted. Elsewhere than on webgpu it does nothing.
 */
export function trimGpuPool(maxBytes: number): void {
  if (tf.getBackend() !== 'webgpu') return;
  const { bufferManager } = tf.backend() as unknown as { readonly bufferManager: BufferManager };
  if (bufferManager.numBytesAllocated - bufferManager.numBytesUsed <= maxBytes) return;
  for (const buffers of bufferManager.freeBuffers.values()) {
    for (const buffer of buffers) {
      bufferManager.numBytesAllocated -= buffer.size;
      buffer.destroy();
    }
    buffers.length = 0;
  }
  bufferManager.numFreeBuffers = 0;
}
