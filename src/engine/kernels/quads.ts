/** Kernels read rows as vec4, so the width of a row is counted in fours. */
import { StudioError } from '../../protocol/errors';

/** vec4 in `width` values; throws `internal` where a row is not a whole number of them. */
export function quadsOf(width: number): number {
  if (width > 0 && width % 4 === 0) return width / 4;
  throw new StudioError({
    boundary: 'internal',
    code: 'kernel-shape',
    message: `internal: expected a width that is a multiple of 4, received ${width}.`,
  });
}
