/** Bytes of live buffers on a real device, and the most there ever were, from `createBuffer` and `destroy`. */
import type { TfjsGpu } from '../../../src/engine/gpu';

export interface CountedBuffers {
  live: number;
  peak: number;
  /** Gives the device its own `createBuffer` back. */
  stop(): void;
}

export function countBuffers(gpu: TfjsGpu): CountedBuffers {
  const { device } = gpu;
  const create = device.createBuffer.bind(device);
  const counted = {
    live: 0,
    peak: 0,
    stop: () => {
      device.createBuffer = create;
    },
  };
  device.createBuffer = (descriptor) => {
    const buffer = create(descriptor);
    counted.live += descriptor.size;
    counted.peak = Math.max(counted.peak, counted.live);
    const destroy = buffer.destroy.bind(buffer);
    let gone = false;
    buffer.destroy = () => {
      if (!gone) counted.live -= descriptor.size;
      gone = true;
      destroy();
    };
    return buffer;
  };
  return counted;
}
