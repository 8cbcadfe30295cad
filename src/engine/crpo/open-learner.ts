/** Which learner computes; everything outside the engine makes its learners here. */
import type { Folder } from '../files';
import { type FusedDevice, fuse, unsupported } from '../fused';
import { loadPolicy, type Policy } from '../policy';
import type { Learner } from './learner';
import { plainLearner } from './plain/learner';

/**
 * Takes ownership of the policy. With a fused device, and a model that its kernels can compute, the
 * fused learner takes over; else TensorFlow.js' own ops compute. `padToken` fills batches where
 * sequences of different lengths lie side by side.
 */
export async function openLearner(
  policy: Policy,
  padToken: number,
  device: FusedDevice | null = null,
): Promise<Learner> {
  if (device === null || unsupported(policy.config, device.gpu.limits) !== null)
    return plainLearner(policy, padToken);
  return fuse(policy, device);
}

/** The same for a Hugging Face folder; throws what loading it throws. */
export async function loadLearner(
  folder: Folder,
  options: Parameters<typeof loadPolicy>[1] & {
    readonly padToken: number;
    readonly device: FusedDevice | null;
  },
): Promise<Learner> {
  return openLearner(await loadPolicy(folder, options), options.padToken, options.device);
}
