/**
 * A linear layer on few rows: one token of each sequence while completions are sampled. What comes
 * before and after it is folded in: RMSNorm of the input, bias, residual, the gate of SwiGLU.
 *
 *   y = RMSNorm(x) · Wᵀ + bias + residual,   or   y = silu(RMSNorm(x) · Gᵀ) ∘ (RMSNorm(x) · Uᵀ) + residual
 */
import { StudioError } from '../../../protocol/errors';
import type { Gpu, View } from '../../gpu';
import { operand, runVariant } from '../matmul';
import type { Product } from '../matmul/product';
import { registerProduct } from '../matmul/registers';
import { splitProduct } from './split';

/**
 * Ways to compute it, not to the same bits. `split`: the lanes of a workgroup share a sum; the others as of
 * matmul, the tiles for many rows.
 */
export const DECODE_LINEAR_VARIANTS = ['registers', 'broadcast', 'split', 'tiles-32', 'tiles-64'] as const;
export type DecodeLinearVariant = (typeof DECODE_LINEAR_VARIANTS)[number];

export interface DecodeLinearCall {
  readonly rows: number;
  /** A multiple of 4. */
  readonly inputs: number;
  /** A multiple of 4 unless `yStride` is given. */
  readonly outputs: number;
  /** [rows, inputs]. */
  readonly x: View;
  /** [outputs, inputs]; gated: [2·outputs, inputs], gate rows, then up rows. */
  readonly weight: View;
  /** [rows, outputs]. */
  readonly y: View;
  /**
   * Values from row to row of y, a multiple of 4; outputs unless told. The values between rows may be
   * overwritten up to the next multiple of 4.
   */
  readonly yStride?: number;
  /** RMSNorm of x, weight [inputs]. */
  readonly norm?: { readonly weight: View; readonly epsilon: number };
  /** [outputs]; not with `gated`. */
  readonly bias?: View;
  /** As y, another view than y. */
  readonly residual?: View;
  readonly gated?: boolean;
  /** What suits the device (`tuning.ts`); `registers` unless told. */
  readonly variant?: DecodeLinearVariant;
}

export function decodeLinear(gpu: Gpu, call: DecodeLinearCall): void {
  const product = productOf(call);
  const variant = call.variant ?? 'registers';
  // With a norm or a gate the loop is long, and 2 rows per lane were faster on lavapipe than 4 or 8.
  const long = call.norm !== undefined || call.gated === true;
  if (variant === 'split') splitProduct(gpu, product);
  else if (variant === 'registers' && (long || call.rows <= 2))
    registerProduct(gpu, product, { rows: Math.min(2, call.rows), lanes: 8 });
  else runVariant(gpu, product, variant);
}

function productOf(call: DecodeLinearCall): Product {
  const { rows, inputs, outputs, x, weight, y, yStride, norm, bias, residual, gated = false } = call;
  if (inputs % 4 !== 0) throw internal(`${inputs} inputs`);
  if (gated && bias) throw internal('a gated layer with a bias');
  return {
    layout: 'nt',
    m: rows,
    n: outputs,
    k: inputs,
    a: operand('x', x, rows, inputs),
    b: operand('weight', weight, gated ? 2 * outputs : outputs, inputs),
    out: operand('y', y, rows, outputs, yStride),
    scale: 1,
    norm: norm && { kind: 'computed', ...norm },
    bias,
    residual,
    accumulate: false,
    gated,
  };
}

function internal(what: string): StudioError {
  return new StudioError({ boundary: 'internal', code: 'decode-linear-call', message: `internal: ${what}.` });
}
