/**
 * The fused learner against an independent float64 implementation: log-probs, gradients of all weights,
 * three AdamW updates of an adapter, greedy tokens (`reference.json` beside a Hugging Face folder).
 */
import { expect, it } from 'vitest';

import type { LossRollout } from '../../../src/engine/crpo/learner';
import { rowWeights } from '../../../src/engine/crpo/loss';
import type { Folder } from '../../../src/engine/files';
import type { FusedLearner } from '../../../src/engine/fused/learner';
import type { Gpu } from '../../../src/engine/gpu';
import { LORA_TARGETS } from '../../../src/engine/policy';
import { describeOnGpu } from '../gpu/dawn';
import { modelFolder, modelNames, readReference } from '../policy/models';
import { lossSettings, type Reference } from '../policy/parity';
import { fusedLearner } from './load';

const modelFixtures = modelNames.map((name) => ({
  name,
  folder: modelFolder(name),
  reference: readReference(name),
}));

const HOST = { breathe: async () => undefined, signal: { throwIfAborted: () => undefined } };

/** Rows of the reference as rollouts: its real tokens, prompts and completions. */
function rollouts(reference: Reference): LossRollout[] {
  const { prompt_length: promptLength, input_ids: ids, attention_mask: mask } = reference;
  const lengths = reference.completion_mask_on_targets.map((row) => ({
    length: row.reduce((sum, bit) => sum + bit, 0),
    truncated: false,
  }));
  const weights = rowWeights(lengths, lossSettings(reference), 0);
  return ids.map((row, n) => {
    const real = row.map((token, at) => ({ token, at })).filter(({ at }) => mask[n]![at] === 1);
    const completion = real.filter(({ at }) => at >= promptLength);
    const at = (values: readonly (readonly number[])[]) =>
      Float32Array.from(completion, ({ at: position }) => values[n]![position - 1]!);
    return {
      promptTokens: real.filter(({ at: position }) => position < promptLength).map(({ token }) => token),
      completionTokens: completion.map(({ token }) => token),
      truncated: false,
      oldLogprobs: at(reference.old_logprobs),
      referenceLogprobs: at(reference.ref_logprobs),
      advantage: reference.advantages[n]!,
      weight: weights[n]!,
      counted: lengths[n]!.length,
    };
  });
}

function objective(reference: Reference) {
  return {
    kind: 'crpo' as const,
    temperature: reference.temperature,
    settings: lossSettings(reference),
  };
}

const NO_DECAY = {
  ...{ learningRate: 0, beta1: 0.5, beta2: 0.5, epsilon: 1e-8, weightDecay: 0, warmupSteps: 0 },
  ...{ schedule: 'constant' as const, maxGradNorm: 0 },
};

function open(gpu: Gpu, { folder }: { readonly folder: Folder }, adapter: boolean): Promise<FusedLearner> {
  const lora = { mode: 'lora', rank: 1, alpha: 1, targets: LORA_TARGETS, random: () => 0.5 } as const;
  return fusedLearner(folder, gpu, adapter ? { training: lora, adapter: folder } : undefined);
}

describeOnGpu('the fused learner against the reference', (gpu) => {
  it.each(modelFixtures)('$name: log-probabilities', async (fixture) => {
    const { reference } = fixture;
    const learner = await open(gpu(), fixture, false);
    const sequences = rollouts(reference);
    const received = await learner.logprobs(sequences, { temperature: reference.temperature }, HOST);
    received.forEach((values, n) => {
      values.forEach((value, at) => {
        expect(Math.abs(value - sequences[n]!.referenceLogprobs![at]!)).toBeLessThan(2e-4);
      });
    });
    learner.dispose();
  });

  it.each(modelFixtures)('$name: loss and the gradient norm of every weight', async (fixture) => {
    const { reference } = fixture;
    const learner = await open(gpu(), fixture, false);
    const [loss] = await learner.addGradient(rollouts(reference), objective(reference), HOST);
    expect(Math.abs(loss! / reference.full.loss - 1)).toBeLessThan(1e-3);
    await learner.applyGradient({ step: 1, learningRate: 0, settings: NO_DECAY });
    const { m } = await learner.moments();
    for (const { name, offset, size } of learner.layout.entries) {
      const norm = Math.hypot(...m.subarray(offset, offset + size)) / 0.5;
      expect(Math.abs(norm / reference.full.grad_norms[name]! - 1), name).toBeLessThan(1e-3);
    }
    learner.dispose();
  });

  it.each(modelFixtures)('$name: three updates of the adapter', async (fixture) => {
    const { reference } = fixture;
    const { adamw, steps, after_3_steps: after, loss_settings: settings } = reference.lora;
    const learner = await open(gpu(), fixture, true);
    for (const [index, expected] of steps.entries()) {
      const [loss] = await learner.addGradient(rollouts(reference), objective(reference), HOST);
      expect(Math.abs(loss! - expected.loss) / Math.max(0.1, Math.abs(expected.loss))).toBeLessThan(1e-3);
      const { gradNorm } = await learner.applyGradient({
        step: index + 1,
        learningRate: adamw.lr,
        settings: {
          ...{ learningRate: adamw.lr, beta1: adamw.beta1, beta2: adamw.beta2, epsilon: adamw.eps },
          ...{ weightDecay: adamw.weight_decay, warmupSteps: 0, schedule: 'constant' },
          maxGradNorm: settings.max_grad_norm,
        },
      });
      expect(Math.abs(gradNorm / expected.grad_norm - 1)).toBeLessThan(1e-3);
    }
    const { tensors } = (await learner.exportAdapter())!;
    for (const [module, factors] of Object.entries(after)) {
      for (const factor of ['A', 'B'] as const) {
        const { data } = tensors.find(
          ({ name }) => name === `base_model.model.${module}.lora_${factor}.weight`,
        )!;
        const expected = factors[factor].flat();
        const difference = Math.hypot(...expected.map((value, at) => value - data[at]!));
        expect(difference / Math.hypot(...expected), `${module} ${factor}`).toBeLessThan(1e-3);
      }
    }
    learner.dispose();
  });
});
