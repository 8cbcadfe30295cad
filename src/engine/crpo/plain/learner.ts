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
import { lossGradient, lossGradientInPieces } from './gradient';
import { rowsLoss } from './objective';
import { exceeds, gradientWork, logprobWork, PART_MULTIPLY_ADDS, partsOf } from './parts';
import { tokenBatch } from './token-batch';

/**
 * Takes ownership of the policy; `padToken` fills its batches. On the CPU the host breathes within a
 * micro-batch, after `partMultiplyAdds` at most, or a piece of one row that exceeds them.
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
    ...frozen(policy, padToken, partMultiplyAdds),
    layout,
    async addGradient(rows, objective, host) {
      const before = gradient;
      const totals: number[] = [];
      /** With the parts so far; `before` is given up for it when it has them all. */
      let sum = before;
      const dropSum = () => sum !== before && sum?.dispose();
      try {
        for (const [index, part] of partsOf(rows, gradientWork, policy.config, partMultiplyAdds).entries()) {
          if (index > 0) await breathe(host);
          const loss = rowsLoss(part, objective, padToken);
          const added = exceeds(part, gradientWork, policy.config, partMultiplyAdds)
            ? await lossGradientInPieces(policy, loss, sum, host)
            : lossGradient(policy, loss, sum);
          dropSum();
          sum = added.gradient;
          for (const [at, value] of (await readOnce(added.values)).entries())
            totals[at] = (totals[at] ?? 0) + value;
        }
      } catch (failure) {
        dropSum();
        throw failure;
      }
      if (sum !== before) dropGradient();
      gradient = sum;
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
    freeze: () => frozen(policy.frozenCopy(), padToken, partMultiplyAdds),
    exportAdapter: () => policy.exportAdapter(),
    dispose() {
      dropGradient();
      dropMoments();
      policy.dispose();
    },
  };
}

/** Takes ownership of the policy. */
function frozen(policy: Policy, padToken: number, partMultiplyAdds: number): FrozenPolicy {
  const { config, configJson, lora } = policy;
  return {
    config,
    configJson,
    lora,
    generate: (prompts, settings, host) => generate(policy, prompts, settings, host),
    async logprobs(sequences, options, host) {
      const rows: Float32Array<ArrayBuffer>[] = [];
      for (const part of partsOf(sequences, logprobWork, config, partMultiplyAdds)) {
        if (rows.length > 0) await breathe(host);
        const between = exceeds(part, logprobWork, config, partMultiplyAdds) ? () => breathe(host) : null;
        rows.push(...(await logprobsOf(policy, part, padToken, options, between)));
      }
      return rows;
    },
    exportWeights: (options) => policy.exportWeights(options),
    dispose: () => policy.dispose(),
  };
}

async function logprobsOf(
  policy: Policy,
  sequences: readonly TokenSequence[],
  padToken: number,
  options: Parameters<FrozenPolicy['logprobs']>[1],
  between: (() => Promise<void>) | null,
): Promise<Float32Array<ArrayBuffer>[]> {
  const batch = tokenBatch(sequences, padToken);
  const { logprobs } =
    between === null
      ? policy.tokenLogprobs(batch, options)
      : await policy.tokenLogprobsInPieces(batch, options, between);
  const values = await readOnce(logprobs);
  return sequences.map(({ completionTokens }, row) => {
    const start = row * batch.completionLength;
    return values.slice(start, start + completionTokens.length);
  });
}

/** The tensor's values, a copy; the tensor is disposed of. */
async function readOnce(tensor: tf.Tensor): Promise<Float32Array<ArrayBuffer>> {
  try {
    return Float32Array.from(await tensor.data<'float32'>());
  } finally {
    tensor.dispose();
  }
}
