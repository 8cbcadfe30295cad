import { describe, expect, it } from 'vitest';
import type { TokenSequence } from '../../../src/engine/crpo/batch';
import { type ColdStartSettings, type ColdStartStep, coldStart } from '../../../src/engine/crpo/coldstart';
import type { Learner } from '../../../src/engine/crpo/learner';
import { defaultConfig } from '../../../src/engine/crpo/settings';
import { chooseBackend, tf } from '../../../src/engine/tensor';
import { EOS, learnerOf, quietHost, tinyPolicy, VOCABULARY } from './tiny';

await chooseBackend('wasm', { gpu: undefined, wasmFolder: undefined });

const settings: ColdStartSettings = {
  seed: 3,
  steps: 1,
  batchSize: 4,
  microBatchSize: 4,
  optimizer: { ...defaultConfig().optimizer, learningRate: 0.01 },
};

const ASK = 15;

/** A letter, once to three times, then `ASK`: the answer is the letter and the end. */
const sequences: readonly TokenSequence[] = Array.from({ length: 12 }, (_, index) => {
  const token = 2 + (index % 4);
  const letters = Array<number>(1 + (index % 3)).fill(token);
  return { promptTokens: [...letters, ASK], completionTokens: [token, EOS] };
});
/** Four sequences each of 2 + 2, 3 + 2 and 4 + 2 tokens. */
const TOKENS = 4 * (4 + 5 + 6);

async function train(learner: Learner, changes: Partial<ColdStartSettings>, examples = sequences) {
  const steps: ColdStartStep[] = [];
  const host = { ...quietHost, onStep: (step: ColdStartStep) => steps.push(step) };
  await coldStart(learner, examples, { ...settings, ...changes }, host);
  return steps;
}

async function weightsAfter(changes: Partial<ColdStartSettings>): Promise<Float32Array> {
  const learner = learnerOf(tinyPolicy());
  await train(learner, changes);
  const arrays = await learner.exportWeights({ merged: false });
  learner.dispose();
  return Float32Array.from(arrays.flatMap(({ data }) => Array.from(data)));
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((largest, value, index) => Math.max(largest, Math.abs(value - b[index]!)), 0);
}

describe('coldStart', () => {
  it('begins at ln V for a policy that knows nothing, and counts prompt and completion tokens', async () => {
    const policy = tinyPolicy();
    const learner = learnerOf(policy);
    // Equal embeddings give equal logits: −log(1/16) at every token, whatever the weights between.
    const embedding = policy.layout.entries.findIndex(({ name }) => name === 'model.embed_tokens.weight');
    policy.assignTrainable(
      policy
        .trainable()
        .map((tensor, index) => (index === embedding ? tf.ones(tensor.shape) : tf.clone(tensor))),
    );
    const [first] = await train(learner, { batchSize: 12, microBatchSize: 12 });
    expect(first!.loss).toBeCloseTo(Math.log(VOCABULARY), 5);
    expect(first!.tokens).toBe(TOKENS);
    learner.dispose();
  });

  it('learns to imitate: the loss of a rule falls to almost nothing', async () => {
    const learner = learnerOf(tinyPolicy());
    const steps = await train(learner, { steps: 60 });
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
    expect(steps[0]!.loss).toBeGreaterThan(2);
    expect(steps.at(-1)!.loss).toBeLessThan(0.1);

    // A letter asked for after two of it.
    const asked = { promptTokens: [5, 5, ASK], completionTokens: [5, EOS] };
    const [logprobs] = await learner.logprobs([asked], { temperature: 1 }, quietHost);
    expect(Math.min(...logprobs!)).toBeGreaterThan(Math.log(0.8));
    learner.dispose();
  });

  it('does the same in micro-batches as in one forward pass', async () => {
    // A large ε, so that AdamW does not blow up rounding where a gradient is almost 0.
    const optimizer = { ...settings.optimizer, epsilon: 0.01 };
    const whole = await weightsAfter({ steps: 2, optimizer });
    const parts = await weightsAfter({ steps: 2, optimizer, microBatchSize: 1 });
    expect(largestDifference(whole, parts)).toBeLessThan(1e-5);
  });

  it('repeats itself for a seed and takes another order for another', async () => {
    const first = await weightsAfter({ steps: 3 });
    expect(await weightsAfter({ steps: 3 })).toEqual(first);
    expect(await weightsAfter({ steps: 3, seed: 4 })).not.toEqual(first);
  });

  it('shows every sequence once in a pass', async () => {
    const learner = learnerOf(tinyPolicy());
    const tokens = (await train(learner, { steps: 6 })).map((step) => step.tokens);
    expect(tokens[2]).toBe(TOKENS);
    expect(tokens[5]).toBe(2 * TOKENS);
    learner.dispose();
  });

  it('leaves no tensor behind, and stops when asked', async () => {
    const learner = learnerOf(tinyPolicy());
    await train(learner, {});
    const before = tf.memory().numTensors;
    await train(learner, { steps: 3 });
    expect(tf.memory().numTensors).toBe(before);

    const stop = new Error('enough');
    let asked = 0;
    const signal = {
      throwIfAborted: () => {
        if (++asked === 2) throw stop;
      },
    };
    const host = { ...quietHost, signal, onStep: () => undefined };
    await expect(coldStart(learner, sequences, { ...settings, steps: 9 }, host)).rejects.toBe(stop);
    expect(tf.memory().numTensors).toBe(before);
    learner.dispose();
  });

  it('refuses fewer sequences than one mini-batch', async () => {
    const learner = learnerOf(tinyPolicy());
    await expect(train(learner, {}, sequences.slice(0, 3))).rejects.toMatchObject({
      record: { boundary: 'data', code: 'cold-start-too-few' },
    });
    learner.dispose();
  });
});
