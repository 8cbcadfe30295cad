import type { GpuLimits } from '../../../src/engine/gpu';

/** What a desktop GPU allows. */
export const LIMITS: GpuLimits = {
  ...{ maxBufferSize: 2 ** 31, maxStorageBufferBindingSize: 2 ** 31, maxStorageBuffersPerShaderStage: 8 },
  ...{ maxComputeWorkgroupsPerDimension: 65_535, maxComputeInvocationsPerWorkgroup: 256 },
  ...{ maxComputeWorkgroupStorageSize: 16_384, minStorageBufferOffsetAlignment: 256 },
  minUniformBufferOffsetAlignment: 256,
};
