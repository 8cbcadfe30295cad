/** Matrix products in plain loops over rows laid one after the other; float64 where the arrays are. */
import type { Layout } from './product';

type Floats = Float32Array | Float64Array;

export interface ReferenceProduct {
  readonly layout: Layout;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: Floats;
  readonly b: Floats;
  readonly scale?: number;
  readonly bias?: Floats;
  readonly residual?: Floats;
  /** What out holds before, where the product is added to it. */
  readonly before?: Floats;
  readonly normA?: { readonly weight: Floats; readonly inverse: Floats };
  readonly normB?: { readonly weight: Floats; readonly inverse: Floats };
}

/** out [m, n], dense. */
export function matmul(product: ReferenceProduct): Float64Array {
  const { layout, m, n, k, a, b, scale = 1, bias, residual, before, normA, normB } = product;
  const out = new Float64Array(m * n);
  for (let row = 0; row < m; row++) {
    for (let column = 0; column < n; column++) {
      let sum = 0;
      for (let at = 0; at < k; at++) {
        let left = layout === 'tn' ? a[at * m + row]! : a[row * k + at]!;
        let right = layout === 'nt' ? b[column * k + at]! : b[at * n + column]!;
        if (normA !== undefined) left *= normA.weight[at]! * normA.inverse[row]!;
        if (normB !== undefined) right *= normB.weight[column]! * normB.inverse[at]!;
        sum += left * right;
      }
      const index = row * n + column;
      out[index] = scale * sum + (bias?.[column] ?? 0) + (residual?.[index] ?? 0) + (before?.[index] ?? 0);
    }
  }
  return out;
}
