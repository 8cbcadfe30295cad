/**
 * The policy against an independent float64 implementation, on every model in test/fixtures/models or
 * $MODEL_FIXTURES: logits, log-probabilities, greedy decoding, then three updates by the product's own
 * loss and optimizer. Left-padded rows are among them.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { crpoLoss, rowWeights } from '../../../src/engine/crpo/loss';
import { createAdamW, flatten, updatePolicy } from '../../../src/engine/crpo/optimizer';
import { LORA_TARGETS, loadPolicy, type Policy, type TokenBatch } from '../../../src/engine/policy';
import { tf } from '../../../src/engine/tensor';
import type { RunConfig } from '../../../src/protocol';
import { modelFolder, modelNames, type Reference, readReference, useBackend } from './models';

const LOGITS = 2e-4;
const RELATIVE = 1e-3;

const frozenLora = { mode: 'lora', rank: 4, alpha: 8, targets: LORA_TARGETS, random: () => 0.5 } as const;

/** The reference's rows, split after `promptLength` tokens. */
function batchOf(reference: Reference, promptLength: number): TokenBatch {
  const { input_ids: ids, attention_mask: mask } = reference;
  return {
    rows: ids.length,
    promptLength,
    completionLength: ids[0]!.length - promptLength,
    inputIds: Int32Array.from(ids.flat()),
    attentionMask: Uint8Array.from(mask.flat()),
  };
}

function loadLora(name: string): Promise<Policy> {
  return loadPolicy(modelFolder(name), { training: frozenLora, adapter: modelFolder(name) });
}

/** The largest |received − expected| over the targets whose token and whose previous token are real. */
async function worstLogprob(
  policy: Policy,
  reference: Reference,
  expected: readonly (readonly number[])[],
  options: { adapter?: boolean; promptLength: number },
) {
  const { promptLength, ...rest } = options;
  const batch = batchOf(reference, promptLength);
  const { logprobs } = policy.tokenLogprobs(batch, { temperature: reference.temperature, ...rest });
  const values = (await logprobs.array()) as number[][];
  logprobs.dispose();
  let worst = 0;
  let compared = 0;
  values.forEach((row, n) => {
    row.forEach((value, t) => {
      const target = promptLength + t;
      const mask = reference.attention_mask[n]!;
      if (mask[target] === 0 || mask[target - 1] === 0) return;
      worst = Math.max(worst, Math.abs(value - expected[n]![target - 1]!));
      compared += 1;
    });
  });
  expect(compared).toBeGreaterThan(0);
  return worst;
}

/** Logits of every real position by decoding the given tokens one after the other. */
async function worstLogit(
  policy: Policy,
  reference: Reference,
  expected: Reference['logits'],
  adapter: boolean,
) {
  let worst = 0;
  for (const [n, mask] of reference.attention_mask.entries()) {
    const first = mask.indexOf(1);
    const ids = reference.input_ids[n]!;
    const decoder = await policy.startDecoding([[ids[first]!]], { adapter });
    let { logits } = decoder;
    for (let s = first; s < ids.length && mask[s] === 1; s++) {
      if (s > first) logits = await decoder.step(Int32Array.of(ids[s]!));
      logits.forEach((value, token) => {
        worst = Math.max(worst, Math.abs(value - expected[n]![s]![token]!));
      });
    }
    decoder.dispose();
  }
  return worst;
}

function lossConfig({ lora }: Reference): RunConfig['loss'] {
  const { eps_low, eps_high, aggregation } = lora.loss_settings;
  return {
    clipRangeLow: eps_low,
    clipRangeHigh: eps_high,
    dualClip: null,
    klCoefficient: 0,
    entropyCoefficient: 0,
    aggregation,
    maskTruncated: false,
  };
}

/**
 * The product's loss on the reference's batch, a function of the trained parameters. The KL term is
 * added here, k3 = e^d − d − 1 with d = log π_ref − log π, because the product clamps it as verl does,
 * the reference does not, and these models stray beyond the clamp.
 */
