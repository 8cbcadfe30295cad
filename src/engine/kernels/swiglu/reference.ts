/** SwiGLU (arXiv 2002.05202, equation 6, with Swish of β = 1) and its gradients, in float64. */

interface Shape {
  readonly rows: number;
  readonly width: number;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** gateUp [rows, 2·width] → hidden [rows, width] */
export function swiglu(gateUp: ArrayLike<number>, { rows, width }: Shape): Float64Array {
  const hidden = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < width; j++) {
      const gate = gateUp[row * 2 * width + j]!;
      const up = gateUp[row * 2 * width + width + j]!;
      hidden[row * width + j] = gate * sigmoid(gate) * up;
    }
  }
  return hidden;
}

/** The gradient of gateUp, [rows, 2·width]; d(x·σ(x))/dx = σ(x) + x·σ(x)·(1 − σ(x)). */
export function swigluBackward(
  dHidden: ArrayLike<number>,
  gateUp: ArrayLike<number>,
  { rows, width }: Shape,
): Float64Array {
  const gradient = new Float64Array(rows * 2 * width);
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < width; j++) {
      const [gateAt, upAt] = [row * 2 * width + j, row * 2 * width + width + j];
      const [gate, up, dy] = [gateUp[gateAt]!, gateUp[upAt]!, dHidden[row * width + j]!];
      const share = sigmoid(gate);
      gradient[gateAt] = dy * up * (share + gate * share * (1 - share));
      gradient[upAt] = dy * gate * share;
    }
  }
  return gradient;
}
