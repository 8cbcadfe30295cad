import { describe, expect, it, vi } from 'vitest';
import type { Gpu } from '../../../src/engine/gpu';
import { attentionReference } from '../../../src/engine/kernels/attention/reference';
import {
  DECODE_ATTENTION_VARIANTS,
  type DecodeAttentionVariant,
  decodeAttention,
  embedTokens,
  storePromptCache,
} from '../../../src/engine/kernels/decode-attention';
import {
  decodeAttentionReference,
  promptCacheReference,
} from '../../../src/engine/kernels/decode-attention/reference';
import { STATE, STATE_WIDTH } from '../../../src/engine/kernels/decode-state';
import { describeOnGpu } from '../gpu/dawn';
import { expectClose, upload, values } from './compare';

// A software GPU may take seconds to compile a shader for the first time.
vi.setConfig({ testTimeout: 60_000 });

const CAPACITY = 40;
/** Lengths of the two prompts; rows 0, 1, 2 complete the first, 3 and 4 the second. */
const PROMPTS = [37, 1];
const ROW_PROMPT = [0, 0, 0, 1, 1];
const PROMPT_STARTS = [0, 37];
const PROMPT_TOKENS = 38;

interface Case {
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headWidth: number;
  /** Of qkv. */
  readonly scale: number;
  readonly variant?: DecodeAttentionVariant;
}

const cases: Case[] = [
  { heads: 1, keyValueHeads: 1, headWidth: 8, scale: 1 },
  { heads: 6, keyValueHeads: 2, headWidth: 12, scale: 2 },
  { heads: 8, keyValueHeads: 1, headWidth: 16, scale: 1 },
  { heads: 4, keyValueHeads: 2, headWidth: 32, scale: 2 },
  { heads: 14, keyValueHeads: 2, headWidth: 64, scale: 1 },
  { heads: 3, keyValueHeads: 1, headWidth: 128, scale: 1 },
  { heads: 4, keyValueHeads: 2, headWidth: 32, scale: 60 },
];

/** Each case in both variants, the widest head, which has only one, apart. */
const variants = cases.flatMap((shape) =>
  DECODE_ATTENTION_VARIANTS.filter((variant) => variant === 'wide' || shape.headWidth <= 64).map(
    (variant): Case => ({ ...shape, variant }),
  ),
);

function tableOf(headWidth: number): Float32Array<ArrayBuffer> {
  const half = headWidth / 2;
  const positions = Math.max(...PROMPTS) + CAPACITY;
  return Float32Array.from({ length: positions * headWidth }, (_, at) => {
    const angle = Math.floor(at / headWidth) * 10_000 ** (-Math.floor((at % headWidth) / 2) / half);
    return at % 2 === 0 ? Math.cos(angle) : Math.sin(angle);
  });
}

/** qkv with its queries and keys turned, row r by the angles of positions[r]: as the training forward has it. */
function turned(
  qkv: Float32Array,
  table: Float32Array,
  positions: readonly number[],
  { heads, keyValueHeads, headWidth }: Case,
): Float64Array {
  const stride = (heads + 2 * keyValueHeads) * headWidth;
  const half = headWidth / 2;
  const result = Float64Array.from(qkv);
  positions.forEach((position, row) => {
    for (let head = 0; head < heads + keyValueHeads; head++)
      for (let i = 0; i < half; i++) {
        const [at, angle] = [row * stride + head * headWidth + i, position * headWidth + 2 * i];
        const [c, s] = [table[angle]!, table[angle + 1]!];
        result[at] = qkv[at]! * c - qkv[at + half]! * s;
        result[at + half] = qkv[at + half]! * c + qkv[at]! * s;
      }
  });
  return result;
}

/** Prompts as prefill leaves them, and the raw qkv of each step's tokens. */
function made(shape: Case) {
  const { heads, keyValueHeads, headWidth, scale } = shape;
  const stride = (heads + 2 * keyValueHeads) * headWidth;
  const table = tableOf(headWidth);
  const positions = PROMPTS.flatMap((length) => Array.from({ length }, (_, position) => position));
  const prompts = Float32Array.from(
    turned(values(PROMPT_TOKENS * stride, 1, scale), table, positions, shape),
  );
  const step = (number: number) => values(ROW_PROMPT.length * stride, 100 + number, scale);
  return { stride, table, prompts, step };
}