function objective(policy: Policy, reference: Reference): (...parameters: tf.Tensor[]) => tf.Scalar {
  const { prompt_length: promptLength, temperature, lora } = reference;
  const perToken = (values: readonly (readonly number[])[]) =>
    tf.tensor2d(values.map((row) => row.slice(promptLength - 1)));
  const column = (values: readonly number[]) => tf.tensor2d([...values], [values.length, 1]);
  const lengths = reference.completion_mask_on_targets.map((row) => row.reduce((sum, bit) => sum + bit, 0));
  const settings = lossConfig(reference);
  const rows = lengths.map((length) => ({ length, truncated: false }));
  return (...parameters) => {
    const batch = batchOf(reference, promptLength);
    const { logprobs, entropy } = policy.tokenLogprobs(batch, { temperature, parameters, entropy: true });
    const mask = perToken(reference.completion_mask_on_targets);
    const weights = column(rowWeights(rows, settings, 0));
    const { loss } = crpoLoss(
      {
        logprobs,
        entropy: entropy!,
        oldLogprobs: perToken(reference.old_logprobs),
        referenceLogprobs: null,
        mask,
        advantages: column(reference.advantages),
        weights,
      },
      settings,
    );
    const d = tf.sub(perToken(reference.ref_logprobs), logprobs);
    const k3 = tf.sub(tf.sub(tf.exp(d), d), 1);
    const kl = tf.sum(tf.mul(tf.mul(k3, mask), weights));
    return tf.add(loss, tf.mul(kl, lora.loss_settings.beta)) as tf.Scalar;
  };
}

/** Loss and the gradient of each parameter; the caller disposes. */
function lossAndGradients(policy: Policy, reference: Reference) {
  return tf.tidy(() => tf.valueAndGrads(objective(policy, reference))([...policy.trainable()]));
}

