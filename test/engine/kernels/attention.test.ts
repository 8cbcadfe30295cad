import { describe, expect, it } from 'vitest';
import { type Gpu, partOf } from '../../../src/engine/gpu';
import {
  attention,
  attentionBackward,
  packSegments,
  type SegmentGroup,
} from '../../../src/engine/kernels/attention';
import {
  attentionBackwardReference,
  attentionReference,
} from '../../../src/engine/kernels/attention/reference';
import { describeOnGpu } from '../gpu/dawn';
import { centralDifferences, expectClose, upload, values } from './compare';

interface Case {
  readonly what: string;
  readonly groups: readonly SegmentGroup[];
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headWidth: number;
  /** Of the values of qkv. */
  readonly scale?: number;
}

const alone = (prompt: number): SegmentGroup => ({ prompt, completions: [] });

const cases: readonly Case[] = [
  { what: 'one row', groups: [alone(1)], heads: 1, keyValueHeads: 1, headWidth: 8 },
  { what: '31 tokens, C 12', groups: [alone(31)], heads: 2, keyValueHeads: 2, headWidth: 12 },
  { what: '32 tokens, grouped 4:2', groups: [alone(32)], heads: 4, keyValueHeads: 2, headWidth: 16 },
  { what: '33 tokens, one key head', groups: [alone(33)], heads: 3, keyValueHeads: 1, headWidth: 32 },
  { what: '65 tokens, C 64', groups: [alone(65)], heads: 2, keyValueHeads: 1, headWidth: 64 },
  { what: '65 tokens, C 128', groups: [alone(65)], heads: 2, keyValueHeads: 1, headWidth: 128 },
  {
    what: 'several short sequences',
    groups: [1, 2, 7, 1, 30, 5].map(alone),
    heads: 2,
    keyValueHeads: 1,
    headWidth: 8,
  },
  {
    what: 'a prompt shared by completions of different lengths',
    groups: [{ prompt: 5, completions: [3, 1, 4] }],
    heads: 2,
    keyValueHeads: 1,
    headWidth: 8,
  },
  {
    what: 'short groups in one tile, C 12',
    groups: [{ prompt: 2, completions: [1, 2] }, alone(3), { prompt: 1, completions: [2, 1, 1] }],
    heads: 2,
    keyValueHeads: 2,
    headWidth: 12,
  },
  {
    what: 'groups over several tiles',
    groups: [
      { prompt: 37, completions: [40, 1, 66, 3] },
      alone(34),
      { prompt: 3, completions: [2, 35] },
      { prompt: 70, completions: [5, 6, 7] },
    ],
    heads: 4,
    keyValueHeads: 2,
    headWidth: 16,
  },
  {
    what: 'large logits',
    groups: [{ prompt: 20, completions: [30, 9] }],
    heads: 2,
    keyValueHeads: 1,
    headWidth: 16,
    scale: 11,
  },
];

/** Everything a call takes, made up. */
function inputs({ groups, heads, keyValueHeads, headWidth, scale = 1 }: Case) {
  const packed = packSegments(groups);
  const { rows } = packed;
  const width = heads + 2 * keyValueHeads;
  const qkv = values(rows * width * headWidth, 1, scale);
  return {
    ...packed,
    heads,
    keyValueHeads,
    headWidth,
    qkv,
    dOut: values(rows * heads * headWidth, 2),
    table: angles(rows, headWidth),
  };
}

type Inputs = ReturnType<typeof inputs>;

/** [positions, C/2, 2]: cosine and sine of position · 10000^(−2i/C). */
function angles(positions: number, headWidth: number): Float32Array {
  const half = headWidth / 2;
  return Float32Array.from({ length: positions * headWidth }, (_, index) => {
    const [position, i] = [Math.floor(index / headWidth), (index % headWidth) >> 1];
    const angle = position * 10000 ** (-i / half);
    return index % 2 === 0 ? Math.cos(angle) : Math.sin(angle);
  });
}

