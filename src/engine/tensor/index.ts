/**
 * The one door to TensorFlow.js, and the legend of shapes for the whole engine:
 *
 *   P  prompts in a rollout batch          S  tokens of a sequence: prompt + completion
 *   G  completions per prompt              L  positions in the KV cache
 *   N  rollouts, P·G; rows of a batch      H  attention heads
 *   T  completion tokens                   K  key-value heads; H/K query heads share one
 *   V  vocabulary                          C  width of a head
 *   D  width of the residual stream        F  width of the MLP
 *   M  rows of a matrix: positions of all rollouts, N·S or N·T
 *
 * Linear weights lie as [in, out], so that a forward pass is x · W. Whoever makes a tensor disposes
 * of it, unless its comment says that ownership passes. Values are read with `await tensor.data()`;
 * `dataSync` is forbidden (in a worker on webgpu it returned zeros and lost the device).
 */
import './wasm-slices';

export { chooseBackend, type GpuHost, onDeviceLost, type TensorHost } from './backend';
export { constant } from './constant';
export { customGradient } from './custom-gradient';
export { trimGpuPool } from './gpu-pool';
export { matmul } from './matmul';
export { takeRows } from './rows';
export { assertShape } from './shape';
export { sumRows } from './sum';
export { tf } from './tf';
