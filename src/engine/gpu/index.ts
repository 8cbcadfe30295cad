/** Our own WGSL on the tfjs-webgpu backend. */
export {
  ALIGNMENT,
  type Cost,
  type Gpu,
  partOf,
  type Recording,
  TfjsGpu,
  type Workgroups,
} from './gpu';
export { type BindingType, type Kernel, type KernelSource, kernel, reduceLanes, unroll } from './kernel';
export { selfTest } from './self-test';
export type { GpuLimits, View } from './webgpu';
export { classOf, Workspace } from './workspace';
