/**
 * From an opened model folder to a fused learner: values go from the file to their place on the GPU, a
 * piece at a time, so that no more than a piece of the model is in the memory of this thread.
 */
import { HASHED_VALUES } from '../checkpoint/hash';
import type { Gpu } from '../gpu';
import type { PolicySource } from '../policy';
import { sizeOf } from '../policy/parameters';
import type { PendingTensor } from '../policy/weights';
import { Adapter } from './adapter';
import type { FusedDevice } from './device';
import type { FlatBuffers } from './flat';
import { FusedLearner } from './learner';

/** Values that are read and written at once, as many as are hashed at once. */
const PIECE_VALUES = HASHED_VALUES;

/** Reads all that the source holds; nothing stays on the device when that fails. */
export async function loadFused(source: PolicySource, device: FusedDevice): Promise<FusedLearner> {
  const { config, configJson, weights, adapter } = source;
  const { gpu } = device;
  const trained = adapter?.trains ? adapter.settings : null;
  const learner = new FusedLearner(device, config, configJson, trained);
  try {
    await upload(gpu, weights, learner.parameters);
    if (learner.adapter !== null) await upload(gpu, adapter!.factors, learner.adapter.factors);
    else if (adapter !== null) {
      const folded = new Adapter(gpu, config, adapter.settings, learner.parameters);
      try {
        await upload(gpu, adapter.factors, folded.factors);
        folded.refresh(learner.context(1));
        folded.foldIn();
      } finally {
        folded.dispose();
      }
    }
    learner.refresh();
    await gpu.done();
    return learner;
  } catch (failure) {
    learner.dispose();
    throw failure;
  }
}

async function upload(gpu: Gpu, tensors: readonly PendingTensor[], into: FlatBuffers): Promise<void> {
  const largest = Math.max(...tensors.map(({ spec }) => sizeOf(spec.shape)));
  const scratch = new Float32Array(Math.min(largest, PIECE_VALUES));
  let waiting = 0;
  for (const { spec, read } of tensors) {
    const size = sizeOf(spec.shape);
    for (let from = 0; from < size; from += PIECE_VALUES) {
      const piece = scratch.subarray(0, Math.min(PIECE_VALUES, size - from));
      into.write(spec.name, await read(piece, from), from);
      waiting += piece.length;
      // What is written waits in memory until the GPU has taken it, so let it.
      if (waiting < PIECE_VALUES) continue;
      await gpu.done();
      waiting = 0;
    }
  }
}