function stateAt(generated: number, done: readonly number[] = []): Int32Array {
  const state = new Int32Array(ROW_PROMPT.length * STATE_WIDTH);
  ROW_PROMPT.forEach((prompt, row) => {
    state[row * STATE_WIDTH + STATE.generated] = generated;
    state[row * STATE_WIDTH + STATE.done] = done.includes(row) ? 1 : 0;
    state[row * STATE_WIDTH + STATE.promptStart] = PROMPT_STARTS[prompt]!;
    state[row * STATE_WIDTH + STATE.promptLength] = PROMPTS[prompt]!;
  });
  return state;
}

const ownSize = ({ keyValueHeads, headWidth }: Case) =>
  ROW_PROMPT.length * CAPACITY * keyValueHeads * 2 * headWidth;

const SLOTS = [4, 1, 3, 0, 2];

/** Out of every step, and the own cache afterwards. */
async function decoded(gpu: Gpu, shape: Case, steps: number) {
  const { table, prompts, step } = made(shape);
  const { heads, keyValueHeads, headWidth } = shape;
  const views = {
    table: upload(gpu, table),
    slotRow: upload(gpu, Uint32Array.from(SLOTS)),
    state: upload(gpu, stateAt(1)),
    promptCache: gpu.allocate(PROMPT_TOKENS * keyValueHeads * 2 * headWidth),
    ownCache: gpu.allocate(ownSize(shape)),
    out: gpu.allocate(SLOTS.length * heads * headWidth),
    qkv: upload(gpu, step(1)),
  };
  const prefill = upload(gpu, prompts);
  storePromptCache(gpu, { ...shape, qkv: prefill, promptCache: views.promptCache, tokens: PROMPT_TOKENS });
  const outs: Float32Array[] = [];
  for (let number = 1; number <= steps; number++) {
    gpu.write(views.state, stateAt(number));
    gpu.write(views.qkv, step(number));
    decodeAttention(gpu, { ...views, ...shape, capacity: CAPACITY, slots: SLOTS.length });
    outs.push(await gpu.readFloats(views.out));
  }
  const ownCache = await gpu.readFloats(views.ownCache);
  const promptCache = await gpu.readFloats(views.promptCache);
  gpu.free(prefill, ...Object.values(views));
  return { outs, ownCache, promptCache };
}

function decodedByReference(shape: Case, steps: number) {
  const { table, prompts, step } = made(shape);
  const promptCache = promptCacheReference(prompts, PROMPT_TOKENS, shape);
  const ownCache = new Float64Array(ownSize(shape));
  const outs = Array.from({ length: steps }, (_, index) =>
    decodeAttentionReference(
      { qkv: step(index + 1), table, state: stateAt(index + 1), promptCache, ownCache },
      { ...shape, capacity: CAPACITY, slotRow: SLOTS },
    ),
  );
  return { outs, ownCache, promptCache };
}

describe('the reference', () => {
  it.each(cases)('is the last row of attention over the whole sequence: %o', (shape) => {
    const steps = 4;
    const { stride, table, prompts, step } = made(shape);
    const { outs } = decodedByReference(shape, steps);
    const width = shape.heads * shape.headWidth;
    SLOTS.forEach((row, slot) => {
      const prompt = ROW_PROMPT[row]!;
      const promptStart = PROMPT_STARTS[prompt]!;
      const length = PROMPTS[prompt]!;
      const own = Array.from({ length: steps }, (_, index) => {
        const raw = step(index + 1).subarray(slot * stride, (slot + 1) * stride);
        return turned(raw, table, [length + index], shape);
      });
      const qkv = Float64Array.from([
        ...prompts.subarray(promptStart * stride, (promptStart + length) * stride),
        ...own.flatMap((each) => [...each]),
      ]);
      const rows = length + steps;
      // Every row attends to all rows from 0 to itself.
      const segments = Int32Array.from({ length: 4 * rows }, (_, at) => (at % 4 === 0 ? at / 4 : 0));
      const { out } = attentionReference({ ...shape, qkv, segments, rows });
      outs.forEach((each, index) => {
        const expected = out.subarray((length + index) * width, (length + index + 1) * width);
        expectClose(each.subarray(slot * width, (slot + 1) * width), expected, 1e-6, `slot ${slot}`);
      });
    });
  });
});

