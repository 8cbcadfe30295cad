/** Fused learners out of model folders and policies. */
import type { Folder } from '../../../src/engine/files';
import { loadFused } from '../../../src/engine/fused';
import { FusedDevice } from '../../../src/engine/fused/device';
import type { FusedLearner } from '../../../src/engine/fused/learner';
import type { Gpu } from '../../../src/engine/gpu';
import { openPolicySource, type Policy, type PolicyChoice } from '../../../src/engine/policy';
import { folderOf } from '../policy/load';

/** On a device of its own, so that nothing is shared. */
export async function fusedLearner(
  folder: Folder,
  gpu: Gpu,
  choice: PolicyChoice = { training: { mode: 'full' } },
): Promise<FusedLearner> {
  return loadFused(await openPolicySource(folder, choice), new FusedDevice(gpu));
}

/** With the policy's weights; the policy is disposed of. */
export async function fusedOf(policy: Policy, gpu: Gpu): Promise<FusedLearner> {
  return fusedLearner(await folderOf(policy), gpu);
}
