/** Rotary position embeddings in the half-split order (arXiv 2104.09864), and back, in float64. */

export interface RopeShape {
  /** Rotated, from column 0 on. */
  readonly heads: number;
  readonly headWidth: number;
  readonly stride: number;
}

/** (cos, sin) of position · frequency: [positions, frequencies, 2] */
export function rotationTable(positions: number, frequencies: ArrayLike<number>): Float64Array {
  const pairs = frequencies.length;
  return Float64Array.from({ length: positions * pairs * 2 }, (_, at) => {
    const angle = Math.floor(at / (2 * pairs)) * frequencies[Math.floor(at / 2) % pairs]!;
    return at % 2 === 0 ? Math.cos(angle) : Math.sin(angle);
  });
}

/**
 * qkv [rows, stride], rotated to each row's position: [rows, stride]. `direction` −1 turns back: the
 * inverse and, as rotations are orthogonal, the gradient.
 */
export function rope(
  qkv: ArrayLike<number>,
  table: ArrayLike<number>,
  positions: ArrayLike<number>,
  { heads, headWidth, stride }: RopeShape,
  direction: 1 | -1 = 1,
): Float64Array {
  const half = headWidth / 2;
  const turned = Float64Array.from(qkv);
  for (let row = 0; row < positions.length; row++) {
    for (let head = 0; head < heads; head++) {
      for (let pair = 0; pair < half; pair++) {
        const entry = 2 * (positions[row]! * half + pair);
        const [cos, sin] = [table[entry]!, direction * table[entry + 1]!];
        const at = row * stride + head * headWidth + pair;
        const [a, b] = [qkv[at]!, qkv[at + half]!];
        turned[at] = a * cos - b * sin;
        turned[at + half] = b * cos + a * sin;
      }
    }
  }
  return turned;
}
