/**
 * Which variant of a kernel suits the device: measured at start, or a guess. Variants do not give the
 * same bits, so a run that is to go on bit for bit keeps its `Tuning`, a plain record.
 */
import type { Gpu, View } from '../gpu';
import type { DecodeAttentionVariant } from './decode-attention';
import {
  DECODE_LINEAR_VARIANTS,
  type DecodeLinearCall,
  type DecodeLinearVariant,
  decodeLinear,
} from './decode-linear';
import { type Layout, MATMUL_VARIANTS, type MatmulCall, type MatmulVariant, matmul } from './matmul';
import { broadcastLanes } from './subgroups';

type MatmulShape = Pick<MatmulCall, 'layout' | 'm' | 'n' | 'k'>;
type DecodeLinearShape = Pick<DecodeLinearCall, 'rows' | 'inputs' | 'outputs'>;

/** JSON. Small: few tiles of 64 × 64, too few to fill a GPU. Few: at most 8 rows. */
export interface Tuning {
  /** Another one since `registers` sums in another order on CPU rasterisers. */
  readonly version: 2;
  readonly matmul: Readonly<Record<Layout, Readonly<Record<'small' | 'large', MatmulVariant>>>>;
  readonly decodeLinear: Readonly<Record<'one' | 'few' | 'many', DecodeLinearVariant>>;
  /** Guessed from the kind of device, not measured. */
  readonly decodeAttention: DecodeAttentionVariant;
  /** Of products in training. */
  readonly multiplyAddsPerSecond: number;
}

export interface TuningShapes {
  readonly matmul: readonly MatmulShape[];
  readonly decodeLinear: readonly DecodeLinearShape[];
}

/** A guess without measuring. `software`: the adapter is a CPU rasteriser. */
export function defaultTuning({ software }: { readonly software: boolean }): Tuning {
  const matmuls: Record<'small' | 'large', MatmulVariant> = software
    ? { small: 'broadcast', large: 'broadcast' }
    : { small: 'tiles-32', large: 'tiles-64' };
  return {
    version: 2,
    matmul: { nt: matmuls, nn: matmuls, tn: matmuls },
    decodeLinear: software
      ? { one: 'broadcast', few: 'broadcast', many: 'broadcast' }
      : { one: 'split', few: 'split', many: 'tiles-32' },
    decodeAttention: software ? 'narrow' : 'wide',
    multiplyAddsPerSecond: software ? 2e9 : 5e11,
  };
}

/** For the `variant` of a call of that shape. */
export function variantFor(tuning: Tuning, call: MatmulShape): MatmulVariant;
export function variantFor(tuning: Tuning, call: DecodeLinearShape): DecodeLinearVariant;
export function variantFor(
  tuning: Tuning,
  call: MatmulShape | DecodeLinearShape,
): MatmulVariant | DecodeLinearVariant {
  return 'layout' in call ? tuning.matmul[call.layout][sizeOf(call)] : tuning.decodeLinear[rowsClassOf(call)];
}

function sizeOf({ m, n }: MatmulShape): 'small' | 'large' {
  return Math.ceil(m / 64) * Math.ceil(n / 64) < 64 ? 'small' : 'large';
}

function rowsClassOf({ rows }: DecodeLinearShape): 'one' | 'few' | 'many' {
  if (rows === 1) return 'one';
  return rows <= 8 ? 'few' : 'many';
}

/** Nothing new is begun after it; what was not measured by then stays as guessed. */
const BUDGET_MS = 1000;
/** Of a dispatch that is measured; a longer product is cut along the rows of its batch. */
const MAX_MULTIPLY_ADDS = 1e8;
/** One measurement, of as many dispatches as that takes. */
const SAMPLE_MS = 4;
const MAX_DISPATCHES = 32;
const SAMPLES = 3;

/** One of the shapes, ready to run in each variant. */
interface Contest<Variant extends string> {
  /** Contests of a class are decided together. */
  readonly name: string;
  readonly variants: readonly Variant[];
  readonly multiplyAdds: number;
  /** Values of the operands and the result. */
  readonly sizes: readonly [number, number, number];
  run(variant: Variant, views: readonly [View, View, View]): void;
}

/** Measures on the shapes that a run will have. `clock` tells milliseconds. */
export async function tuneKernels(gpu: Gpu, shapes: TuningShapes, clock: () => number): Promise<Tuning> {
  const end = clock() + BUDGET_MS;
  const guess = defaultTuning({ software: false });
  const products = await decide(
    gpu,
    shapes.matmul.map((shape) => matmulContest(gpu, shape)),
    clock,
    end,
  );
  const decoding = await decide(
    gpu,
    shapes.decodeLinear.map((shape) => decodeContest(gpu, shape)),
    clock,
    end,
  );
  const layout = (name: Layout) => ({
    small: products.best.get(`${name}-small`) ?? guess.matmul[name].small,
    large: products.best.get(`${name}-large`) ?? guess.matmul[name].large,
  });
  return {
    version: 2,
    matmul: { nt: layout('nt'), nn: layout('nn'), tn: layout('tn') },
    decodeLinear: {
      one: decoding.best.get('one') ?? guess.decodeLinear.one,
      few: decoding.best.get('few') ?? guess.decodeLinear.few,
      many: decoding.best.get('many') ?? guess.decodeLinear.many,
    },
    decodeAttention: guess.decodeAttention,
    multiplyAddsPerSecond: products.multiplyAddsPerSecond ?? guess.multiplyAddsPerSecond,
  };
}

