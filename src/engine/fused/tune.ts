/** The shapes on which the variants of the kernels compete, for one model. */

import * as v from 'valibot';
import { DECODE_ATTENTION_VARIANTS } from '../kernels/decode-attention';
import { DECODE_LINEAR_VARIANTS } from '../kernels/decode-linear';
import { MATMUL_VARIANTS } from '../kernels/matmul';
import { type Tuning, type TuningShapes, tuneKernels } from '../kernels/tuning';
import type { PolicyConfig } from '../policy';
import type { FusedDevice } from './device';
import { dimensionsOf } from './weights';

/** Tokens of a micro-batch, as an example. */
const ROWS = 512;
/** Rows that decode together: one, a few, and a batch of groups. */
const SLOTS = [1, 8, 32] as const;

/** Measures about a second on the device and lets it use what was fastest. `clock` tells milliseconds. */
export async function tuneFor(
  device: FusedDevice,
  config: PolicyConfig,
  clock: () => number,
): Promise<Tuning> {
  device.tuning = await tuneKernels(device.gpu, shapesOf(config), clock);
  return device.tuning;
}

const matmulVariant = v.picklist(MATMUL_VARIANTS);
const bySize = v.object({ small: matmulVariant, large: matmulVariant });
const decodeVariant = v.picklist(DECODE_LINEAR_VARIANTS);
const tuningSchema = v.object({
  version: v.literal(2),
  matmul: v.object({ nt: bySize, nn: bySize, tn: bySize }),
  decodeLinear: v.object({ one: decodeVariant, few: decodeVariant, many: decodeVariant }),
  decodeAttention: v.picklist(DECODE_ATTENTION_VARIANTS),
  multiplyAddsPerSecond: v.pipe(v.number(), v.finite(), v.gtValue(0)),
});

/** A choice of kernels as it is kept with what depends on it in its last bits. */
export interface StoredTuning {
  /** On which it was made. */
  readonly adapter: string;
  /** A `Tuning`, of this build or another. */
  readonly tuning?: unknown;
}

/** The stored choice; null where it was made on another adapter, or is none that this build knows. */
export function readTuning(stored: StoredTuning | undefined, adapter: string): Tuning | null {
  if (stored?.adapter !== adapter) return null;
  const parsed = v.safeParse(tuningSchema, stored.tuning);
  return parsed.success ? parsed.output : null;
}

function shapesOf(config: PolicyConfig): TuningShapes {
  const { width, mlpWidth, qkvWidth, queryWidth } = dimensionsOf(config);
  /** [inputs, outputs] of a layer's products. */
  const linears = [
    [width, qkvWidth],
    [queryWidth, width],
    [width, 2 * mlpWidth],
    [mlpWidth, width],
  ] as const;
  return {
    matmul: linears.flatMap(([inputs, outputs]) => [
      { layout: 'nt' as const, m: ROWS, n: outputs, k: inputs },
      { layout: 'nn' as const, m: ROWS, n: inputs, k: outputs },
      { layout: 'tn' as const, m: outputs, n: inputs, k: ROWS },
    ]),
    decodeLinear: SLOTS.flatMap((rows) => linears.map(([inputs, outputs]) => ({ rows, inputs, outputs }))),
  };
}
