/**
 * Exact counts of what a program asks of WebGPU, whoever calls it: the methods of WebGPU's own classes
 * are replaced by ones that count. Unlike times they are the same on every machine.
 */

export interface GpuCounts {
  dispatches: number;
  submits: number;
  /** Calls of `writeBuffer`. */
  writes: number;
  /** Calls of `mapAsync`: readbacks. */
  readbacks: number;
  buffers: number;
  bindGroups: number;
  pipelines: number;
}

export interface GpuCounter {
  /** Since the counter was made. */
  readonly counts: Readonly<GpuCounts>;
  /** Of all buffers created since then and not destroyed. */
  readonly liveBytes: number;
  /** The highest `liveBytes` since then, or since `forgetPeak`. */
  readonly peakBytes: number;
  forgetPeak(): void;
  /** Puts WebGPU's own methods back. */
  stop(): void;
}

type Method = (this: object, ...args: never[]) => unknown;
type Prototype = Record<string, unknown>;

/** The global object, or whatever holds WebGPU's classes. */
export type GpuClasses = Readonly<Record<string, unknown>>;

/** Counts from now on; null where there is no WebGPU. One counter at a time. */
export function countGpu(classes: GpuClasses): GpuCounter | null {
  const prototypes = ['GPUDevice', 'GPUQueue', 'GPUBuffer', 'GPUComputePassEncoder'].map((name) =>
    prototypeOf(classes[name]),
  );
  const [device, queue, buffer, pass] = prototypes;
  if (!device || !queue || !buffer || !pass) return null;

  const counts: GpuCounts = {
    dispatches: 0,
    submits: 0,
    writes: 0,
    readbacks: 0,
    buffers: 0,
    bindGroups: 0,
    pipelines: 0,
  };
  const sizes = new WeakMap<object, number>();
  let liveBytes = 0;
  let peakBytes = 0;
  const undo: (() => void)[] = [];

  /** `before` gets the object and its arguments, `after` what the method returned. */
  const watch = (
    prototype: Prototype,
    name: string,
    before: (self: object) => void,
    after?: (result: unknown) => void,
  ): void => {
    const original = prototype[name] as Method | undefined;
    if (original === undefined) return;
    const own = Object.getOwnPropertyDescriptor(prototype, name);
    const counting: Method = function (...args) {
      before(this);
      const result = original.apply(this, args);
      after?.(result);
      return result;
    };
    Object.defineProperty(prototype, name, { value: counting, configurable: true, writable: true });
    undo.push(() => {
      if (own === undefined) delete prototype[name];
      else Object.defineProperty(prototype, name, own);
    });
  };
  const count = (prototype: Prototype, name: string, key: keyof GpuCounts) =>
    watch(prototype, name, () => {
      counts[key] += 1;
    });

  count(pass, 'dispatchWorkgroups', 'dispatches');
  count(pass, 'dispatchWorkgroupsIndirect', 'dispatches');
  count(queue, 'submit', 'submits');
  count(queue, 'writeBuffer', 'writes');
  count(buffer, 'mapAsync', 'readbacks');
  count(device, 'createBindGroup', 'bindGroups');
  count(device, 'createComputePipeline', 'pipelines');
  count(device, 'createComputePipelineAsync', 'pipelines');
  watch(
    device,
    'createBuffer',
    () => {
      counts.buffers += 1;
    },
    (made) => {
      const { size } = made as { size: number };
      sizes.set(made as object, size);
      liveBytes += size;
      peakBytes = Math.max(peakBytes, liveBytes);
    },
  );
  watch(buffer, 'destroy', (destroyed) => {
    liveBytes -= sizes.get(destroyed) ?? 0;
    sizes.delete(destroyed);
  });

  return {
    counts,
    get liveBytes() {
      return liveBytes;
    },
    get peakBytes() {
      return peakBytes;
    },
    forgetPeak: () => {
      peakBytes = liveBytes;
    },
    stop: () => {
      for (const restore of undo.splice(0)) restore();
    },
  };
}

/** What was counted between two readings. */
export function countsBetween(before: GpuCounts, after: GpuCounts): GpuCounts {
  const keys = Object.keys(after) as (keyof GpuCounts)[];
  return Object.fromEntries(keys.map((key) => [key, after[key] - before[key]])) as unknown as GpuCounts;
}

function prototypeOf(value: unknown): Prototype | undefined {
  return typeof value === 'function' ? (value.prototype as Prototype) : undefined;
}
