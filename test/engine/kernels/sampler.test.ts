import { describe, expect, it, vi } from 'vitest';
import type { SamplingSettings } from '../../../src/engine/crpo/learner';
import { greedyToken, sampleToken, seenTokens } from '../../../src/engine/crpo/sampling';
import type { Gpu } from '../../../src/engine/gpu';
import { STATE, STATE_WIDTH } from '../../../src/engine/kernels/decode-state';
import { BLOCK, sampleTokens } from '../../../src/engine/kernels/sampler';
import { uniform } from '../../../src/engine/random';
import { describeOnGpu } from '../gpu/dawn';
import { upload, values } from './compare';

// A software GPU may take seconds to compile a shader for the first time.
vi.setConfig({ testTimeout: 60_000 });

const PLAIN: SamplingSettings = { temperature: 1, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 };

/** Rows of logits with what decides about them. */
interface Rows {
  readonly logits: readonly Float32Array[];
  readonly sampling: SamplingSettings | null;
  readonly seed: number;
  /** First counter of each row's draws. */
  readonly draws?: readonly number[];
  readonly generated?: readonly number[];
  readonly done?: readonly number[];
  readonly stops?: readonly number[];
  readonly maxTokens?: number;
  readonly seen?: readonly Uint32Array[];
  /** Row of each slot; all in order unless told. */
  readonly slotRow?: readonly number[];
}

interface Sampled {
  readonly tokens: readonly number[];
  readonly logprobs: readonly number[];
  readonly state: Int32Array;
  readonly ring: Int32Array;
  readonly seen: Uint32Array;
}

/** One dispatch over the rows; what lies beyond the vocabulary is NaN. */
async function sampled(gpu: Gpu, given: Rows): Promise<Sampled> {
  const { sampling, seed, stops = [], maxTokens = 1000 } = given;
  const rows = given.logits.length;
  const slotRow = given.slotRow ?? given.logits.map((_, row) => row);
  const vocabulary = given.logits[0]!.length;
  const stride = Math.ceil(vocabulary / 4) * 4 + 4;
  const logits = new Float32Array(slotRow.length * stride).fill(Number.NaN);
  slotRow.forEach((row, slot) => {
    logits.set(given.logits[row]!, slot * stride);
  });
  const state = new Int32Array(rows * STATE_WIDTH).fill(-7);
  const seenWords = Math.ceil(vocabulary / 32);
  const seen = new Uint32Array(rows * seenWords);
  for (let row = 0; row < rows; row++) {
    state[row * STATE_WIDTH + STATE.generated] = given.generated?.[row] ?? row;
    state[row * STATE_WIDTH + STATE.done] = given.done?.[row] ?? 0;
    state[row * STATE_WIDTH + STATE.draw] = given.draws?.[row] ?? 17 * row;
    seen.set(given.seen?.[row] ?? [], row * seenWords);
  }
  const views = {
    logits: upload(gpu, logits),
    slotRow: upload(gpu, Uint32Array.from(slotRow)),
    state: upload(gpu, state),
    stops: upload(gpu, Int32Array.from(stops.length > 0 ? stops : [0])),
    seen: upload(gpu, seen),
    tokens: upload(gpu, new Int32Array(BLOCK * rows).fill(-1)),
    logprobs: upload(gpu, new Float32Array(BLOCK * rows)),
  };
  const stopCount = stops.length;
  const sizes = { slots: slotRow.length, rows, vocabulary, stride, stopCount, maxTokens };
  const seenView = sampling?.repetitionPenalty === 1 || sampling === null ? undefined : views.seen;
  sampleTokens(gpu, { ...views, seen: seenView, ...sizes, sampling, seed, stream: 'sampling' });
  const read = await gpu.read(views.tokens, views.logprobs, views.state, views.seen);
  gpu.free(...Object.values(views));
  const ring = new Int32Array(read[0]!);
  const logprobs = new Float32Array(read[1]!);
  const places = given.logits.map((_, row) => ((given.generated?.[row] ?? row) % BLOCK) * rows + row);
  return {
    tokens: places.map((place) => ring[place]!),
    logprobs: places.map((place) => logprobs[place]!),
    state: new Int32Array(read[2]!),
    ring,
    seen: new Uint32Array(read[3]!),
  };
}

