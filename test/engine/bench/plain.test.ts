/** The baseline computes what the engine computes: same loss, same gradients, same update, same tokens. */
import { describe, expect, it } from 'vitest';
import {
  benchConfig,
  benchPrompts,
  benchRollouts,
  benchWeights,
  MODELS,
  OBJECTIVE,
  OPTIMIZER,
} from '../../../src/engine/bench/model';
import { plainRollout } from '../../../src/engine/bench/plain-decode';
import {
  createPlainModel,
  hiddenStates,
  logitsOf,
  type PlainModel,
  sequenceTables,
} from '../../../src/engine/bench/plain-model';
import { PlainAdamW, plainBatch, plainGradients } from '../../../src/engine/bench/plain-step';
import { crpoLoss, type LossInputs } from '../../../src/engine/crpo/loss';
import type { Policy } from '../../../src/engine/policy';
import { uniform } from '../../../src/engine/random';
import { tf } from '../../../src/engine/tensor';
import { describeOnBackends } from '../crpo/backends';
import { expectClose } from '../kernels/compare';
import { loadPolicy, modelFolderOf } from '../policy/load';

const config = benchConfig(MODELS.tiny);
const weights = benchWeights(config);
const rollouts = benchRollouts(config, { rows: 3, promptTokens: 16, completionTokens: 16 });

/** The reference's loss and gradients by HF name, [in, out], computed by its own loss. */
async function expected(policy: Policy): Promise<{ loss: number; gradients: Map<string, Float32Array> }> {
  const batch = {
    rows: rollouts.length,
    promptLength: 16,
    completionLength: 16,
    inputIds: Int32Array.from(
      rollouts.flatMap(({ promptTokens, completionTokens }) => [...promptTokens, ...completionTokens]),
    ),
    attentionMask: new Uint8Array(rollouts.length * 32).fill(1),
  };
  const rows = (of: (index: number) => ArrayLike<number>): tf.Tensor2D =>
    tf.tensor2d(rollouts.map((_, index) => Array.from(of(index))));
  const constants: Omit<LossInputs, 'logprobs' | 'entropy'> = {
    oldLogprobs: rows((index) => rollouts[index]!.oldLogprobs),
    referenceLogprobs: null,
    mask: rows((index) => new Float32Array(rollouts[index]!.counted).fill(1)),
    advantages: rows((index) => [rollouts[index]!.advantage]),
    weights: rows((index) => [rollouts[index]!.weight]),
  };
  const { value, grads } = tf.valueAndGrads((...parameters: tf.Tensor[]) => {
    const { logprobs, entropy } = policy.tokenLogprobs(batch, { temperature: 1, parameters, entropy: true });
    return crpoLoss({ ...constants, logprobs, entropy: entropy! }, OBJECTIVE.settings).loss;
  })([...policy.trainable()]);
  const gradients = new Map<string, Float32Array>();
  for (const [index, { name }] of policy.layout.entries.entries())
    gradients.set(name, (await grads[index]!.data()) as Float32Array);
  return { loss: (await value.data())[0]!, gradients };
}

/** The columns [from, from + width) of a matrix of `stride` columns. */
function columns(matrix: Float32Array, stride: number, from: number, width: number): Float32Array {
  const rows = matrix.length / stride;
  return Float32Array.from(
    { length: rows * width },
    (_, index) => matrix[Math.floor(index / width) * stride + from + (index % width)]!,
  );
}

