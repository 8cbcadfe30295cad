/** Rollouts on the device against the plain learner: the same tokens from the same draws. */
import { beforeAll, expect, it } from 'vitest';
import type {
  Completion,
  GenerationSettings,
  Learner,
  SamplingSettings,
} from '../../../src/engine/crpo/learner';
import { plainLearner } from '../../../src/engine/crpo/plain/learner';
import type { FusedLearner } from '../../../src/engine/fused/learner';
import type { Gpu } from '../../../src/engine/gpu';
import { describeOnGpu } from '../gpu/dawn';
import { expectClose } from '../kernels/compare';
import { tinyPolicy } from '../policy/tiny';
import { useBackend } from '../tensor/backends';
import { fusedOf } from './load';

const PAD = 0;
const HOST = { breathe: async () => undefined, signal: { throwIfAborted: () => undefined } };
const LAYERS = 2;

const PLAIN: SamplingSettings = { temperature: 1, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 };
/** Groups of three, and a prompt of one token. */
const PROMPTS = [...Array(3).fill([3, 1, 4, 1, 5]), ...Array(3).fill([9, 2]), [6]] as number[][];

function settings(changes: Partial<GenerationSettings> = {}): GenerationSettings {
  return {
    ...{ maxTokens: 40, stopTokens: [1, 7], padToken: PAD, sampling: PLAIN },
    draws: { seed: 11, stream: 'sampling', counters: PROMPTS.map((_, row) => 100 + row) },
    onProgress: () => undefined,
    ...changes,
  };
}

async function learners(
  gpu: Gpu,
  model: Readonly<Record<string, unknown>> = {},
): Promise<[FusedLearner, Learner]> {
  const fields = { max_position_embeddings: 512, initializer_range: 0.15, ...model };
  return [await fusedOf(tinyPolicy(fields), gpu), plainLearner(tinyPolicy(fields), PAD)];
}

function tokensOf(completions: readonly Completion[]): (readonly number[])[] {
  return completions.map(({ tokens }) => tokens);
}

const SAMPLING: readonly [string, SamplingSettings | null][] = [
  ['at temperature 1', PLAIN],
  ['cooler', { ...PLAIN, temperature: 0.6 }],
  ['top-k', { ...PLAIN, topK: 5 }],
  ['top-p', { ...PLAIN, topP: 0.7 }],
  ['everything', { temperature: 0.9, topK: 12, topP: 0.9, minP: 0.05, repetitionPenalty: 1.3 }],
  ['greedily', null],
];

describeOnGpu('generation', (gpu) => {
  beforeAll(() => useBackend('wasm')); // for the plain learner

  it.each(SAMPLING)(
    'samples the tokens of the plain learner, %s',
    async (_, sampling) => {
      const [fused, plain] = await learners(gpu());
      const received = await fused.generate(PROMPTS, settings({ sampling }), HOST);
      const expected = await plain.generate(PROMPTS, settings({ sampling }), HOST);
      expect(tokensOf(received)).toEqual(tokensOf(expected));
      received.forEach(({ truncated, logprobs }, row) => {
        expect(truncated).toBe(expected[row]!.truncated);
        if (sampling !== null) expectClose(logprobs, expected[row]!.logprobs, 1e-5);
      });
      fused.dispose();
      plain.dispose();
    },
    60_000,
  );

  it('reports the log-probs of the training forward, so that the first ratio is 1', async () => {
    const [fused, plain] = await learners(gpu(), {
      model_type: 'llama',
      tie_word_embeddings: false,
      vocab_size: 23,
    });
    const completions = await fused.generate(
      PROMPTS,
      settings({ sampling: { ...PLAIN, temperature: 0.8 } }),
      HOST,
    );
    const sequences = completions.map(({ tokens }, row) => ({
      promptTokens: PROMPTS[row]!,
      completionTokens: tokens,
    }));
    const again = await fused.logprobs(sequences, { temperature: 0.8 }, HOST);
    again.forEach((row, index) => {
      row.forEach((value, at) => {
        expect(Math.abs(value - completions[index]!.logprobs[at]!)).toBeLessThan(1e-5);
      });
    });
    fused.dispose();
    plain.dispose();
  }, 60_000);

  it('outgrows its first cache and drops rows that have ended', async () => {
    const [fused, plain] = await learners(gpu(), { vocab_size: 97 });
    const long = settings({ maxTokens: 150, stopTokens: [1, 2] });
    const received = await fused.generate(PROMPTS, long, HOST);
    expect(tokensOf(received)).toEqual(tokensOf(await plain.generate(PROMPTS, long, HOST)));
    const lengths = received.map(({ tokens }) => tokens.length);
    expect(Math.max(...lengths)).toBeGreaterThan(64);
    expect(new Set(lengths).size).toBeGreaterThan(2);
    fused.dispose();
    plain.dispose();
  }, 60_000);

  it('takes 5 dispatches per layer and 3 per token, and a readback for 16 of them', async () => {
    const [fused, plain] = await learners(gpu());
    const never = settings({ maxTokens: 33, stopTokens: [] });
    await fused.generate(PROMPTS, never, HOST);
    const before = { ...gpu().counters };
    await fused.generate(PROMPTS, { ...never, maxTokens: 49 }, HOST);
    const one = { ...gpu().counters };
    await fused.generate(PROMPTS, never, HOST);
    const after = { ...gpu().counters };
    const difference = (key: 'dispatches' | 'readbacks') => one[key] - before[key] - (after[key] - one[key]);
    expect(difference('dispatches')).toBe(16 * (5 * LAYERS + 3));
    expect(difference('readbacks')).toBe(1);
    fused.dispose();
    plain.dispose();
  }, 60_000);

  it('tells of each completion when it ends, and lets the host stop it', async () => {
    const [fused, plain] = await learners(gpu());
    const ended: number[] = [];
    const progress: number[] = [];
    await fused.generate(
      PROMPTS,
      settings({
        onEnd: (row, { tokens }) => ended.push(row * 1000 + tokens.length),
        onProgress: ({ tokens }) => progress.push(tokens),
      }),
      HOST,
    );
    expect(ended).toHaveLength(PROMPTS.length);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    const controller = new AbortController();
    controller.abort(new Error('enough'));
    const stopped = fused.generate(PROMPTS, settings(), { ...HOST, signal: controller.signal });
    await expect(stopped).rejects.toThrow('enough');
    expect(await fused.generate(PROMPTS, settings({ maxTokens: 1 }), HOST)).toHaveLength(PROMPTS.length);
    fused.dispose();
    plain.dispose();
  }, 60_000);

  it('stops with a named error when the logits are no numbers', async () => {
    const [fused, plain] = await learners(gpu());
    fused.parameters.write('model.norm.weight', new Float32Array(16).fill(Number.NaN));
    const failing = fused.generate(PROMPTS, settings(), HOST);
    await expect(failing).rejects.toMatchObject({ record: { boundary: 'device', code: 'non-finite' } });
    await expect(fused.generate([[1], []], settings(), HOST)).rejects.toThrow(
      'expected 1 tokens of a prompt',
    );
    fused.dispose();
    plain.dispose();
  }, 60_000);
});