/** Queries and keys rotated as complex numbers x[i] + i·x[i + C/2]. */
function rotated(x: ArrayLike<number>, { rows, heads, keyValueHeads, headWidth, segments, table }: Inputs) {
  const y = Float64Array.from(x);
  const [half, width] = [headWidth / 2, heads + 2 * keyValueHeads];
  for (let pair = 0; pair < rows * width * half; pair++) {
    const [row, head, i] = [Math.floor(pair / half / width), Math.floor(pair / half) % width, pair % half];
    if (head >= heads + keyValueHeads) continue;
    const at = (row * width + head) * headWidth + i;
    const [re, im] = [x[at]!, x[at + half]!];
    const angle = segments[row * 4]! * half + i;
    const [cosine, sine] = [table[2 * angle]!, table[2 * angle + 1]!];
    y[at] = re * cosine - im * sine;
    y[at + half] = re * sine + im * cosine;
  }
  return y;
}

/** Runs both ways on the GPU. */
async function onGpu(gpu: Gpu, { pairs, rows, heads, keyValueHeads, headWidth, ...data }: Inputs) {
  const shape = { pairs, rows, heads, keyValueHeads, headWidth };
  const qkv = upload(gpu, data.qkv);
  const segments = upload(gpu, data.segments);
  const readers = upload(gpu, data.readers);
  const dOut = upload(gpu, data.dOut);
  const table = upload(gpu, data.table);
  // Whatever a kernel fails to write stays visible.
  const nothing = (count: number) => upload(gpu, new Float32Array(count).fill(Number.NaN));
  const out = nothing(data.dOut.length);
  const lse = nothing(rows * heads);
  const delta = nothing(rows * heads);
  const dQkv = nothing(data.qkv.length);
  attention(gpu, { ...shape, qkv, segments, out, lse });
  attentionBackward(gpu, { ...shape, qkv, segments, readers, out, lse, dOut, table, delta, dQkv });
  const read = await gpu.read(out, lse, dQkv);
  gpu.free(qkv, segments, readers, dOut, table, out, lse, delta, dQkv);
  const [outValues, lseValues, gradient] = read.map((bytes) => new Float32Array(bytes));
  return { out: outValues!, lse: lseValues!, dQkv: gradient! };
}

describe('packed segments', () => {
  /** Group, sequence (null: the prompt) and position of every row. */
  function rowsOf(groups: readonly SegmentGroup[]) {
    return groups.flatMap(({ prompt, completions }, group) => [
      ...Array.from({ length: prompt }, (_, position) => ({ group, sequence: -1, position })),
      ...completions.flatMap((length, sequence) =>
        Array.from({ length }, (_, i) => ({ group, sequence, position: prompt + i })),
      ),
    ]);
  }

  const lists: readonly (readonly SegmentGroup[])[] = [
    [],
    ...cases.map(({ groups }) => groups),
    [{ prompt: 3, completions: [0, 2, 0] }, alone(0), { prompt: 0, completions: [2, 3] }],
  ];
  it.each(lists.map((groups) => [JSON.stringify(groups), groups] as const))(
    'let a row see its sequence up to itself: %s',
    (_, groups) => {
      const rows = rowsOf(groups);
      const { segments, readers, pairs, rows: count } = packSegments(groups);
      expect([count, segments.length, readers.length]).toEqual([
        rows.length,
        4 * rows.length,
        4 * rows.length,
      ]);
      const pairsOf = (sees: (row: number, other: number) => number) =>
        rows.map((_, row) => rows.map((_, other) => sees(row, other)));
      const may = pairsOf((row, other) => {
        const [a, b] = [rows[row]!, rows[other]!];
        const ofSequence = a.group === b.group && (b.sequence === a.sequence || b.sequence === -1);
        return ofSequence && b.position <= a.position ? 1 : 0;
      });
      const within = (row: number, start: number, end: number) => (row >= start && row < end ? 1 : 0);
      const attended = pairsOf((row, other) => {
        const [, ownStart, prefixStart, prefixEnd] = segments.subarray(4 * row, 4 * row + 4);
        return within(other, prefixStart!, prefixEnd!) + within(other, ownStart!, row + 1);
      });
      const readBy = pairsOf((row, other) => {
        const [ownEnd, childrenStart, childrenEnd] = readers.subarray(4 * other, 4 * other + 3);
        return within(row, other, ownEnd!) + within(row, childrenStart!, childrenEnd!);
      });
      expect(rows.map((_, row) => segments[4 * row])).toEqual(rows.map(({ position }) => position));
      expect(attended).toEqual(may);
      expect(readBy).toEqual(may);
      expect(pairs).toBe(may.flat().filter((sees) => sees === 1).length);
    },
  );
});

