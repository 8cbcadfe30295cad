/** Parts of the fused engine alone, ready to be measured: a linear layer, the head with the loss. */
import type { FusedDevice } from '../fused';
import { lossAndGradient } from '../fused/head';
import { dimensionsOf, type ModelWeights } from '../fused/weights';
import type { View } from '../gpu';
import { STATISTICS } from '../kernels/head-loss';
import { type HeadCase, LINEAR_TIMES, type LinearCase, type Side } from './cases';
import { headInputs, linearInputs, meanMagnitude, OBJECTIVE } from './model';

export function fusedLinearSide(device: FusedDevice, benchCase: LinearCase): Side {
  const { rows, inputs, outputs } = benchCase;
  const { gpu } = device;
  const made = linearInputs(rows, inputs, outputs);
  const x = uploaded(device, made.x);
  const weight = uploaded(device, made.weight);
  const y = gpu.allocate(rows * outputs);
  return {
    run: async () => {
      for (let time = 0; time < LINEAR_TIMES; time++) device.linear({ rows, inputs, outputs, x, weight, y });
      return meanMagnitude(await gpu.readFloats(y));
    },
    settle: () => gpu.done(),
    dispose: () => gpu.free(x, weight, y),
  };
}

export function fusedHeadSide(device: FusedDevice, { rows, width, vocabulary }: HeadCase): Side {
  const { gpu, workspace } = device;
  const made = headInputs(rows, width, vocabulary);
  const { rollout } = made;
  const context = device.context(dimensionsOf(made.config), gpu.allocate(4)); // no attention here
  const matrices = (head: View, finalNorm: View): ModelWeights => ({
    ...{ head, finalNorm, embedding: head, layers: [] },
  });
  const weights = matrices(uploaded(device, made.head), uploaded(device, made.norm));
  const hidden = uploaded(device, made.hidden);
  // Row r predicts token r.
  const indices = Int32Array.from({ length: rows + 1 }, (_, row) => row);
  const tokens = Float32Array.from({ length: rows * 8 }, (_, at) => {
    const token = at >> 3;
    return [rollout.oldLogprobs[token]!, 0, rollout.advantage, rollout.weight, 1][at % 8] ?? 0;
  });
  const targets = {
    count: rows,
    index: uploaded(device, indices.subarray(0, rows)),
    targets: uploaded(device, Int32Array.from(rollout.completionTokens)),
    starts: uploaded(device, new Uint32Array(indices)),
    members: uploaded(device, new Uint32Array(indices.subarray(0, rows))),
    tokens: uploaded(device, tokens),
  };
  return {
    run: async () => {
      const gradients = matrices(workspace.take(vocabulary * width), workspace.take(width));
      const made = lossAndGradient(
        ...([context, weights, gradients, hidden, rows, targets, OBJECTIVE, false] as const),
      );
      const statistics = await gpu.readFloats(made.statistics);
      workspace.give(made.dHidden, made.statistics, gradients.head, gradients.finalNorm);
      let loss = 0;
      for (let at = LOSS; at < statistics.length; at += STATISTICS) loss += statistics[at]!;
      return loss;
    },
    settle: () => gpu.done(),
    dispose: () => workspace.trim(),
  };
}

/** Of a token's statistics: its loss times its weight. */
const LOSS = 2;

function uploaded({ gpu }: FusedDevice, values: Float32Array | Int32Array | Uint32Array): View {
  const view = gpu.allocate(values.length);
  gpu.write(view, values);
  return view;
}
