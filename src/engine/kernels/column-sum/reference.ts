/** Sums down the columns of a matrix, in float64. */

/** x [rows, width] → [width], added to `before` where it is given. */
export function columnSum(
  x: ArrayLike<number>,
  { rows, width }: { readonly rows: number; readonly width: number },
  before?: ArrayLike<number>,
): Float64Array {
  return Float64Array.from({ length: width }, (_, column) => {
    let sum = before?.[column] ?? 0;
    for (let row = 0; row < rows; row++) sum += x[row * width + column]!;
    return sum;
  });
}