/**
 * Each row's token is the reference's. One whose draw lies within 1e-6 of another's share of [0, 1) may
 * be that one: float32 cannot tell. Returns how many were.
 */
async function expectReference(gpu: Gpu, given: Rows): Promise<number> {
  const sampling = given.sampling!;
  const { tokens, logprobs } = await sampled(gpu, given);
  let near = 0;
  given.logits.forEach((logits, row) => {
    const u = uniform(given.seed, 'sampling', given.draws?.[row] ?? 17 * row, given.generated?.[row] ?? row);
    const seen = given.seen?.[row];
    const expected = sampleToken(logits, sampling, u, seen);
    const [token, logprob] = [tokens[row]!, logprobs[row]!];
    if (token !== expected.token) {
      near += 1;
      const around = [u - 1e-6, u + 1e-6].map(
        (other) => sampleToken(logits, sampling, Math.min(Math.max(other, 0), 1 - 2 ** -24), seen).token,
      );
      expect(around, `row ${row}: ${token} for ${expected.token}`).toContain(token);
    } else expect(Math.abs(logprob - expected.logprob), `row ${row}: log-prob`).toBeLessThan(1e-5);
  });
  return near;
}

function rowsOf(count: number, vocabulary: number, seed: number, scale: number): Float32Array[] {
  return Array.from({ length: count }, (_, row) => values(vocabulary, seed * 1000 + row, scale));
}

/** Every variant of the kernel, with loose and tight cuts, at two temperatures in turn. */
const combinations: SamplingSettings[] = [];
for (const [topK, topP] of [
  [0, 1],
  [0, 0.9],
  [0, 0.3],
  [3, 1],
  [50, 1],
  [3, 0.9],
  [50, 0.3],
] as const)
  for (const minP of [0, 0.05])
    for (const repetitionPenalty of [1, 1.3]) {
      const temperature = combinations.length % 3 === 0 ? 1 : 0.6;
      combinations.push({ temperature, topK, topP, minP, repetitionPenalty });
    }

