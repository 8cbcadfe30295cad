import { beforeAll, describe, expect, it } from 'vitest';
import type { Decoder, Policy } from '../../../src/engine/policy';
import { forwardWork } from '../../../src/engine/policy/work';
import { tf } from '../../../src/engine/tensor';
import { NODE_BACKENDS, useBackend } from '../tensor/backends';
import { farthest } from '../tensor/numbers';
import { batchOf, logSoftmax, tinyPolicy, tokens } from './tiny';

const VOCABULARY = 20;

/** Feeds each row its completion and returns log-probs [row][t] from the decoder's logits. */
async function decodeLogprobs(
  decoder: Decoder,
  completions: readonly (readonly number[])[],
): Promise<number[][]> {
  const logprobs: number[][] = completions.map(() => []);
  let { logits } = decoder;
  for (let t = 0; t < completions[0]!.length; t++) {
    if (t > 0) logits = await decoder.step(Int32Array.from(completions, (completion) => completion[t - 1]!));
    completions.forEach((completion, row) => {
      const ofRow = logits.subarray(row * VOCABULARY, (row + 1) * VOCABULARY);
      logprobs[row]!.push(logSoftmax(ofRow)[completion[t]!]!);
    });
  }
  return logprobs;
}

async function trainingLogprobs(
  policy: Policy,
  prompts: readonly number[][],
  completions: readonly number[][],
) {
  const batch = batchOf(prompts.map((prompt, row) => ({ prompt, completion: completions[row]! })));
  const { logprobs } = policy.tokenLogprobs(batch, { temperature: 1 });
  const values = (await logprobs.array()) as number[][];
  logprobs.dispose();
  return values;
}

