/** The linear layer of one token per sequence in plain loops; y is dense. */

type Floats = Float32Array | Float64Array;

export interface ReferenceLinear {
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly x: Floats;
  readonly weight: Floats;
  readonly norm?: { readonly weight: Floats; readonly epsilon: number };
  readonly bias?: Floats;
  readonly residual?: Floats;
  readonly gated?: boolean;
}

export function decodeLinear(layer: ReferenceLinear): Float64Array {
  const { rows, inputs, outputs, x, weight, norm, bias, residual, gated } = layer;
  const y = new Float64Array(rows * outputs);
  for (let row = 0; row < rows; row++) {
    const input = Float64Array.from(x.subarray(row * inputs, (row + 1) * inputs));
    if (norm !== undefined) {
      let squares = 0;
      for (const value of input) squares += value * value;
      const inverse = 1 / Math.sqrt(squares / inputs + norm.epsilon);
      for (let i = 0; i < inputs; i++) input[i] = input[i]! * inverse * norm.weight[i]!;
    }
    const product = (output: number) => {
      let sum = 0;
      for (let i = 0; i < inputs; i++) sum += input[i]! * weight[output * inputs + i]!;
      return sum;
    };
    for (let output = 0; output < outputs; output++) {
      const sum = product(output);
      const value = gated
        ? (sum / (1 + Math.exp(-sum))) * product(outputs + output)
        : sum + (bias?.[output] ?? 0);
      y[row * outputs + output] = value + (residual?.[row * outputs + output] ?? 0);
    }
  }
  return y;
}
