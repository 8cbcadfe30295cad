/**
 * What computes in this tab. Variants of a kernel differ in their last bits, so what can be resumed keeps
 * the choice that it was made with, and goes on with it on the same adapter.
 */
import { type FusedDevice, readTuning, type StoredTuning } from '../../src/engine/fused';

export interface Engine {
  /** Our own kernels, where the backend runs them. */
  readonly device: FusedDevice | null;
  /** The backend's name for the hardware. */
  readonly adapter: string;
}

/** The choice of now, to be stored; undefined where plain ops compute. */
export function tuningToStore({ device, adapter }: Engine): StoredTuning | undefined {
  return device === null ? undefined : { adapter, tuning: device.tuning };
}

/** From now on the stored choice holds, if it is one for this adapter. → What puts back the one before. */
export function takeUpTuning({ device, adapter }: Engine, stored: StoredTuning | undefined): () => void {
  const tuning = readTuning(stored, adapter);
  if (device === null || tuning === null) return () => undefined;
  const { tuning: before } = device;
  device.tuning = tuning;
  return () => {
    device.tuning = before;
  };
}
