/** A table's rows by token, and the table's gradient, in float64. */

/** table [V, width], ids [rows] → [rows, width] */
export function embed(table: ArrayLike<number>, ids: ArrayLike<number>, width: number): Float64Array {
  return Float64Array.from({ length: ids.length * width }, (_, at) => {
    const id = ids[Math.floor(at / width)]!;
    return table[id * width + (at % width)]!;
  });
}

/** dy [rows, width], ids [rows] → the gradient of the table, `values` long. */
export function embedBackward(
  dy: ArrayLike<number>,
  ids: ArrayLike<number>,
  width: number,
  values: number,
): Float64Array {
  const gradient = new Float64Array(values);
  for (let row = 0; row < ids.length; row++) {
    for (let j = 0; j < width; j++) gradient[ids[row]! * width + j]! += dy[row * width + j]!;
  }
  return gradient;
}
