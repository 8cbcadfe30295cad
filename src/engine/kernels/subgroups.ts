/** Kernels whose workgroup is one small subgroup that shares its loads: where the device can run them. */
import type { Gpu } from '../gpu';

/** CPU rasterisers have 4 or 8. GPUs have at least 16 and better ways. */
const MOST_LANES = 8;

/** The lanes of such a workgroup; null: the device has none. */
export function broadcastLanes({ subgroupSize }: Gpu): number | null {
  return subgroupSize !== null && subgroupSize <= MOST_LANES ? subgroupSize : null;
}
