/** Which learner computes; what loads a model folder to compute with it makes its learner here. */
import type { TensorHash } from '../checkpoint/hash';
import type { Folder } from '../files';
import { type FusedDevice, loadFused, unsupported } from '../fused';
import { openPolicySource, type PolicyChoice, readPolicy } from '../policy';
import type { PendingTensor } from '../policy/weights';
import type { Learner } from './learner';
import { plainLearner } from './plain/learner';

export interface LoadOptions extends PolicyChoice {
  /** Fills batches where sequences of different lengths lie side by side. */
  readonly padToken: number;
  readonly device: FusedDevice | null;
  /** Takes in the folder's weights as they are read. */
  readonly hash?: TensorHash;
}

/**
 * Loads a Hugging Face folder. With a fused device, and a model that its kernels can compute, the
 * learner is the fused one; else TensorFlow.js' own ops compute.
 */
export async function loadLearner(folder: Folder, options: LoadOptions): Promise<Learner> {
  const { padToken, device, hash } = options;
  const opened = await openPolicySource(folder, options);
  const weights = hash === undefined ? opened.weights : opened.weights.map((tensor) => hashed(tensor, hash));
  const source = { ...opened, weights };
  if (device === null || unsupported(source.config, device.gpu.limits) !== null)
    return plainLearner(await readPolicy(source), padToken);
  return loadFused(source, device);
}

function hashed({ spec, read }: PendingTensor, hash: TensorHash): PendingTensor {
  return {
    spec,
    read: async (into, from) => {
      const values = await read(into, from);
      await hash.add(spec.name, spec.shape, values);
      return values;
    },
  };
}
