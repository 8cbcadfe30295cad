/** Uniforms of the dispatches that wait for a submit: blocks of one buffer, uploaded in one write before it. */
import { StudioError } from '../../protocol/errors';
import type { Kernel } from './kernel';
import { type GpuBuffer, type GpuDevice, USAGE, type View } from './webgpu';

const RING_BYTES = 2 ** 16;

interface Ring {
  readonly buffer: GpuBuffer;
  readonly data: Uint8Array<ArrayBuffer>;
}

export class UniformRing {
  readonly #device: GpuDevice;
  readonly #free: Ring[] = [];
  /** Full or flushed, until their submit. */
  readonly #waiting: Ring[] = [];
  #current: Ring | null = null;
  #used = 0;

  constructor(device: GpuDevice) {
    this.#device = device;
  }

  /** A place for the block; its bytes reach the GPU with `flush`. */
  place(bytes: ArrayBuffer): View {
    const { minUniformBufferOffsetAlignment: alignment } = this.#device.limits;
    if (this.#current === null || this.#used + bytes.byteLength > RING_BYTES) {
      this.flush();
      this.#current = this.#free.pop() ?? this.#create();
    }
    const { buffer, data } = this.#current;
    data.set(new Uint8Array(bytes), this.#used);
    const view = { buffer, offset: this.#used, size: bytes.byteLength };
    this.#used += Math.ceil(bytes.byteLength / alignment) * alignment;
    return view;
  }

  /** Call before each submit. */
  flush(): void {
    if (this.#current === null) return;
    const { buffer, data } = this.#current;
    this.#device.queue.writeBuffer(buffer, 0, data.buffer, 0, Math.min(this.#used, RING_BYTES));
    this.#waiting.push(this.#current);
    this.#current = null;
    this.#used = 0;
  }

  /** After a submit, later writes come after its commands, so its blocks may be used again. */
  submitted(): void {
    this.#free.push(...this.#waiting.splice(0));
  }

  dispose(): void {
    for (const { buffer } of [...this.#free.splice(0), ...this.#waiting.splice(0)]) buffer.destroy();
    this.#current?.buffer.destroy();
    this.#current = null;
  }

  #create(): Ring {
    const usage = USAGE.UNIFORM | USAGE.COPY_DST;
    return {
      buffer: this.#device.createBuffer({ size: RING_BYTES, usage }),
      data: new Uint8Array(RING_BYTES),
    };
  }
}

/** The kernel's uniforms as they lie in memory; null where it has none. */
export function uniformBytes(kernel: Kernel, values: Readonly<Record<string, number>>): ArrayBuffer | null {
  const fields = Object.entries(kernel.uniforms);
  if (fields.length === 0) return null;
  const bytes = new ArrayBuffer(Math.ceil(fields.length / 4) * 16);
  const view = new DataView(bytes);
  fields.forEach(([name, type], index) => {
    const value = values[name];
    if (value === undefined) throw missing(kernel, name);
    if (type === 'f32') view.setFloat32(4 * index, value, true);
    else if (type === 'i32') view.setInt32(4 * index, value, true);
    else view.setUint32(4 * index, value, true);
  });
  return bytes;
}

function missing(kernel: Kernel, name: string): StudioError {
  return new StudioError({
    boundary: 'internal',
    code: 'gpu-call',
    message: `internal: the kernel ${kernel.name} without its uniform ${name}.`,
  });
}