describeOnGpu('sampleTokens', (gpu) => {
  it.each(combinations)(
    'draws the reference’s tokens: T $temperature, k $topK, p $topP, min-p $minP, penalty $repetitionPenalty',
    async (sampling) => {
      let near = 0;
      for (const [index, [vocabulary, scale]] of [
        [1, 3],
        [7, 4],
        [101, 5],
        [1024, 6],
      ].entries() as Iterable<[number, [number, number]]>) {
        const logits = rowsOf(48, vocabulary, index, scale);
        const seen = logits.map((_, row) =>
          seenTokens(
            vocabulary,
            Array.from({ length: vocabulary }, (_, token) => token).filter((t) => (t * 7 + row) % 3 === 0),
          ),
        );
        near += await expectReference(gpu(), { logits, sampling, seed: 5 + index, seen });
      }
      // Four times 48 draws, each within 1e-6 of a boundary with a probability below 1e-3.
      expect(near).toBeLessThanOrEqual(2);
    },
  );

  it.each([
    [20_000, PLAIN],
    [152_000, PLAIN],
    [20_003, { ...PLAIN, topK: 40, topP: 0.9, minP: 0.01 }],
    [151_936, { ...PLAIN, temperature: 0.7, topP: 0.95, repetitionPenalty: 1.1 }],
  ])('draws the reference’s tokens from a vocabulary of %d', async (vocabulary, sampling) => {
    const logits = rowsOf(4, vocabulary, 3, 9);
    const seen = logits.map(() => seenTokens(vocabulary, [5, 77, 1000, vocabulary - 1]));
    expect(await expectReference(gpu(), { logits, sampling, seed: 11, seen })).toBeLessThanOrEqual(1);
  });

  it('takes counters and seeds as uint32', async () => {
    const logits = rowsOf(6, 64, 1, 3);
    const draws = [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 12345];
    for (const seed of [0, 2 ** 31, 2 ** 32 - 1]) {
      const near = await expectReference(gpu(), { logits, sampling: PLAIN, seed, draws });
      expect(near).toBe(0);
    }
  });

  it('breaks ties as the reference does', async () => {
    // Few distinct values, of both zeros too, so that every cut falls into a tie.
    const logits = rowsOf(60, 301, 2, 2).map((row) => row.map((value) => Math.round(value)));
    const seen = logits.map((_, row) => seenTokens(301, [row, 2 * row, 299]));
    for (const more of [
      { topK: 5 },
      { topK: 150 },
      { topP: 0.5 },
      { topP: 0.97 },
      { topK: 90, topP: 0.6 },
      { topK: 20, minP: 1 },
      { topK: 33, repetitionPenalty: 1.5 },
    ]) {
      const sampling = { ...PLAIN, ...more };
      expect(await expectReference(gpu(), { logits, sampling, seed: 8, seen })).toBeLessThanOrEqual(1);
    }
  });

  it('draws from large, tiny and forbidden logits', async () => {
    const [low, high] = [Number.NEGATIVE_INFINITY, 3e4];
    const logits = [
      [high, -high, high, 0, 1],
      [low, low, 2, low, 2],
      [low, low, low, low, -1e30],
      [1e-3, -1e-3, 0, -0, 2e-3],
    ].map((row) => Float32Array.from(row));
    for (const more of [{}, { topK: 2 }, { topP: 0.5 }, { minP: 0.5 }, { topK: 4, topP: 0.6, minP: 0.1 }])
      for (const seed of [1, 2, 3])
        expect(await expectReference(gpu(), { logits, sampling: { ...PLAIN, ...more }, seed })).toBe(0);
  });

  it('takes the most likely token without settings', async () => {
    const logits = rowsOf(20, 333, 4, 3).map((row) => row.map((value) => Math.round(value * 2) / 2));
    const { tokens, logprobs } = await sampled(gpu(), { logits, sampling: null, seed: 1 });
    expect(tokens).toEqual(logits.map(greedyToken));
    logits.forEach((row, index) => {
      const highest = row[tokens[index]!]!;
      const total = row.reduce((sum, value) => sum + Math.exp(value - highest), 0);
      expect(Math.abs(logprobs[index]! + Math.log(total))).toBeLessThan(1e-5);
    });
  });

  it('comes in the softmax’s shares', async () => {
    // Weights 4 : 3 : 2 : 1; 4,096 draws: the deviation of a share is at most √(0.25 / 4,096) = 0.0078.
    const row = Float32Array.of(Math.log(4), Math.log(3), Math.log(2), 0);
    const logits = Array.from({ length: 4096 }, () => row);
    const draws = logits.map((_, index) => index);
    const generated = logits.map(() => 3);
    const { tokens } = await sampled(gpu(), { logits, sampling: PLAIN, seed: 21, draws, generated });
    for (let token = 0; token < 4; token++) {
      const share = tokens.filter((each) => each === token).length / tokens.length;
      expect(Math.abs(share - (4 - token) / 10)).toBeLessThan(5 * 0.0078);
    }
  });

  it('ends rows at a stop token and at the limit, and leaves ended rows alone', async () => {
    const at = (token: number) => Float32Array.from({ length: 40 }, (_, id) => (id === token ? 9 : 0));
    const given = {
      logits: [at(33), at(2), at(7), at(33), at(1)],
      sampling: null,
      seed: 1,
      generated: [0, 18, 4, 6, 19],
      done: [0, 0, 0, 1, 0],
      stops: [5, 7],
      maxTokens: 20,
      slotRow: [4, 2, 3, 0],
    };
    const { state, ring } = await sampled(gpu(), given);
    const fields = (row: number) => [...state.subarray(row * STATE_WIDTH, row * STATE_WIDTH + 3)];
    expect(fields(0)).toEqual([33, 1, 0]);
    expect(fields(1)).toEqual([-7, 18, 0]); // has no slot
    expect(fields(2)).toEqual([7, 5, 1]); // a stop token
    expect(fields(3)).toEqual([-7, 6, 1]); // had ended
    expect(fields(4)).toEqual([1, 20, 1]); // the limit
    const written = [...ring.entries()].filter(([, token]) => token !== -1);
    expect(written).toEqual([
      [0 * 5 + 0, 33],
      [3 * 5 + 4, 1], // 19 mod 16
      [4 * 5 + 2, 7],
    ]);
  });

  it('adds what it draws to what was seen', async () => {
    const logits = rowsOf(9, 100, 6, 3);
    const seen = logits.map((_, row) => seenTokens(100, [row, 50]));
    const sampling = { ...PLAIN, repetitionPenalty: 1.2 };
    const after = await sampled(gpu(), { logits, sampling, seed: 2, seen });
    const expected = after.tokens.flatMap((token, row) => [...seenTokens(100, [row, 50, token])]);
    expect([...after.seen]).toEqual(expected);
  });

  it.each([
    ['NaN', [0, 1, Number.NaN, 3, 2]],
    ['+Infinity', [0, 1, Number.POSITIVE_INFINITY, 3, 2]],
    ['nothing but −Infinity', new Array<number>(5).fill(Number.NEGATIVE_INFINITY)],
  ])('ends a row with %s by the log-prob NaN', async (_name, broken) => {
    // Of both signs: the processor's own NaN is negative.
    const negative = new Float32Array(Uint32Array.of(0, 0xffc00000, 0, 0, 0).buffer);
    const rows = [Float32Array.from(broken), negative, Float32Array.of(0, 0, 90, 0, 0)];
    for (const sampling of [PLAIN, null, { ...PLAIN, topK: 2, topP: 0.5 }]) {
      const { tokens, logprobs, state } = await sampled(gpu(), { logits: rows, sampling, seed: 1 });
      expect(tokens).toEqual([0, 0, 2]);
      expect(logprobs).toEqual([Number.NaN, Number.NaN, 0]);
      const done = [0, 1, 2].map((row) => state[row * STATE_WIDTH + STATE.done]);
      expect(done).toEqual([1, 1, 0]);
    }
  });

  it('gives the same bits again', async () => {
    const given = { logits: rowsOf(16, 5000, 1, 4), sampling: { ...PLAIN, topP: 0.9, topK: 300 }, seed: 1 };
    expect(await sampled(gpu(), given)).toEqual(await sampled(gpu(), given));
  });

  it('refuses a row that is no whole number of vec4, and a penalty without what was seen', () => {
    const view = gpu().allocate(64);
    const views = { logits: view, slotRow: view, state: view, stops: view, tokens: view, logprobs: view };
    const sizes = { slots: 1, rows: 1, vocabulary: 10, stride: 12, stopCount: 0, maxTokens: 5 };
    const call = { ...views, ...sizes, sampling: PLAIN, seed: 1, stream: 'sampling' as const };
    expect(() => sampleTokens(gpu(), { ...call, stride: 10 })).toThrow(/^internal: /);
    const sampling = { ...PLAIN, repetitionPenalty: 1.1 };
    expect(() => sampleTokens(gpu(), { ...call, sampling })).toThrow(/^internal: /);
    gpu().free(view);
  });
});

describe('the ring', () => {
  it('is as long as the kernel has it', () => expect(BLOCK).toBe(16));
});