/** ‖received − expected‖ / ‖expected‖ of a tensor on the device ([in, out]) and rows of the file ([out, in]). */
async function relativeError(received: tf.Tensor, expected: readonly (readonly number[])[]): Promise<number> {
  const value = tf.tidy(() => {
    const wanted = tf.transpose(tf.tensor2d(expected.map((row) => [...row])));
    return tf.div(tf.norm(tf.sub(received, wanted)), tf.norm(wanted));
  });
  const [error] = await value.data();
  value.dispose();
  return error!;
}

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  describe.each(modelNames)('%s', (name) => {
    const reference = readReference(name);

    it('gives the logits, the log-probabilities and the greedy tokens of the reference', async () => {
      const policy = await loadPolicy(modelFolder(name), { training: { mode: 'full' } });
      expect(await worstLogit(policy, reference, reference.logits, true)).toBeLessThan(LOGITS);
      const { prompt_length: promptLength, ref_logprobs: expected } = reference;
      expect(await worstLogprob(policy, reference, expected, { promptLength })).toBeLessThan(LOGITS);
      expect(await worstLogprob(policy, reference, expected, { promptLength: 1 })).toBeLessThan(LOGITS);

      const { prompt_ids: prompt, ids } = reference.greedy;
      const decoder = await policy.startDecoding([prompt]);
      const greedy = [...prompt];
      let { logits } = decoder;
      for (;;) {
        greedy.push(logits.indexOf(Math.max(...logits)));
        if (greedy.length === ids.length) break;
        logits = await decoder.step(Int32Array.of(greedy.at(-1)!));
      }
      decoder.dispose();
      policy.dispose();
      expect(greedy).toEqual(ids);
    });

    it('gives them with the adapter, and those of the base with the adapter off', async () => {
      const policy = await loadLora(name);
      expect(await worstLogit(policy, reference, reference.lora.logits, true)).toBeLessThan(LOGITS);
      expect(await worstLogit(policy, reference, reference.logits, false)).toBeLessThan(LOGITS);
      const promptLength = reference.prompt_length;
      const base = reference.ref_logprobs;
      expect(await worstLogprob(policy, reference, base, { promptLength, adapter: false })).toBeLessThan(
        LOGITS,
      );
      const adapted = reference.lora.logits.map((row, n) =>
        row.slice(0, -1).map((logits, s) => {
          const scaled = logits.map((logit) => logit / reference.temperature);
          const max = Math.max(...scaled);
          const sum = scaled.reduce((total, logit) => total + Math.exp(logit - max), 0);
          return scaled[reference.input_ids[n]![s + 1]!]! - max - Math.log(sum);
        }),
      );
      expect(await worstLogprob(policy, reference, adapted, { promptLength })).toBeLessThan(LOGITS);
      policy.dispose();
    });

    it('gives loss, gradients and three AdamW updates of the adapter', async () => {
      const policy = await loadLora(name);
      const { adamw, loss_settings: lossSettings, steps, after_3_steps: after } = reference.lora;
      const optimizerConfig = {
        learningRate: adamw.lr,
        beta1: adamw.beta1,
        beta2: adamw.beta2,
        epsilon: adamw.eps,
        weightDecay: adamw.weight_decay,
        warmupSteps: 0,
        schedule: 'constant' as const,
        maxGradNorm: lossSettings.max_grad_norm,
      };
      let optimizer = createAdamW(policy);
      for (const expected of steps) {
        const { value, grads } = lossAndGradients(policy, reference);
        const [loss] = await value.data();
        expect(Math.abs(loss! - expected.loss)).toBeLessThan(
          RELATIVE * Math.max(0.1, Math.abs(expected.loss)),
        );
        expect(await relativeError(grads[0]!, expected.first_grad)).toBeLessThan(RELATIVE);
        expect(await relativeError(grads[1]!, expected.first_B_grad)).toBeLessThan(RELATIVE);
        expect(await relativeError(grads.at(-1)!, expected.last_grad)).toBeLessThan(RELATIVE);
        const gradient = flatten(grads);
        tf.dispose([value, grads]);
        const update = await updatePolicy(
          policy,
          optimizer,
          { gradient, loss: loss! },
          { optimizer: optimizerConfig, steps: 3 },
        );
        expect(Math.abs(update.gradNorm / expected.grad_norm - 1)).toBeLessThan(RELATIVE);
        optimizer = update.optimizer;
      }
      for (const [module, { A, B }] of Object.entries(after)) {
        const entry = (factor: string) =>
          policy.layout.entries.findIndex(
            (each) => each.name === `base_model.model.${module}.lora_${factor}.weight`,
          );
        expect(await relativeError(policy.trainable()[entry('A')]!, A)).toBeLessThan(RELATIVE);
        expect(await relativeError(policy.trainable()[entry('B')]!, B)).toBeLessThan(RELATIVE);
      }
      tf.dispose([optimizer.m, optimizer.v]);
      policy.dispose();
    });

    it('gives loss and the gradient norm of every weight in full training', async () => {
      const policy = await loadPolicy(modelFolder(name), { training: { mode: 'full' } });
      const { value, grads } = lossAndGradients(policy, reference);
      const [loss] = await value.data();
      expect(Math.abs(loss! / reference.full.loss - 1)).toBeLessThan(RELATIVE);
      const names = policy.layout.entries.map((entry) => entry.name);
      expect([...names].sort()).toEqual(Object.keys(reference.full.grad_norms).sort());
      for (const [index, grad] of grads.entries()) {
        const norm = tf.tidy(() => tf.norm(grad));
        const [received] = await norm.data();
        norm.dispose();
        const expected = reference.full.grad_norms[names[index]!]!;
        expect(Math.abs(received! / expected - 1), names[index]).toBeLessThan(RELATIVE);
      }
      tf.dispose([value, grads]);
      policy.dispose();
    });
  });
});
