/**
 * A thin layer over the tfjs-webgpu backend that runs our own WGSL: kernels with several outputs and
 * outputs in place, buffers and parts of buffers as arguments, pipelines compiled once, and sequences
 * of dispatches recorded once and replayed.
 *
 * Dispatches go into the backend's own command encoder, in order with tfjs' ops. They are submitted
 * when the work in them reaches a bound (a GPU watchdog ends commands that take seconds), when values
 * are read or written, and by `flush`.
 */
import { StudioError } from '../../protocol/errors';
import type { tf } from '../tensor';
import { type TfjsBackend, tfjsBackend, viewOfTensor } from './backend';
import { type Kernel, wgslOf } from './kernel';
import { UniformRing, uniformBytes } from './uniforms';
import {
  type GpuBindGroup,
  type GpuBuffer,
  type GpuComputePipeline,
  type GpuDevice,
  type GpuLimits,
  MAP_READ,
  USAGE,
  type View,
} from './webgpu';

/** A linear number of workgroups, or one per dimension. */
export type Workgroups = number | readonly [x: number, y: number, z?: number];

/** What a dispatch does, counted from its shape. */
export interface Cost {
  readonly multiplyAdds: number;
  /** Read and written by the shader, once per load that no tile shares. */
  readonly bytes: number;
}

export interface Counters {
  dispatches: number;
  submits: number;
  readbacks: number;
  multiplyAdds: number;
  bytes: number;
}

type Views = Readonly<Record<string, View>>;
type Uniforms = Readonly<Record<string, number>>;
type Grid = readonly [number, number, number];

interface RecordedDispatch {
  readonly pipeline: GpuComputePipeline;
  readonly bindGroup: GpuBindGroup;
  readonly grid: Grid;
  readonly cost: Cost;
}

/** Dispatches to be replayed. Its views must outlive it. */
export interface Recording {
  readonly dispatches: readonly RecordedDispatch[];
  dispose(): void;
}

interface Compiled {
  readonly pipeline: GpuComputePipeline;
  readonly layout: object;
}

/** Dispatches in one submit at most. */
const MAX_DISPATCHES = 64;
const STORAGE = USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST;
const NO_COST: Cost = { multiplyAdds: 0, bytes: 0 };

/** What kernels and the code that drives them see of the layer. */
export interface Gpu {
  readonly limits: GpuLimits;
  /** Invocations of a subgroup, where all subgroups are of one size; null where kernels may not use them. */
  readonly subgroupSize: number | null;
  readonly counters: Counters;
  /** Multiply-adds in one submit at most, give or take one dispatch. */
  maxWorkPerSubmit: number;
  /** A buffer of its own for `values` 4-byte values, zero at first. Free it with `free`. */
  allocate(values: number, label?: string): View;
  /** Destroys the views' buffers once what was dispatched before has been submitted. */
  free(...views: readonly View[]): void;
  /** Writes after all that was dispatched before. */
  write(view: View, values: Float32Array | Int32Array | Uint32Array): void;
  /** `values` 4-byte values from `from` to `to`, both from their start unless told (in values). */
  copy(from: View, to: View, values: number, fromOffset?: number, toOffset?: number): void;
  /** Fills with zeros. */
  clear(view: View): void;
  /** The values now, after all that was dispatched before, in one readback. Throws what went wrong on the GPU. */
  read(...views: readonly View[]): Promise<ArrayBuffer[]>;
  readFloats(view: View): Promise<Float32Array<ArrayBuffer>>;
  /** One dispatch. Views go by the kernel's binding names, numbers by its uniforms'. */
  run(kernel: Kernel, views: Views, uniforms: Uniforms, workgroups: Workgroups, cost?: Cost): void;
  /** Keeps the dispatches of `make` instead of running them. */
  record(make: () => void): Recording;
  replay(recording: Recording): void;
  /** Hands everything to the GPU. */
  flush(): void;
  /** Resolves when the GPU has done all that was dispatched before. */
  done(): Promise<void>;
}

/** The layer on a real device. */
export class TfjsGpu implements Gpu {
  readonly device: GpuDevice;
  readonly counters: Counters = { dispatches: 0, submits: 0, readbacks: 0, multiplyAdds: 0, bytes: 0 };
  maxWorkPerSubmit = 2e10;
  readonly #backend: TfjsBackend;
  readonly #submit: () => void;
  readonly #ring: UniformRing;
  readonly #pipelines = new Map<string, Compiled>();
  readonly #staging: GpuBuffer[] = [];
  #recording: { dispatches: RecordedDispatch[]; uniforms: GpuBuffer[] } | null = null;
  #pendingDispatches = 0;
  #pendingWork = 0;
  #fault: StudioError | null = null;

