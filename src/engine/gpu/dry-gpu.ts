/**
 * A GPU that only keeps the books: what would be allocated and dispatched. The engine's own code runs on
 * it, so a memory budget is counted, not estimated. Values read from it are zeros.
 */
import type { Cost, Counters, Gpu, Recording } from './gpu';
import type { Kernel } from './kernel';
import type { GpuBuffer, GpuLimits, View } from './webgpu';

export interface MemoryUse {
  readonly bytes: number;
  /** Bytes by the label of their buffers. */
  readonly byLabel: Readonly<Record<string, number>>;
}

interface Booked extends GpuBuffer {
  readonly label: string;
}

export class DryGpu implements Gpu {
  readonly limits: GpuLimits;
  readonly subgroupSize = null;
  readonly counters: Counters = { dispatches: 0, submits: 0, readbacks: 0, multiplyAdds: 0, bytes: 0 };
  maxWorkPerSubmit = Number.POSITIVE_INFINITY;
  readonly #held = new Map<string, number>();
  #bytes = 0;
  #peak: MemoryUse = { bytes: 0, byLabel: {} };
  #recording: Cost[] | null = null;

  constructor(limits: GpuLimits) {
    this.limits = limits;
  }

  /** The most that was held at one time. */
  get peak(): MemoryUse {
    return this.#peak;
  }

  allocate(values: number, label = 'other'): View {
    const size = Math.max(16, Math.ceil(values / 4) * 16);
    this.#book(label, size);
    const buffer: Booked = {
      ...{ size, label },
      mapAsync: async () => undefined,
      getMappedRange: () => new ArrayBuffer(0),
      unmap: () => undefined,
      destroy: () => this.#book(label, -size),
    };
    return { buffer, offset: 0, size: Math.max(4, values * 4) };
  }

  free(...views: readonly View[]): void {
    for (const { buffer } of views) buffer.destroy();
  }

  write(): void {}

  copy(): void {}

  clear(): void {}

  async read(...views: readonly View[]): Promise<ArrayBuffer[]> {
    this.counters.readbacks += 1;
    return views.map(({ size }) => new ArrayBuffer(size));
  }

  async readFloats({ size }: View): Promise<Float32Array<ArrayBuffer>> {
    this.counters.readbacks += 1;
    return new Float32Array(size / 4);
  }

  run(_kernel: Kernel, _views: unknown, _uniforms: unknown, _workgroups: unknown, cost?: Cost): void {
    const counted = cost ?? { multiplyAdds: 0, bytes: 0 };
    if (this.#recording !== null) this.#recording.push(counted);
    else this.#count(counted);
  }

  record(make: () => void): Recording {
    const costs: Cost[] = [];
    this.#recording = costs;
    try {
      make();
    } finally {
      this.#recording = null;
    }
    const dispatches = costs.map((cost) => ({ cost })) as unknown as Recording['dispatches'];
    return { dispatches, dispose: () => undefined };
  }

  replay({ dispatches }: Recording): void {
    for (const { cost } of dispatches) this.#count(cost);
  }

  flush(): void {}

  async done(): Promise<void> {}

  #count({ multiplyAdds, bytes }: Cost): void {
    this.counters.dispatches += 1;
    this.counters.multiplyAdds += multiplyAdds;
    this.counters.bytes += bytes;
  }

  #book(label: string, size: number): void {
    this.#bytes += size;
    this.#held.set(label, (this.#held.get(label) ?? 0) + size);
    if (this.#bytes > this.#peak.bytes)
      this.#peak = { bytes: this.#bytes, byLabel: Object.fromEntries(this.#held) };
  }
}
