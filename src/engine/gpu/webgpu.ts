/** The part of WebGPU that the engine uses, as types: the engine is compiled without the DOM's. */

export interface GpuBuffer {
  readonly size: number;
  mapAsync(mode: number, offset?: number, size?: number): Promise<void>;
  getMappedRange(offset?: number, size?: number): ArrayBuffer;
  unmap(): void;
  destroy(): void;
}

/** A part of a buffer, in bytes; `offset` is a multiple of the device's storage alignment. */
export interface View {
  readonly buffer: GpuBuffer;
  readonly offset: number;
  readonly size: number;
}

/** Opaque to the engine. */
export interface GpuBindGroup {
  readonly label: string;
}

export interface GpuComputePipeline {
  getBindGroupLayout(index: number): object;
}

export interface GpuComputePass {
  setPipeline(pipeline: GpuComputePipeline): void;
  setBindGroup(index: number, group: GpuBindGroup): void;
  dispatchWorkgroups(x: number, y: number, z: number): void;
}

export interface GpuCommandEncoder {
  beginComputePass(): GpuComputePass;
  copyBufferToBuffer(
    from: GpuBuffer,
    fromOffset: number,
    to: GpuBuffer,
    toOffset: number,
    size: number,
  ): void;
  clearBuffer(buffer: GpuBuffer, offset: number, size: number): void;
}

export interface GpuQueue {
  writeBuffer(
    buffer: GpuBuffer,
    offset: number,
    data: ArrayBufferView | ArrayBuffer,
    dataOffset?: number,
    size?: number,
  ): void;
  onSubmittedWorkDone(): Promise<undefined>;
}

export interface GpuLimits {
  readonly maxBufferSize: number;
  readonly maxStorageBufferBindingSize: number;
  readonly maxStorageBuffersPerShaderStage: number;
  readonly maxComputeWorkgroupsPerDimension: number;
  readonly maxComputeInvocationsPerWorkgroup: number;
  readonly maxComputeWorkgroupStorageSize: number;
  readonly minStorageBufferOffsetAlignment: number;
  readonly minUniformBufferOffsetAlignment: number;
}

export interface GpuDevice {
  readonly limits: GpuLimits;
  readonly features: { has(name: 'subgroups'): boolean };
  /** Browsers of before 2025 have none. */
  readonly adapterInfo?: { readonly subgroupMinSize?: number; readonly subgroupMaxSize?: number };
  readonly queue: GpuQueue;
  createBuffer(descriptor: { size: number; usage: number; label?: string }): GpuBuffer;
  createShaderModule(descriptor: { code: string; label?: string }): object;
  createComputePipeline(descriptor: object): GpuComputePipeline;
  createBindGroup(descriptor: object): GpuBindGroup;
  pushErrorScope(filter: 'validation' | 'out-of-memory' | 'internal'): void;
  popErrorScope(): Promise<{ readonly message: string } | null>;
  onuncapturederror: ((event: { readonly error: { readonly message: string } }) => void) | null;
}

/** WebGPU's `GPUBufferUsage`. */
export const USAGE = {
  MAP_READ: 0x1,
  COPY_SRC: 0x4,
  COPY_DST: 0x8,
  UNIFORM: 0x40,
  STORAGE: 0x80,
} as const;

/** WebGPU's `GPUMapMode.READ`. */
export const MAP_READ = 1;
