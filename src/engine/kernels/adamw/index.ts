/**
 * AdamW in two dispatches: `sumOfSquares` of the gradient, once per flat buffer, and `adamw`, which
 * adds those up to the gradient's norm, clips by it and updates parameters and moments in place.
 * Semantics are `crpo/optimizer.ts`'s, which are torch's. A norm that is NaN or infinite (also where a
 * square overflows float32, from gradients of about 1e19 on) changes nothing; read `norm` to know.
 */
import { StudioError } from '../../../protocol/errors';
import type { Gpu, View } from '../../gpu';
import { ADAMW, LANES, SQUARES } from './webgpu';

/** Partial sums of one gradient buffer, all of them written whatever its size. */
export const PARTIALS = 256;

/** Values that a workgroup takes at least: short of them, what it does once for itself is the larger part. */
const VALUES_PER_WORKGROUP = 4 * 16 * LANES;
const MAX_WORKGROUPS = 1024;

export interface SumOfSquaresCall {
  /** [size] */
  readonly gradient: View;
  /** [PARTIALS · buffers] */
  readonly partial: View;
  /** Of this buffer's first partial sum, in values; default 0. */
  readonly partialOffset?: number;
  /** A multiple of 4. */
  readonly size: number;
}

/** partial[partialOffset … + PARTIALS) = parts of Σ gradient². */
export function sumOfSquares(gpu: Gpu, call: SumOfSquaresCall): void {
  const { gradient, partial, partialOffset = 0, size } = call;
  assertSize('sumOfSquares', size);
  const groups = Math.min(PARTIALS, Math.ceil(size / VALUES_PER_WORKGROUP));
  const uniforms = { vectors: size / 4, groups, partialOffset, partials: PARTIALS };
  const cost = { multiplyAdds: size, bytes: 4 * (size + PARTIALS) };
  gpu.run(SQUARES, { gradient, partial }, uniforms, groups, cost);
}

export interface AdamWCall {
  /** [size] each: parameters and moments change in place. */
  readonly parameters: View;
  readonly gradient: View;
  readonly m: View;
  readonly v: View;
  /** Of all gradients that count for the norm, every value written by `sumOfSquares`. */
  readonly partial: View;
  /** [1]: receives the L2 norm before clipping. */
  readonly norm: View;
  /** A multiple of 4. */
  readonly size: number;
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** 0 is off. */
  readonly maxGradNorm: number;
  /** 1-based number of this update. */
  readonly step: number;
}

export function adamw(gpu: Gpu, call: AdamWCall): void {
  const { parameters, gradient, m, v, partial, norm, size } = call;
  const { learningRate, beta1, beta2, epsilon, weightDecay, maxGradNorm, step } = call;
  assertSize('adamw', size);
  const groups = Math.min(MAX_WORKGROUPS, Math.ceil(size / VALUES_PER_WORKGROUP));
  const partials = partial.size / 4;
  gpu.run(
    ADAMW,
    { parameters, gradient, m, v, partial, norm },
    {
      vectors: size / 4,
      groups,
      partials,
      beta1,
      beta2,
      // Differences to 1 and corrections in float64: in float32 they would lose their last digits.
      share1: 1 - beta1,
      share2: 1 - beta2,
      decay: 1 - learningRate * weightDecay,
      rate: learningRate / (1 - beta1 ** step),
      inverseRoot: 1 / Math.sqrt(1 - beta2 ** step),
      epsilon,
      maxGradNorm,
    },
    groups,
    { multiplyAdds: 10 * size, bytes: 4 * (7 * size + groups * partials) },
  );
}

function assertSize(op: string, size: number): void {
  if (size > 0 && size % 4 === 0) return;
  throw new StudioError({
    boundary: 'internal',
    code: 'kernel-shape',
    message: `internal: ${op} of ${size} values; expected a positive multiple of 4.`,
  });
}
