/**
 * Matrix products of training and scoring, with what comes before and after them in a layer folded in:
 *
 *   out (+)= scale · a·b + bias + residual        (one dispatch)
 *
 * where RMSNorm may be folded into the operand that is the layer's input x: into `a` of the forward
 * product (nt), into `b` of the weight's gradient (tn).
 */
import { StudioError } from '../../../protocol/errors';
import type { Gpu, View } from '../../gpu';
import { broadcastLanes } from '../subgroups';
import { broadcastProduct } from './broadcast';
import type { Layout, Operand, Product } from './product';
import { registerProduct } from './registers';
import { tileProduct } from './tiles';

export type { Layout } from './product';

/**
 * Ways to compute the same product, not to the same bits. `registers`: runs everywhere, without workgroup
 * memory, the default; `broadcast`: the lanes of a small subgroup share their loads, the best on a CPU
 * where the device has such subgroups, else as `registers`; `wide`: registers with as many lanes as a GPU
 * likes; `tiles-…`: squares of that many values in workgroup memory.
 */
export const MATMUL_VARIANTS = ['registers', 'broadcast', 'wide', 'tiles-32', 'tiles-64'] as const;
export type MatmulVariant = (typeof MATMUL_VARIANTS)[number];

export interface MatmulCall {
  readonly layout: Layout;
  readonly m: number;
  /** A multiple of 4 but for nt. */
  readonly n: number;
  /** A multiple of 4 for nt. */
  readonly k: number;
  /** nt, nn: [m, k]; tn: [k, m]. */
  readonly a: View;
  /** nt: [n, k]; nn, tn: [k, n]. */
  readonly b: View;
  /**
   * [m, n]. Where n is no multiple of 4, the rest of the last four values of a row may be overwritten
   * with anything.
   */
  readonly out: View;
  /** Values from row to row, multiples of 4; dense unless told. A row's last four values lie in the view. */
  readonly aStride?: number;
  readonly bStride?: number;
  readonly outStride?: number;
  /** Values before the first row, multiples of 4: a block of rows or columns inside the view. */
  readonly aOffset?: number;
  readonly bOffset?: number;
  readonly outOffset?: number;
  /** Of the product, 1 unless told. */
  readonly scale?: number;
  /** [n]. */
  readonly bias?: View;
  /** [m, n] with the stride and offset of out; another view than out. */
  readonly residual?: View;
  /** Adds to what out holds. */
  readonly accumulate?: boolean;
  /** nt: a stands for RMSNorm(a), a ∘ weight [k] ∘ inverse [m]. */
  readonly normA?: { readonly weight: View; readonly inverse: View };
  /** tn: b stands for RMSNorm(b), b ∘ weight [n] ∘ inverse [k]. */
  readonly normB?: { readonly weight: View; readonly inverse: View };
  /** What suits the device (`tuning.ts`); `registers` unless told. */
  readonly variant?: MatmulVariant;
}

export function matmul(gpu: Gpu, call: MatmulCall): void {
  runVariant(gpu, productOf(call), call.variant ?? 'registers');
}

export function runVariant(gpu: Gpu, product: Product, variant: MatmulVariant): void {
  VARIANTS[variant](gpu, product);
}

const VARIANTS: Record<MatmulVariant, (gpu: Gpu, product: Product) => void> = {
  registers: inRegisters,
  broadcast: (gpu, product) => {
    const lanes = broadcastLanes(gpu);
    if (lanes === null) inRegisters(gpu, product);
    else broadcastProduct(gpu, product, lanes);
  },
  wide: (gpu, product) => registerProduct(gpu, product, { rows: 4, lanes: 64 }),
  'tiles-32': (gpu, product) => tileProduct(gpu, product, 8),
  'tiles-64': (gpu, product) => tileProduct(gpu, product, 16),
};

function inRegisters(gpu: Gpu, product: Product): void {
  registerProduct(gpu, product, { rows: product.layout === 'tn' ? 8 : 4, lanes: 8 });
}

function productOf(call: MatmulCall): Product {
  const { layout, m, n, k, normA, normB } = call;
  if (normA && layout !== 'nt') throw internal(`normA in the layout ${layout}`);
  if (normB && layout !== 'tn') throw internal(`normB in the layout ${layout}`);
  if (layout === 'nt' ? k % 4 !== 0 : n % 4 !== 0) throw internal(`${layout} of ${m} × ${n} × ${k}`);
  const [aRows, aColumns] = layout === 'tn' ? [k, m] : [m, k];
  const [bRows, bColumns] = layout === 'nt' ? [n, k] : [k, n];
  const norm = normA ?? normB;
  return {
    layout,
    m,
    n,
    k,
    a: operand('a', call.a, aRows, aColumns, call.aStride, call.aOffset),
    b: operand('b', call.b, bRows, bColumns, call.bStride, call.bOffset),
    out: operand('out', call.out, m, n, call.outStride, call.outOffset),
    scale: call.scale ?? 1,
    norm: norm && { kind: 'given', ...norm },
    bias: call.bias,
    residual: call.residual,
    accumulate: call.accumulate ?? false,
    gated: false,
  };
}

/** Checks that whole vec4s can be read along the rows. */
export function operand(
  name: string,
  view: View,
  rows: number,
  columns: number,
  stride = columns,
  offset = 0,
): Operand {
  const width = Math.ceil(columns / 4) * 4;
  const values = offset + (rows - 1) * stride + width;
  if (stride % 4 !== 0 || offset % 4 !== 0 || stride < columns || view.size < values * 4)
    throw internal(
      `${name} of ${rows} × ${columns} with stride ${stride} and offset ${offset} in ${view.size / 4} values`,
    );
  return { view, stride, offset };
}

function internal(what: string): StudioError {
  return new StudioError({ boundary: 'internal', code: 'matmul-call', message: `internal: ${what}.` });
}