describeOnBackends('the baseline', () => {
  it('has the loss and the gradients of the reference', async () => {
    const policy = await loadPolicy(modelFolderOf(JSON.stringify(config.json), weights), {
      training: { mode: 'full' },
    });
    const reference = await expected(policy);
    const model = createPlainModel(config, weights);
    const { value, grads } = plainGradients(model, plainBatch(rollouts), sequenceTables(config, 32));
    expect((await value.data())[0]).toBeCloseTo(reference.loss, 5);
    // Some ratios are clipped, so the clip takes part in what is compared.
    expect(Math.abs(reference.loss)).toBeGreaterThan(1e-3);

    const gradient = async (name: string) =>
      (await grads[model.parameters.get(name)!.name]!.data()) as Float32Array;
    const compare = (actual: Float32Array, name: string) => {
      const wanted = reference.gradients.get(name)!;
      const scale = Math.max(...wanted.map(Math.abs));
      expect(scale, name).toBeGreaterThan(0);
      expectClose(
        actual.map((x) => x / scale),
        wanted.map((x) => x / scale),
        1e-4,
        name,
      );
    };
    compare(await gradient('embedding'), 'model.embed_tokens.weight');
    compare(await gradient('norm'), 'model.norm.weight');
    const { hiddenSize, headWidth, heads, keyValueHeads, mlpWidth } = config;
    const [queries, keys] = [heads * headWidth, keyValueHeads * headWidth];
    const stride = queries + 2 * keys;
    for (let layer = 0; layer < config.layers; layer++) {
      const theirs = `model.layers.${layer}`;
      compare(await gradient(`${layer}.norm1`), `${theirs}.input_layernorm.weight`);
      compare(await gradient(`${layer}.norm2`), `${theirs}.post_attention_layernorm.weight`);
      compare(await gradient(`${layer}.output`), `${theirs}.self_attn.o_proj.weight`);
      compare(await gradient(`${layer}.down`), `${theirs}.mlp.down_proj.weight`);
      const qkv = await gradient(`${layer}.qkv`);
      const bias = await gradient(`${layer}.qkvBias`);
      expect(qkv.length).toBe(hiddenSize * stride);
      for (const [part, from, width] of [
        ['q', 0, queries],
        ['v', queries + keys, keys],
      ] as const) {
        compare(columns(qkv, stride, from, width), `${theirs}.self_attn.${part}_proj.weight`);
        compare(bias.slice(from, from + width), `${theirs}.self_attn.${part}_proj.bias`);
      }
      compare(columns(qkv, stride, queries, keys), `${theirs}.self_attn.k_proj.weight`);
      const gateUp = await gradient(`${layer}.gateUp`);
      compare(columns(gateUp, 2 * mlpWidth, 0, mlpWidth), `${theirs}.mlp.gate_proj.weight`);
      compare(columns(gateUp, 2 * mlpWidth, mlpWidth, mlpWidth), `${theirs}.mlp.up_proj.weight`);
    }
    model.dispose();
    policy.dispose();
  });

  it('decodes what a forward over the whole sequence says, and repeats itself', async () => {
    const model = createPlainModel(config, weights);
    const prompts = benchPrompts(config, 5, 7);
    const completions = await plainRollout(model, prompts, 6, 11);
    expect(await plainRollout(model, prompts, 6, 11)).toEqual(completions);
    expect(await plainRollout(model, prompts, 6, 12)).not.toEqual(completions);
    // Inverting the cumulative softmax of full-sequence logits, in float64, draws the same tokens.
    expect(completions).toEqual(await redrawn(model, prompts, completions, 11));
    model.dispose();
  });

  it('keeps no tensor of a step or a rollout', async () => {
    const model = createPlainModel(config, weights);
    const optimizer = new PlainAdamW(model.parameters);
    const batch = plainBatch(rollouts);
    const tables = sequenceTables(config, 32);
    const step = async (number: number) => {
      const { value, grads } = plainGradients(model, batch, tables);
      optimizer.update(grads, { step: number, learningRate: 1e-3, settings: OPTIMIZER });
      await value.data();
      tf.dispose([value, grads]);
      await plainRollout(model, benchPrompts(config, 2, 5), 3, 1);
    };
    await step(1);
    const { numTensors } = tf.memory();
    await step(2);
    expect(tf.memory().numTensors).toBe(numTensors);
  });
});

/** Tokens drawn from the logits of whole sequences, by the definition. */
async function redrawn(
  model: PlainModel,
  prompts: readonly (readonly number[])[],
  completions: readonly (readonly number[])[],
  seed: number,
): Promise<number[][]> {
  const sequences = prompts.map((prompt, row) => [...prompt, ...completions[row]!]);
  const length = sequences[0]!.length;
  const ids = tf.tensor1d(sequences.flat(), 'int32');
  const logits = tf.tidy(() => logitsOf(model, hiddenStates(model, ids, sequenceTables(config, length))));
  const values = await logits.data();
  const vocabulary = config.vocabularySize;
  return completions.map((completion, row) =>
    completion.map((_, index) => {
      const start = (row * length + prompts[row]!.length - 1 + index) * vocabulary;
      const shares = Array.from(values.slice(start, start + vocabulary), Math.exp);
      const total = shares.reduce((sum, share) => sum + share, 0);
      const chance = uniform(seed, 'sampling', row, index);
      let token = 0;
      for (let below = shares[0]!; below <= chance * total; below += shares[token]!) token += 1;
      return token;
    }),
  );
}

describe('AdamW of the baseline', () => {
  it('is torch’s on numbers worked by hand', async () => {
    await tf.setBackend('cpu');
    const parameter = tf.variable(tf.tensor1d([1, -2]));
    const optimizer = new PlainAdamW(new Map([['x', parameter]]));
    const settings = { ...OPTIMIZER, weightDecay: 0.1 };
    const gradient = tf.tensor1d([0.5, -4]);
    optimizer.update({ [parameter.name]: gradient }, { step: 1, learningRate: 0.1, settings });
    // Step 1: m̂ = g, v̂ = g², so each moves by 0.1 against its gradient, after the decay by 0.99.
    expectClose(await parameter.data(), [0.99 - 0.1, -1.98 + 0.1], 1e-6);
    optimizer.update({ [parameter.name]: gradient }, { step: 2, learningRate: 0.1, settings });
    expectClose(await parameter.data(), [0.89 * 0.99 - 0.1, -1.88 * 0.99 + 0.1], 1e-6);
  });
});
