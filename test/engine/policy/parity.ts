/**
 * How far the policy is from an independent float64 implementation (`reference.json` beside a Hugging
 * Face folder). Runs wherever the engine runs, so that every backend goes through the same list. The
 * updates are by the product's own loss and optimizer.
 */
import { crpoLoss, rowWeights } from '../../../src/engine/crpo/loss';
import { adamwUpdate, flatten, type MomentTensors } from '../../../src/engine/crpo/plain/adamw';
import type { Folder } from '../../../src/engine/files';
import { LORA_TARGETS, type Policy, type TokenBatch } from '../../../src/engine/policy';
import { tf } from '../../../src/engine/tensor';
import type { RunConfig } from '../../../src/protocol';
import { loadPolicy } from './load';

type Rows = readonly (readonly number[])[];

export interface Reference {
  readonly input_ids: Rows;
  readonly attention_mask: Rows;
  /** Of token s + 1 at s: 1 where it is in the loss. */
  readonly completion_mask_on_targets: Rows;
  readonly prompt_length: number;
  readonly temperature: number;
  /** [N][S][V] */
  readonly logits: readonly Rows[];
  /** Of token s + 1 at s. */
  readonly ref_logprobs: Rows;
  readonly old_logprobs: Rows;
  readonly advantages: readonly number[];
  readonly greedy: { readonly prompt_ids: readonly number[]; readonly ids: readonly number[] };
  readonly lora: {
    readonly logits: readonly Rows[];
    readonly loss_settings: {
      readonly eps_low: number;
      readonly eps_high: number;
      readonly beta: number;
      readonly kl: 'k3';
      readonly aggregation: 'token-mean';
      readonly max_grad_norm: number;
    };
    readonly adamw: {
      readonly lr: number;
      readonly beta1: number;
      readonly beta2: number;
      readonly eps: number;
      readonly weight_decay: number;
    };
    /** Gradients of A and B of the first adapted module and of B of the last, as the file has them. */
    readonly steps: readonly {
      readonly loss: number;
      readonly grad_norm: number;
      readonly first_grad: Rows;
      readonly first_B_grad: Rows;
      readonly last_grad: Rows;
    }[];
    /** HF module path → its factors. */
    readonly after_3_steps: Readonly<Record<string, { readonly A: Rows; readonly B: Rows }>>;
  };
  readonly full: { readonly loss: number; readonly grad_norms: Readonly<Record<string, number>> };
}

export interface ParityCheck {
  readonly name: string;
  readonly error: number;
  readonly limit: number;
}

/** Absolute, of logits and log-probabilities. */
const ABSOLUTE = 2e-4;
/** Of losses, norms, gradients and updated weights. */
const RELATIVE = 1e-3;

/** What is compared, part by part. */
export const PARITY_PARTS = {
  base: compareBase,
  adapter: compareAdapter,
  updates: compareUpdates,
  gradients: compareFullGradients,
} as const;

/** Logits by decoding, log-probabilities by the training forward, greedy tokens. */
async function compareBase(folder: Folder, reference: Reference): Promise<ParityCheck[]> {
  const policy = await loadPolicy(folder, { training: { mode: 'full' } });
  const { prompt_length: promptLength, ref_logprobs: expected } = reference;
  const checks = [
    absolute('logits', await worstLogit(policy, reference, reference.logits, true)),
    absolute('logprobs', await worstLogprob(policy, reference, expected, promptLength, true)),
    absolute('logprobs from the first token', await worstLogprob(policy, reference, expected, 1, true)),
    { name: 'greedy tokens that differ', error: await greedyDifferences(policy, reference), limit: 0.5 },
  ];
  policy.dispose();
  return checks;
}

/** The same with the adapter on, and the base again with it off. */
async function compareAdapter(folder: Folder, reference: Reference): Promise<ParityCheck[]> {
  const policy = await loadWithAdapter(folder);
  const { prompt_length: promptLength, lora, ref_logprobs: base } = reference;
  const adapted = lora.logits.map((row, n) =>
    row
      .slice(0, -1)
      .map((logits, s) => logSoftmaxAt(logits, reference.input_ids[n]![s + 1]!, reference.temperature)),
  );
  const checks = [
    absolute('adapter logits', await worstLogit(policy, reference, lora.logits, true)),
    absolute('logits, adapter off', await worstLogit(policy, reference, reference.logits, false)),
    absolute('adapter logprobs', await worstLogprob(policy, reference, adapted, promptLength, true)),
    absolute('logprobs, adapter off', await worstLogprob(policy, reference, base, promptLength, false)),
  ];
  policy.dispose();
  return checks;
}