describeOnGpu('decodeAttention', (gpu) => {
  it.each(variants)('attends to prompt and completion: %o', async (shape) => {
    const steps = 36;
    const [actual, expected] = [await decoded(gpu(), shape, steps), decodedByReference(shape, steps)];
    // Scores reach scale²·√C, and float32 knows them to 1e-7 of that.
    const tolerance = shape.scale > 10 ? 2e-3 : 1e-5;
    for (let index = 0; index < steps; index++)
      expectClose(actual.outs[index]!, expected.outs[index]!, tolerance, `step ${index + 1}`);
    expectClose(actual.ownCache, expected.ownCache, 1e-6, 'own cache');
    expect([...actual.promptCache]).toEqual([...expected.promptCache]);
  });

  it('gives the same bits again', async () => {
    const shape = cases[3]!;
    expect(await decoded(gpu(), shape, 5)).toEqual(await decoded(gpu(), shape, 5));
  });

  it('leaves rows that have ended, and what has no slot, as they are', async () => {
    const shape = cases[3]!;
    const { table, step } = made(shape);
    const width = shape.heads * shape.headWidth;
    const ownValues = values(ownSize(shape), 9);
    const outValues = values(2 * width, 10);
    const views = {
      qkv: upload(gpu(), step(3)),
      table: upload(gpu(), table),
      slotRow: upload(gpu(), Uint32Array.of(3, 1)),
      state: upload(gpu(), stateAt(3, [3])),
      promptCache: gpu().allocate(PROMPT_TOKENS * shape.keyValueHeads * 2 * shape.headWidth),
      ownCache: upload(gpu(), ownValues),
      out: upload(gpu(), outValues),
    };
    decodeAttention(gpu(), { ...views, ...shape, capacity: CAPACITY, slots: 2 });
    const out = await gpu().readFloats(views.out);
    const ownCache = await gpu().readFloats(views.ownCache);
    expect(out.subarray(0, width)).toEqual(outValues.subarray(0, width));
    expect(out.subarray(width)).not.toEqual(outValues.subarray(width));
    const perPosition = shape.keyValueHeads * 2 * shape.headWidth;
    const changed = new Set<number>();
    ownCache.forEach((value, at) => {
      if (value !== ownValues[at]) changed.add(Math.floor(at / perPosition));
    });
    expect([...changed]).toEqual([1 * CAPACITY + 2]);
    gpu().free(...Object.values(views));
  });

  it('refuses heads that do not divide, and wide ones', () => {
    const view = gpu().allocate(4);
    const call = { qkv: view, promptCache: view, tokens: 1 };
    for (const shape of [
      { heads: 3, keyValueHeads: 2, headWidth: 8 },
      { heads: 2, keyValueHeads: 1, headWidth: 10 },
      { heads: 2, keyValueHeads: 1, headWidth: 256 },
    ])
      expect(() => storePromptCache(gpu(), { ...call, ...shape })).toThrow(/^internal: /);
    gpu().free(view);
  });
});

describeOnGpu('embedTokens', (gpu) => {
  it.each([
    { width: 4, slotRow: [0] },
    { width: 68, slotRow: [4, 2, 0] },
  ])('looks up the token that each slot’s row feeds: %o', async ({ width, slotRow }) => {
    const table = values(11 * width, 3);
    const tokens = [10, 3, 0, 7, 5];
    const state = stateAt(1);
    tokens.forEach((token, row) => {
      state[row * STATE_WIDTH + STATE.token] = token;
    });
    const views = {
      table: upload(gpu(), table),
      slotRow: upload(gpu(), Uint32Array.from(slotRow)),
      state: upload(gpu(), state),
      x: gpu().allocate(slotRow.length * width),
    };
    embedTokens(gpu(), { ...views, slots: slotRow.length, width });
    const expected = slotRow.flatMap((row) => [
      ...table.subarray(tokens[row]! * width, (tokens[row]! + 1) * width),
    ]);
    expect([...(await gpu().readFloats(views.x))]).toEqual(expected);
    gpu().free(...Object.values(views));
  });
});