/** Where the device's subgroups do not suit, `broadcast` is another name of `registers`. */
function variantsOn<Variant extends string>(gpu: Gpu, variants: readonly Variant[]): readonly Variant[] {
  return broadcastLanes(gpu) === null ? variants.filter((variant) => variant !== 'broadcast') : variants;
}

function matmulContest(gpu: Gpu, whole: MatmulShape): Contest<MatmulVariant> {
  const batch = whole.layout === 'tn' ? 'k' : 'm';
  const most = Math.floor((MAX_MULTIPLY_ADDS * whole[batch]) / (whole.m * whole.n * whole.k) / 4) * 4;
  const shape = { ...whole, [batch]: Math.min(whole[batch], Math.max(4, most)) };
  const { layout, m, n, k } = shape;
  const strides = {
    aStride: roundUp(layout === 'tn' ? m : k),
    bStride: roundUp(layout === 'nt' ? k : n),
    outStride: roundUp(n),
  };
  return {
    name: `${layout}-${sizeOf(whole)}`,
    variants: variantsOn(gpu, MATMUL_VARIANTS),
    multiplyAdds: m * n * k,
    sizes: [
      (layout === 'tn' ? k : m) * strides.aStride,
      (layout === 'nt' ? n : k) * strides.bStride,
      m * strides.outStride,
    ],
    run: (variant, [a, b, out]) => matmul(gpu, { ...shape, ...strides, a, b, out, variant }),
  };
}

function decodeContest(gpu: Gpu, shape: DecodeLinearShape): Contest<DecodeLinearVariant> {
  const { rows, inputs } = shape;
  const outputs = Math.min(shape.outputs, Math.max(4, Math.floor(MAX_MULTIPLY_ADDS / (rows * inputs))));
  const yStride = roundUp(outputs);
  return {
    name: rowsClassOf(shape),
    variants: variantsOn(gpu, DECODE_LINEAR_VARIANTS),
    multiplyAdds: rows * inputs * outputs,
    sizes: [rows * inputs, outputs * inputs, rows * yStride],
    run: (variant, [x, weight, y]) =>
      decodeLinear(gpu, { rows, inputs, outputs, x, weight, y, yStride, variant }),
  };
}

interface Decision<Variant extends string> {
  /** By the contests' names. */
  readonly best: ReadonlyMap<string, Variant>;
  /** Of the best variants; undefined where nothing was measured. */
  readonly multiplyAddsPerSecond: number | undefined;
}

/** The variant with the least time over all contests of a name. */
async function decide<Variant extends string>(
  gpu: Gpu,
  contests: readonly Contest<Variant>[],
  clock: () => number,
  end: number,
): Promise<Decision<Variant>> {
  const times = new Map<string, Map<Variant, number>>();
  const work = new Map<string, number>();
  for (const contest of contests) {
    const measured = await measure(gpu, contest, clock, end);
    if (measured === null) break;
    const sums = times.get(contest.name) ?? new Map<Variant, number>();
    for (const [variant, elapsedMs] of measured) sums.set(variant, (sums.get(variant) ?? 0) + elapsedMs);
    times.set(contest.name, sums);
    work.set(contest.name, (work.get(contest.name) ?? 0) + contest.multiplyAdds);
  }
  const best = new Map<string, Variant>();
  let [multiplyAdds, totalMs] = [0, 0];
  for (const [name, sums] of times) {
    const [variant, elapsedMs] = [...sums].reduce((least, each) => (each[1] < least[1] ? each : least));
    best.set(name, variant);
    multiplyAdds += work.get(name)!;
    totalMs += elapsedMs;
  }
  return { best, multiplyAddsPerSecond: totalMs > 0 ? (1000 * multiplyAdds) / totalMs : undefined };
}

/** Milliseconds of one dispatch by variant; null where the time was up before all of them had run. */
async function measure<Variant extends string>(
  gpu: Gpu,
  contest: Contest<Variant>,
  clock: () => number,
  end: number,
): Promise<Map<Variant, number> | null> {
  const times = new Map<Variant, number>();
  const [a, b, out] = contest.sizes.map((values) => gpu.allocate(values, 'tuning')) as [View, View, View];
  const elapsed = async (variant: Variant, dispatches: number) => {
    const start = clock();
    for (let i = 0; i < dispatches; i++) contest.run(variant, [a, b, out]);
    await gpu.done();
    return (clock() - start) / dispatches;
  };
  try {
    for (const variant of contest.variants) {
      if (clock() >= end) return null;
      await elapsed(variant, 1); // compiles
      const first = await elapsed(variant, 1);
      const dispatches = Math.max(1, Math.min(MAX_DISPATCHES, Math.ceil(SAMPLE_MS / Math.max(first, 1e-3))));
      const samples: number[] = [];
      while (samples.length < SAMPLES && (samples.length === 0 || clock() < end))
        samples.push(await elapsed(variant, dispatches));
      samples.sort((x, y) => x - y);
      times.set(variant, samples[Math.floor((samples.length - 1) / 2)]!);
    }
    return times;
  } finally {
    gpu.free(a, b, out);
  }
}

function roundUp(values: number): number {
  return Math.ceil(values / 4) * 4;
}
