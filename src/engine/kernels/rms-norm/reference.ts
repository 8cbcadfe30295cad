/** RMSNorm (arXiv 1910.07467, equation 4, with ε as Llama adds it) and its gradients, in float64. */

interface Shape {
  readonly rows: number;
  readonly width: number;
}

/** 1 / √(mean x² + ε) of each row: x [rows, width] → [rows] */
export function rmsInverse(x: ArrayLike<number>, { rows, width }: Shape, epsilon: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => {
    let squares = 0;
    for (let j = 0; j < width; j++) squares += x[row * width + j]! ** 2;
    return 1 / Math.sqrt(squares / width + epsilon);
  });
}

/** x [rows, width], weight [width] → y [rows, width] */
export function rmsNorm(
  x: ArrayLike<number>,
  weight: ArrayLike<number>,
  shape: Shape,
  epsilon: number,
): Float64Array {
  const inverse = rmsInverse(x, shape, epsilon);
  return Float64Array.from(x, (value, at) => {
    const [row, column] = [Math.floor(at / shape.width), at % shape.width];
    return value * inverse[row]! * weight[column]!;
  });
}

/**
 * The gradient of x, [rows, width]. With r = (Σx²/n + ε)^−½, ∂r/∂x_j = −r³·x_j/n, so
 * dx_j = r·w_j·dy_j − r³·x_j/n · Σ_k dy_k·w_k·x_k.
 */
export function rmsNormBackward(
  dy: ArrayLike<number>,
  x: ArrayLike<number>,
  weight: ArrayLike<number>,
  inverse: ArrayLike<number>,
  { rows, width }: Shape,
): Float64Array {
  const dx = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const r = inverse[row]!;
    let products = 0;
    for (let k = 0; k < width; k++) products += dy[row * width + k]! * weight[k]! * x[row * width + k]!;
    for (let j = 0; j < width; j++) {
      const at = row * width + j;
      dx[at] = r * weight[j]! * dy[at]! - ((r ** 3 * x[at]!) / width) * products;
    }
  }
  return dx;
}

/** The gradient of the weight, [width]. */
export function rmsNormWeightGradient(
  dy: ArrayLike<number>,
  x: ArrayLike<number>,
  inverse: ArrayLike<number>,
  { rows, width }: Shape,
): Float64Array {
  const dWeight = new Float64Array(width);
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < width; j++) {
      dWeight[j]! += dy[row * width + j]! * x[row * width + j]! * inverse[row]!;
    }
  }
  return dWeight;
}

/** The rows of x [·, width] that `index` [count] names: [count, width] */
export function chooseRows(x: ArrayLike<number>, index: ArrayLike<number>, width: number): Float64Array {
  const chosen = new Float64Array(index.length * width);
  for (let m = 0; m < index.length; m++) {
    for (let j = 0; j < width; j++) chosen[m * width + j] = x[index[m]! * width + j]!;
  }
  return chosen;
}

/** The gradient of `chooseRows`: [count, width] → [rows, width], 0 where no row was chosen. */
export function chooseRowsBackward(
  dChosen: ArrayLike<number>,
  index: ArrayLike<number>,
  { rows, width }: Shape,
): Float64Array {
  const dx = new Float64Array(rows * width);
  for (let m = 0; m < index.length; m++) {
    for (let j = 0; j < width; j++) dx[index[m]! * width + j]! += dChosen[m * width + j]!;
  }
  return dx;
}