describe.each(NODE_BACKENDS)('the decoder on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it('gives the training forward’s log-probs, through several blocks of the cache', async () => {
    const policy = tinyPolicy();
    // 70 tokens merge four blocks and grow the cache; the prompts are padded on the left to 32 positions.
    const prompts = [tokens(17, 1), tokens(3, 2), tokens(30, 3)];
    const completions = [tokens(70, 4), tokens(70, 5), tokens(70, 6)];
    const decoder = await policy.startDecoding(prompts);
    const decoded = await decodeLogprobs(decoder, completions);
    decoder.dispose();
    const trained = await trainingLogprobs(policy, prompts, completions);
    expect(farthest(decoded.flat(), trained.flat())).toBeLessThan(1e-5);
    policy.dispose();
  });

  it('runs equal prompts once, and gives each of their rows its own completion', async () => {
    const policy = tinyPolicy({ num_key_value_heads: 4, tie_word_embeddings: false });
    const [a, b] = [tokens(5, 1), tokens(8, 2)];
    const prompts = [a, b, a, a];
    const completions = [tokens(20, 3), tokens(20, 4), tokens(20, 5), tokens(20, 6)];
    const prefillRows = (await kernelShapes(() => policy.startDecoding(prompts))).filter(
      (rows) => rows === 2,
    );
    expect(prefillRows.length).toBeGreaterThan(0);
    const decoder = await policy.startDecoding(prompts);
    const decoded = await decodeLogprobs(decoder, completions);
    decoder.dispose();
    expect(
      farthest(decoded.flat(), (await trainingLogprobs(policy, prompts, completions)).flat()),
    ).toBeLessThan(1e-5);
    policy.dispose();
  });

  it('runs many prompts in parts', async () => {
    const policy = tinyPolicy();
    // 16 positions each, 4096 at once: 256 prompts to a part.
    const prompts = Array.from({ length: 300 }, (_, row) => [row % 20, Math.floor(row / 20), 7]);
    const decoder = await policy.startDecoding(prompts);
    for (const row of [0, 255, 256, 299]) {
      const alone = await policy.startDecoding([prompts[row]!]);
      const beside = decoder.logits.subarray(row * VOCABULARY, (row + 1) * VOCABULARY);
      expect(farthest(beside, alone.logits)).toBeLessThan(1e-5);
      alone.dispose();
    }
    decoder.dispose();
    policy.dispose();
  });

  it('gives the same bits however the prompts are cut, and lets the host breathe between the parts', async () => {
    const policy = tinyPolicy({ num_key_value_heads: 4 });
    const prompts = Array.from({ length: 9 }, (_, row) => tokens(3 + 4 * row, row));
    const decode = async (partMultiplyAdds: number) => {
      let breaths = 0;
      const breathe = async () => void breaths++;
      const decoder = await policy.startDecoding(prompts, { partMultiplyAdds, breathe });
      const next = Int32Array.from(prompts, (_, row) => row + 1);
      const logits = [decoder.logits, await decoder.step(next), await decoder.step(next)];
      decoder.dispose();
      return { breaths, logits };
    };
    const whole = await decode(Number.POSITIVE_INFINITY);
    expect(whole.breaths).toBe(0);
    expect(farthest(whole.logits[1]!, whole.logits[2]!)).toBeGreaterThan(1e-3); // numbers that can differ
    const work = forwardWork(policy.config, { rows: 1, width: 48, headPositions: 0 });
    for (const [limit, parts] of [
      [1, 9],
      [work, 9],
      [2 * work, 5],
      [5 * work, 2],
    ] as const) {
      const cut = await decode(limit);
      const within = limit < work ? 9 * 2 * policy.config.layers : 0; // after each half of a layer
      expect(cut.breaths, `${limit}`).toBe(parts - 1 + within);
      expect(cut.logits, `${limit}`).toEqual(whole.logits);
    }
    policy.dispose();
  });

  it('ends where the host throws between two parts or within one, and leaves no tensor behind', async () => {
    const policy = tinyPolicy();
    const start = (breathe: () => Promise<void>) =>
      policy.startDecoding([tokens(4, 1), tokens(6, 2), tokens(9, 3)], { partMultiplyAdds: 1, breathe });
    (await start(async () => undefined)).dispose(); // what is made once is made
    const before = tf.memory().numTensors;
    const throws = async () => {
      throw new Error('enough');
    };
    await expect(start(throws)).rejects.toThrow('enough');
    expect(tf.memory().numTensors).toBe(before);
    let breaths = 0;
    const throwsAt = (stop: number) => async () => {
      if (++breaths === stop) throw new Error('enough');
    };
    for (let stop = 2; stop < 3 * 2 * policy.config.layers; stop++, breaths = 0) {
      await expect(start(throwsAt(stop))).rejects.toThrow('enough');
      expect(tf.memory().numTensors).toBe(before);
    }
    policy.dispose();
  });

  it('keeps rows in the order asked for, before and after a block has been merged', async () => {
    const policy = tinyPolicy();
    const prompts = [tokens(4, 1), tokens(7, 2), tokens(2, 3)];
    const completions = [tokens(30, 4), tokens(30, 5), tokens(30, 6)];
    const expected = await trainingLogprobs(policy, prompts, completions);
    const decoder = await policy.startDecoding(prompts);
    let rows = [0, 1, 2];
    for (let t = 1; t < 30; t++) {
      if (t === 5) {
        decoder.keepRows([2, 0]);
        rows = [2, 0];
      }
      if (t === 22) {
        decoder.keepRows([1]);
        rows = [0];
      }
      const logits = await decoder.step(Int32Array.from(rows, (row) => completions[row]![t - 1]!));
      expect(logits.length).toBe(rows.length * VOCABULARY);
      rows.forEach((row, slot) => {
        const received = logSoftmax(logits.subarray(slot * VOCABULARY, (slot + 1) * VOCABULARY));
        expect(Math.abs(received[completions[row]![t]!]! - expected[row]![t]!)).toBeLessThan(1e-5);
      });
    }
    decoder.dispose();
    policy.dispose();
  });

  it('leaves no tensor behind, and holds none more with every token', async () => {
    const policy = tinyPolicy();
    const before = tf.memory().numTensors;
    const decoder = await policy.startDecoding([tokens(4, 1), tokens(6, 2)]);
    await decoder.step(Int32Array.of(1, 2));
    const during = tf.memory().numTensors;
    for (let t = 0; t < 16; t++) await decoder.step(Int32Array.of(3, 4));
    expect(tf.memory().numTensors).toBe(during);
    decoder.keepRows([1]);
    decoder.dispose();
    const constants = 3; // ε, 1/√C and nothing that grows
    expect(tf.memory().numTensors - before).toBeLessThanOrEqual(constants);
    const second = await policy.startDecoding([tokens(4, 1)]);
    second.dispose();
    expect(tf.memory().numTensors - before).toBeLessThanOrEqual(constants);
    policy.dispose();
  });

  it('refuses no prompts, an empty prompt, and a wrong number of tokens', async () => {
    const policy = tinyPolicy();
    await expect(policy.startDecoding([])).rejects.toThrow('expected 1 prompts, received 0');
    await expect(policy.startDecoding([[1], []])).rejects.toThrow('received 0');
    const decoder = await policy.startDecoding([[1], [2]]);
    await expect(decoder.step(Int32Array.of(1))).rejects.toThrow('expected 2 tokens, received 1');
    decoder.dispose();
    policy.dispose();
  });
});

/** Leading sizes of what the attention's softmax ran over. */
async function kernelShapes(f: () => Promise<Decoder>): Promise<number[]> {
  let decoder: Decoder | undefined;
  const { kernels } = await tf.profile(async () => {
    decoder = await f();
    return tf.scalar(0);
  });
  decoder!.dispose();
  return kernels.filter(({ name }) => name === 'Softmax').map(({ outputShapes }) => outputShapes[0]![0]!);
}