/** Loss, gradients and gradient norm of three updates of the adapter, and the adapter after them. */
async function compareUpdates(folder: Folder, reference: Reference): Promise<ParityCheck[]> {
  const policy = await loadWithAdapter(folder);
  const { adamw, loss_settings: settings, steps, after_3_steps: after } = reference.lora;
  const optimizerSettings = {
    learningRate: adamw.lr,
    beta1: adamw.beta1,
    beta2: adamw.beta2,
    epsilon: adamw.eps,
    weightDecay: adamw.weight_decay,
    warmupSteps: 0,
    schedule: 'constant' as const,
    maxGradNorm: settings.max_grad_norm,
  };
  const checks: ParityCheck[] = [];
  let moments: MomentTensors | null = null;
  for (const [index, expected] of steps.entries()) {
    const { loss, grads } = await lossAndGradients(policy, reference);
    const gradient = flatten(grads);
    const errors = {
      loss: Math.abs(loss - expected.loss) / Math.max(0.1, Math.abs(expected.loss)),
      'gradient of the first A': await relativeError(grads[0]!, expected.first_grad),
      'gradient of the first B': await relativeError(grads[1]!, expected.first_B_grad),
      'gradient of the last B': await relativeError(grads.at(-1)!, expected.last_grad),
    };
    tf.dispose(grads);
    const step = { step: index + 1, learningRate: adamw.lr, settings: optimizerSettings };
    const update = await adamwUpdate(policy, moments, gradient, step);
    gradient.dispose();
    moments = update.moments;
    const gradNorm = Math.abs(update.gradNorm / expected.grad_norm - 1);
    for (const [name, error] of Object.entries({ ...errors, 'gradient norm': gradNorm })) {
      checks.push({ name: `update ${index + 1}, ${name}`, error, limit: RELATIVE });
    }
  }
  const names = policy.layout.entries.map(({ name }) => name);
  for (const [module, factors] of Object.entries(after)) {
    for (const factor of ['A', 'B'] as const) {
      const at = names.indexOf(`base_model.model.${module}.lora_${factor}.weight`);
      const error = await relativeError(policy.trainable()[at]!, factors[factor]);
      checks.push({ name: `${module} ${factor} after the updates`, error, limit: RELATIVE });
    }
  }
  tf.dispose(moments === null ? [] : [moments.m, moments.v]);
  policy.dispose();
  return checks;
}

/** Loss and the norm of every weight's gradient in full training. */
async function compareFullGradients(folder: Folder, reference: Reference): Promise<ParityCheck[]> {
  const policy = await loadPolicy(folder, { training: { mode: 'full' } });
  const { loss: expectedLoss, grad_norms: expectedNorms } = reference.full;
  const { loss, grads } = await lossAndGradients(policy, reference);
  const checks = [{ name: 'full loss', error: Math.abs(loss / expectedLoss - 1), limit: RELATIVE }];
  const { entries } = policy.layout;
  const missing = Object.keys(expectedNorms).length - entries.length;
  checks.push({ name: 'weights without a reference', error: Math.abs(missing), limit: 0.5 });
  for (const [index, { name }] of entries.entries()) {
    const norm = Math.hypot(...(await grads[index]!.data()));
    checks.push({ name, error: Math.abs(norm / expectedNorms[name]! - 1), limit: RELATIVE });
  }
  tf.dispose(grads);
  policy.dispose();
  return checks;
}

function absolute(name: string, error: number): ParityCheck {
  return { name, error, limit: ABSOLUTE };
}

function loadWithAdapter(folder: Folder): Promise<Policy> {
  // The adapter brings its own rank, alpha and targets.
  const training = { mode: 'lora', rank: 1, alpha: 1, targets: LORA_TARGETS, random: () => 0.5 } as const;
  return loadPolicy(folder, { training, adapter: folder });
}

/** The reference's rows, split after `promptLength` tokens. */
function batchOf({ input_ids: ids, attention_mask: mask }: Reference, promptLength: number): TokenBatch {
  return {
    rows: ids.length,
    promptLength,
    completionLength: ids[0]!.length - promptLength,
    inputIds: Int32Array.from(ids.flat()),
    attentionMask: Uint8Array.from(mask.flat()),
  };
}

/** The largest |received − expected| over targets that are real tokens after real tokens. */
async function worstLogprob(
  policy: Policy,
  reference: Reference,
  expected: Rows,
  promptLength: number,
  adapter: boolean,
): Promise<number> {
  const { temperature } = reference;
  const { logprobs } = policy.tokenLogprobs(batchOf(reference, promptLength), { temperature, adapter });
  const received = (await logprobs.array()) as number[][];
  logprobs.dispose();
  const errors = received.flatMap((row, n) => {
    const mask = reference.attention_mask[n]!;
    return row.flatMap((value, t) => {
      const target = promptLength + t;
      const real = mask[target] === 1 && mask[target - 1] === 1;
      return real ? [Math.abs(value - expected[n]![target - 1]!)] : [];
    });
  });
  return worst(errors);
}