  /** On tfjs' active backend; throws `gpu-internals` where that is not what the layer was written for. */
  constructor() {
    this.#backend = tfjsBackend();
    this.device = this.#backend.device;
    this.#ring = new UniformRing(this.device);
    // WebGPU drops a command that is not valid, or a buffer that does not fit, and goes on.
    this.device.onuncapturederror = ({ error }) => {
      this.#fault ??= gpuError(error.message);
    };
    const submit = this.#backend.submitQueue.bind(this.#backend);
    this.#submit = submit;
    // tfjs submits on its own account too, and our uniforms must be there before.
    this.#backend.submitQueue = () => {
      this.#ring.flush();
      submit();
      this.#ring.submitted();
      this.#pendingDispatches = 0;
      this.#pendingWork = 0;
      this.counters.submits += 1;
    };
  }

  /** Gives tfjs its own submit back. What the layer allocated is the caller's to free first. */
  dispose(): void {
    this.flush();
    this.#backend.submitQueue = this.#submit;
    this.device.onuncapturederror = null;
    this.#ring.dispose();
    for (const buffer of this.#staging.splice(0)) buffer.destroy();
  }

  get limits(): GpuLimits {
    return this.device.limits;
  }

  get subgroupSize(): number | null {
    const { features, adapterInfo } = this.device;
    if (!features.has('subgroups')) return null;
    const { subgroupMinSize: least, subgroupMaxSize: most } = adapterInfo ?? {};
    return least !== undefined && least === most ? least : null;
  }

  allocate(values: number, label?: string): View {
    const size = Math.max(16, Math.ceil(values / 4) * 16);
    const buffer = this.device.createBuffer({ size, usage: STORAGE, ...(label !== undefined && { label }) });
    return { buffer, offset: 0, size: Math.max(4, values * 4) };
  }

  free(...views: readonly View[]): void {
    if (this.#pendingDispatches > 0) this.flush();
    for (const { buffer } of views) buffer.destroy();
  }

  /** Where a tensor's values lie; valid until the tensor is disposed of. */
  view(tensor: tf.TensorInfo): View {
    return viewOfTensor(this.#backend, tensor);
  }

  write(view: View, values: Float32Array | Int32Array | Uint32Array): void {
    this.flush();
    if (values.byteLength > view.size) throw internal(`${values.byteLength} bytes into ${view.size}`);
    this.device.queue.writeBuffer(view.buffer, view.offset, values, 0, values.length);
  }

  copy(from: View, to: View, values: number, fromOffset = 0, toOffset = 0): void {
    const backend = this.#backend;
    backend.ensureCommandEncoderReady();
    backend.endComputePassEncoder();
    const [source, target] = [from.offset + fromOffset * 4, to.offset + toOffset * 4];
    backend.commandEncoder!.copyBufferToBuffer(from.buffer, source, to.buffer, target, values * 4);
    this.#pendingDispatches += 1;
  }

  clear(view: View): void {
    const backend = this.#backend;
    backend.ensureCommandEncoderReady();
    backend.endComputePassEncoder();
    backend.commandEncoder!.clearBuffer(view.buffer, view.offset, view.size);
    this.#pendingDispatches += 1;
  }

  async read(...views: readonly View[]): Promise<ArrayBuffer[]> {
    const total = views.reduce((sum, { size }) => sum + size, 0);
    const staging = this.#takeStaging(total);
    const backend = this.#backend;
    backend.ensureCommandEncoderReady();
    backend.endComputePassEncoder();
    let at = 0;
    const starts = views.map(({ buffer, offset, size }) => {
      const start = at;
      backend.commandEncoder!.copyBufferToBuffer(buffer, offset, staging, start, size);
      at += size;
      return start;
    });
    backend.submitQueue();
    this.counters.readbacks += 1;
    await staging.mapAsync(MAP_READ, 0, total);
    if (this.#fault !== null) throw this.#fault;
    const mapped = staging.getMappedRange(0, total);
    const copies = views.map(({ size }, index) => mapped.slice(starts[index]!, starts[index]! + size));
    staging.unmap();
    this.#staging.push(staging);
    return copies;
  }

  async readFloats(view: View): Promise<Float32Array<ArrayBuffer>> {
    const [bytes] = await this.read(view);
    return new Float32Array(bytes!);
  }

  run(kernel: Kernel, views: Views, uniforms: Uniforms, workgroups: Workgroups, cost: Cost = NO_COST): void {
    const { pipeline, layout } = this.#compiled(kernel);
    const grid = this.#grid(workgroups);
    const bytes = uniformBytes(kernel, uniforms);
    const uniform = bytes === null ? [] : [this.#uniform(bytes)];
    const entries = [...Object.keys(kernel.bindings).map((name) => bound(kernel, views, name)), ...uniform];
    const bindGroup = this.device.createBindGroup({
      layout,
      entries: entries.map(({ buffer, offset, size }, binding) => ({
        binding,
        resource: { buffer, offset, size },
      })),
    });
    const dispatch = { pipeline, bindGroup, grid, cost };
    if (this.#recording === null) this.#dispatch(dispatch);
    else this.#recording.dispatches.push(dispatch);
  }

  record(make: () => void): Recording {
    const recording = { dispatches: [] as RecordedDispatch[], uniforms: [] as GpuBuffer[] };
    this.#recording = recording;
    try {
      make();
    } finally {
      this.#recording = null;
    }
    const dispose = () => {
      if (this.#pendingDispatches > 0) this.flush();
      for (const buffer of recording.uniforms.splice(0)) buffer.destroy();
    };
    return { dispatches: recording.dispatches, dispose };
  }

  replay({ dispatches }: Recording): void {
    for (const dispatch of dispatches) this.#dispatch(dispatch);
  }

  flush(): void {
    const backend = this.#backend;
    backend.endComputePassEncoder();
    if (backend.commandEncoder !== null) backend.submitQueue();
  }

  async done(): Promise<void> {
    this.flush();
    await this.device.queue.onSubmittedWorkDone();
    if (this.#fault !== null) throw this.#fault;
  }

  #dispatch({ pipeline, bindGroup, grid, cost }: RecordedDispatch): void {
    const backend = this.#backend;
    backend.ensureCommandEncoderReady();
    backend.computePassEncoder ??= backend.commandEncoder!.beginComputePass();
    const pass = backend.computePassEncoder;
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(...grid);
    const { counters } = this;
    counters.dispatches += 1;
    counters.multiplyAdds += cost.multiplyAdds;
    counters.bytes += cost.bytes;
    this.#pendingDispatches += 1;
    this.#pendingWork += cost.multiplyAdds;
    if (this.#pendingDispatches >= MAX_DISPATCHES || this.#pendingWork >= this.maxWorkPerSubmit) this.flush();
  }

  #compiled(kernel: Kernel): Compiled {
    let compiled = this.#pipelines.get(kernel.name);
    if (compiled === undefined) {
      const module = this.device.createShaderModule({ code: wgslOf(kernel), label: kernel.name });
      const pipeline = this.device.createComputePipeline({
        label: kernel.name,
        layout: 'auto',
        compute: { module, entryPoint: 'main' },
      });
      compiled = { pipeline, layout: pipeline.getBindGroupLayout(0) };
      this.#pipelines.set(kernel.name, compiled);
    }
    return compiled;
  }

  #uniform(bytes: ArrayBuffer): View {
    if (this.#recording === null) return this.#ring.place(bytes);
    const buffer = this.device.createBuffer({
      size: bytes.byteLength,
      usage: USAGE.UNIFORM | USAGE.COPY_DST,
    });
    this.device.queue.writeBuffer(buffer, 0, bytes);
    this.#recording.uniforms.push(buffer);
    return { buffer, offset: 0, size: bytes.byteLength };
  }

  /** A linear grid is folded where it is longer than a dimension may be. */
  #grid(workgroups: Workgroups): Grid {
    const limit = this.limits.maxComputeWorkgroupsPerDimension;
    if (typeof workgroups !== 'number') {
      const [x, y, z = 1] = workgroups;
      if (Math.max(x, y, z) > limit) throw internal(`a grid of ${x} × ${y} × ${z} workgroups`);
      return [x, y, z];
    }
    if (workgroups <= limit) return [workgroups, 1, 1];
    return [limit, Math.ceil(workgroups / limit), 1];
  }

  #takeStaging(bytes: number): GpuBuffer {
    const fitting = this.#staging.findIndex(({ size }) => size >= bytes && size <= 4 * bytes + 4096);
    if (fitting >= 0) return this.#staging.splice(fitting, 1)[0]!;
    // A readback of another size: the old buffers of this kind go.
    for (const buffer of this.#staging.splice(0)) buffer.destroy();
    const size = Math.ceil(bytes / 4096) * 4096;
    return this.device.createBuffer({ size, usage: USAGE.MAP_READ | USAGE.COPY_DST });
  }
}

function gpuError(message: string): StudioError {
  const memory = /out of memory|OutOfMemory|allocat/i.test(message);
  return new StudioError({
    boundary: 'device',
    code: memory ? 'gpu-out-of-memory' : 'gpu-error',
    message: `The GPU refused a command: ${message.slice(0, 300)}`,
    action: memory
      ? 'Choose fewer rollouts, shorter completions or a smaller micro-batch, and resume from the last checkpoint.'
      : 'Resume from the last checkpoint; if it happens again, choose the wasm backend and report this message.',
  });
}

/** `values` 4-byte values of a view, from its value `start` on; `start` must be aligned (`ALIGNMENT`). */
export function partOf(view: View, start: number, values: number): View {
  return { buffer: view.buffer, offset: view.offset + start * 4, size: values * 4 };
}

/** In values: a part of a buffer begins at a multiple of this (WebGPU's default of 256 bytes). */
export const ALIGNMENT = 64;

function bound(kernel: Kernel, views: Views, name: string): View {
  const view = views[name];
  if (view === undefined) throw internal(`the kernel ${kernel.name} without its binding ${name}`);
  return view;
}

function internal(what: string): StudioError {
  return new StudioError({ boundary: 'internal', code: 'gpu-call', message: `internal: ${what}.` });
}