describe('the reference of attention', () => {
  it('is the mean of the values where all logits are equal', () => {
    // One head of width 4: query and keys 0, so each row has the mean of the values so far.
    const { segments } = packSegments([{ prompt: 2, completions: [1, 1] }]);
    const qkv = new Float64Array(4 * 12);
    [1, 3, 5, 8].forEach((value, row) => {
      qkv[row * 12 + 8] = value;
    });
    const call = { qkv, segments, rows: 4, heads: 1, keyValueHeads: 1, headWidth: 4 };
    const { out, lse } = attentionReference(call);
    // (1), (1 + 3)/2, (1 + 3 + 5)/3, (1 + 3 + 8)/3
    expectClose([out[0]!, out[4]!, out[8]!, out[12]!], [1, 2, 3, 4], 1e-15);
    expectClose(lse, [0, Math.log(2), Math.log(3), Math.log(3)], 1e-15);
  });

  const small = cases.filter(({ groups }) => packSegments(groups).rows <= 13);
  it.each(small)('has the gradient of its forward, rotation included: $what', (given) => {
    const call = inputs(given);
    const forward = (x: Float64Array) => attentionReference({ ...call, qkv: rotated(x, call) }).out;
    const gradient = attentionBackwardReference({ ...call, qkv: rotated(call.qkv, call) });
    // The table is float32, so its pairs are unit vectors to 1e-7 only, on both sides alike.
    expectClose(gradient, centralDifferences(forward, call.qkv, call.dOut), 1e-8);
  });
});

describeOnGpu('attention', (gpu) => {
  it.each(cases)(
    'agrees with the reference: $what',
    async (given) => {
      const call = inputs(given);
      const actual = await onGpu(gpu(), call);
      const { out, lse } = attentionReference(call);
      expectClose(actual.out, out, 1e-5, 'out');
      expectClose(actual.lse, lse, 1e-6, 'lse');
      expectClose(actual.dQkv, attentionBackwardReference(call), 1e-5, 'dQkv');
    },
    60_000,
  );

  it('is bit-equal when repeated', async () => {
    const call = inputs(cases.find(({ what }) => what === 'groups over several tiles')!);
    expect(await onGpu(gpu(), call)).toEqual(await onGpu(gpu(), call));
  });

  it('shows a key that is not a number in all rows that attend to it and in no other', async () => {
    // Two sequences of 40 rows; the NaN is a key of row 45.
    const given = { what: '', groups: [alone(40), alone(40)], heads: 1, keyValueHeads: 1, headWidth: 8 };
    const call = inputs(given);
    call.qkv[45 * 24 + 8] = Number.NaN;
    const { out } = await onGpu(gpu(), call);
    const broken = Array.from({ length: 80 }, (_, row) => Number.isNaN(out[row * 8]!));
    expect(broken).toEqual(Array.from({ length: 80 }, (_, row) => row >= 45));
  });

  it('reads nothing behind the last row', async () => {
    const call = inputs({ what: '', groups: [alone(5)], heads: 1, keyValueHeads: 1, headWidth: 8 });
    const whole = new Float32Array(64 * 24).fill(Number.NaN);
    whole.set(call.qkv);
    const buffer = upload(gpu(), whole);
    const segments = upload(gpu(), call.segments);
    const [out, lse] = [gpu().allocate(40), gpu().allocate(5)];
    attention(gpu(), { ...call, qkv: partOf(buffer, 0, 64 * 24), segments, out, lse });
    expectClose(await gpu().readFloats(out), attentionReference(call).out, 1e-5);
    gpu().free(buffer, segments, out, lse);
  });
});
