/**
 * The learner in TensorFlow.js ops, on every backend: the reference for any other. Beside the policy
 * it holds the gradient so far and, from the first update on, the optimizer's moments, as flat tensors
 * in layout order.
 */
import type { Policy } from '../../policy';
import { tf } from '../../tensor';
import type { TokenSequence } from '../batch';
import { breathe } from '../environment';
import type { FrozenPolicy, Learner } from '../learner';
import { noGradient } from '../optimizer';
import { adamwUpdate, type MomentTensors } from './adamw';
import { generate } from './generate';
import { gradientParts, lossGradient, PART_MULTIPLY_ADDS } from './gradient';
import { tokenBatch } from './token-batch';

/**
 * Takes ownership of the policy; `padToken` fills its batches. On the CPU the host may breathe within a
 * micro-batch, after `partMultiplyAdds` at most or one row.
 */
export function plainLearner(
  policy: Policy,
  padToken: number,
  partMultiplyAdds = PART_MULTIPLY_ADDS,
): Learner {
  const { layout } = policy;
  let gradient: tf.Tensor1D | null = null;
  let moments: MomentTensors | null = null;

  function dropGradient(): void {
    gradient?.dispose();
    gradient = null;
  }

  function dropMoments(): void {
    tf.dispose(moments === null ? [] : [moments.m, moments.v]);
    moments = null;
  }

  return {
    ...frozen(policy, padToken),
    layout,
    async addGradient(rows, objective, host) {
      const totals: number[] = [];
      // WebGPU only takes orders on this thread; a part fills it better the larger it is.
      const parts =
        tf.getBackend() === 'webgpu' ? [rows] : gradientParts(rows, policy.config, partMultiplyAdds);
      for (const part of parts) {
        if (part !== parts[0]) await breathe(host);
        const added = lossGradient(policy, part, objective, padToken, gradient);
        dropGradient();
        gradient = added.gradient;
        for (const [index, value] of (await readOnce(added.values)).entries())
          totals[index] = (totals[index] ?? 0) + value;
      }
      return totals;
    },
    async applyGradient(update) {
      if (gradient === null) throw noGradient();
      try {
        const updated = await adamwUpdate(policy, moments, gradient, update);
        moments = updated.moments;
        return { gradNorm: updated.gradNorm };
      } finally {
        dropGradient();
      }
    },
    dropGradient,
    async moments() {
      if (moments === null) return { m: new Float32Array(layout.size), v: new Float32Array(layout.size) };
      const { m, v } = moments;
      return { m: (await m.data<'float32'>()).slice(), v: (await v.data<'float32'>()).slice() };
    },
    restoreMoments({ m, v }) {
      dropMoments();
      moments = { m: tf.tensor1d(m), v: tf.tensor1d(v) };
    },
    freeze: () => frozen(policy.frozenCopy(), padToken),
    exportAdapter: () => policy.exportAdapter(),
    dispose() {
      dropGradient();
      dropMoments();
      policy.dispose();
    },
  };
}

/** Takes ownership of the policy. */
function frozen(policy: Policy, padToken: number): FrozenPolicy {
  const { config, configJson, lora } = policy;
  return {
    config,
    configJson,
    lora,
    generate: (prompts, settings, host) => generate(policy, prompts, settings, host),
    async logprobs(sequences, options) {
      const batch = tokenBatch(sequences, padToken);
      const { logprobs } = policy.tokenLogprobs(batch, options);
      const values = await readOnce(logprobs);
      return sequences.map(({ completionTokens }: TokenSequence, row) => {
        const start = row * batch.completionLength;
        return values.slice(start, start + completionTokens.length);
      });
    },
    exportWeights: (options) => policy.exportWeights(options),
    dispose: () => policy.dispose(),
  };
}

/** The tensor's values, a copy; the tensor is disposed of. */
async function readOnce(tensor: tf.Tensor): Promise<Float32Array<ArrayBuffer>> {
  try {
    return Float32Array.from(await tensor.data<'float32'>());
  } finally {
    tensor.dispose();
  }
}