/** Feeds every row its own tokens, all rows in step, and compares the logits of its real positions. */
async function worstLogit(
  policy: Policy,
  { input_ids: ids, attention_mask: mask }: Reference,
  expected: readonly Rows[],
  adapter: boolean,
): Promise<number> {
  const starts = mask.map((row) => row.indexOf(1));
  const decoder = await policy.startDecoding(
    ids.map((row, n) => [row[starts[n]!]!]),
    { adapter },
  );
  const vocabulary = decoder.logits.length / ids.length;
  const errors: number[] = [];
  let { logits } = decoder;
  for (let step = 0; step < ids[0]!.length; step++) {
    if (step > 0) logits = await decoder.step(Int32Array.from(ids, (row, n) => row[starts[n]! + step] ?? 0));
    for (const [n, start] of starts.entries()) {
      if (mask[n]![start + step] !== 1) continue;
      const row = expected[n]![start + step]!;
      errors.push(worst(row.map((value, token) => Math.abs(value - logits[n * vocabulary + token]!))));
    }
  }
  decoder.dispose();
  return worst(errors);
}

async function greedyDifferences(policy: Policy, { greedy }: Reference): Promise<number> {
  const decoder = await policy.startDecoding([greedy.prompt_ids]);
  const ids = [...greedy.prompt_ids];
  let { logits } = decoder;
  for (;;) {
    ids.push(logits.indexOf(Math.max(...logits)));
    if (ids.length === greedy.ids.length) break;
    logits = await decoder.step(Int32Array.of(ids.at(-1)!));
  }
  decoder.dispose();
  return ids.filter((id, index) => id !== greedy.ids[index]).length;
}

/** Loss of the reference's batch and the gradient of each trained tensor; the caller disposes. */
async function lossAndGradients(
  policy: Policy,
  reference: Reference,
): Promise<{ loss: number; grads: tf.Tensor[] }> {
  const { value, grads } = tf.tidy(() =>
    tf.valueAndGrads(objective(policy, reference))([...policy.trainable()]),
  );
  const [loss] = await value.data();
  value.dispose();
  return { loss: loss!, grads };
}

/** The loss that the reference was made with. */
export function lossSettings({ lora }: Reference): RunConfig['loss'] {
  const { eps_low, eps_high, beta, aggregation } = lora.loss_settings;
  return {
    clipRangeLow: eps_low,
    clipRangeHigh: eps_high,
    dualClip: null,
    klCoefficient: beta,
    klClamp: null,
    entropyCoefficient: 0,
    aggregation,
    maskTruncated: false,
  };
}

/** The product's loss on the reference's batch. */
function objective(policy: Policy, reference: Reference): (...parameters: tf.Tensor[]) => tf.Scalar {
  const { prompt_length: promptLength, temperature } = reference;
  const settings = lossSettings(reference);
  const perToken = (values: Rows) => tf.tensor2d(values.map((row) => row.slice(promptLength - 1)));
  const column = (values: readonly number[]) => tf.tensor2d([...values], [values.length, 1]);
  const rows = reference.completion_mask_on_targets.map((row) => ({
    length: row.reduce((sum, bit) => sum + bit, 0),
    truncated: false,
  }));
  return (...parameters) => {
    const batch = batchOf(reference, promptLength);
    const { logprobs, entropy } = policy.tokenLogprobs(batch, { temperature, parameters, entropy: true });
    const mask = perToken(reference.completion_mask_on_targets);
    const weights = column(rowWeights(rows, settings, 0));
    const inputs = {
      logprobs,
      entropy: entropy!,
      oldLogprobs: perToken(reference.old_logprobs),
      referenceLogprobs: perToken(reference.ref_logprobs),
      mask,
      advantages: column(reference.advantages),
      weights,
    };
    return crpoLoss(inputs, settings).loss;
  };
}

/** ‖received − expected‖ / ‖expected‖ of a tensor on the device ([in, out]) and the file's [out, in]. */
async function relativeError(received: tf.Tensor, expected: Rows): Promise<number> {
  const outputs = expected.length;
  let difference = 0;
  let norm = 0;
  for (const [at, value] of (await received.data()).entries()) {
    const wanted = expected[at % outputs]![Math.floor(at / outputs)]!;
    difference += (value - wanted) ** 2;
    norm += wanted ** 2;
  }
  return Math.sqrt(difference / norm);
}

function logSoftmaxAt(logits: readonly number[], token: number, temperature: number): number {
  const scaled = logits.map((logit) => logit / temperature);
  const max = Math.max(...scaled);
  return scaled[token]! - max - Math.log(scaled.reduce((sum, logit) => sum + Math.exp(logit - max), 0));
}

/** The largest error; NaN if there is any, or nothing to compare. */
function worst(errors: readonly number[]): number {
  return errors.length === 0 || errors.some(Number.isNaN) ? Number.NaN : Math.max(...errors);
}
