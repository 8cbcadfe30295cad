/** From a policy in plain ops to a fused learner with the same values. */
import type { Policy } from '../policy';
import { trimGpuPool } from '../tensor';
import type { FusedDevice } from './device';
import { FusedLearner } from './learner';

/** Takes the policy over: it is disposed of, also on failure. */
export async function fuse(policy: Policy, device: FusedDevice): Promise<FusedLearner> {
  let learner: FusedLearner | undefined;
  try {
    learner = new FusedLearner(device, policy.config, policy.configJson, policy.lora);
    for (const { name, data } of await policy.exportWeights({ merged: false }))
      learner.parameters.write(name, data as Float32Array);
    const adapter = await policy.exportAdapter();
    for (const { name, data } of adapter?.tensors ?? [])
      learner.adapter!.factors.write(name, data as Float32Array);
    learner.refresh();
    return learner;
  } catch (failure) {
    learner?.dispose();
    throw failure;
  } finally {
    policy.dispose();
    trimGpuPool(0);
  }
}
