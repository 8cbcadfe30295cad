/**
 * A matrix product as its kernels see it: the operands, what is done to a sum before it is stored, and
 * what every kernel of a product shares (bindings, uniforms, the store, counted cost).
 *
 * All strides, starts and indices in the WGSL count vec4s.
 */
import type { Cost, Gpu, KernelSource, View, Workgroups } from '../../gpu';

/**
 * nt: a [m, k] · b [n, k]ᵀ, a linear layer on a weight [out, in];
 * nn: a [m, k] · b [k, n], the gradient of its input, dy · W;
 * tn: a [k, m]ᵀ · b [k, n], the gradient of its weight, dyᵀ · x.
 */
export type Layout = 'nt' | 'nn' | 'tn';

export interface Operand {
  readonly view: View;
  /** Values from row to row and before the first row: multiples of 4. */
  readonly stride: number;
  readonly offset: number;
}

/** RMSNorm folded into the product: the values x of an operand stand for x ∘ weight ∘ inverse. */
export type FoldedNorm =
  /** One inverse per row of x, which is a (nt) or b (tn). */
  | { readonly kind: 'given'; readonly weight: View; readonly inverse: View }
  /** nt: the inverse of a's rows, 1/√(mean x² + epsilon), is computed on the way. */
  | { readonly kind: 'computed'; readonly weight: View; readonly epsilon: number };

export interface Product {
  readonly layout: Layout;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: Operand;
  readonly b: Operand;
  readonly out: Operand;
  readonly scale: number;
  readonly norm: FoldedNorm | undefined;
  /** [n]. */
  readonly bias: View | undefined;
  /** As out. */
  readonly residual: View | undefined;
  readonly accumulate: boolean;
  /** nt: b is [2n, k], gate rows then up rows, and the result is silu(gate) · up. */
  readonly gated: boolean;
}

/** What tells the WGSL of one product from another's. */
export function featuresOf({ layout, norm, bias, residual, accumulate, gated }: Product): string {
  return [
    layout,
    norm?.kind,
    bias && 'bias',
    residual && 'residual',
    accumulate && 'accumulate',
    gated && 'gated',
  ]
    .filter((word) => word)
    .join('-');
}

/** Bindings, uniforms, and the function `store(row, column, sum, termsOf(column))`. */
export function sharedSource(
  product: Product,
): Pick<KernelSource, 'bindings' | 'uniforms'> & { readonly declarations: string } {
  const { layout, norm, bias, residual, accumulate } = product;
  return {
    bindings: {
      out: 'mut vec4<f32>',
      a: 'vec4<f32>',
      b: 'vec4<f32>',
      ...(norm && { weight: 'vec4<f32>' as const }),
      ...(norm?.kind === 'given' && { inverse: 'f32' as const }),
      ...(bias && { bias: 'f32' as const }),
      ...(residual && { residual: 'vec4<f32>' as const }),
    },
    uniforms: {
      m: 'u32',
      n: 'u32',
      k: 'u32',
      aStride: 'u32',
      aStart: 'u32',
      bStride: 'u32',
      bStart: 'u32',
      outStride: 'u32',
      outStart: 'u32',
      scale: 'f32',
      epsilon: 'f32',
    },
    declarations: `
      struct Terms { factor: vec4<f32>, bias: vec4<f32> }
      fn termsOf(column: u32) -> Terms {
        var terms = Terms(vec4<f32>(u.scale), vec4<f32>());
        ${norm && layout === 'tn' ? 'terms.factor *= weight[column];' : ''}
        ${bias ? biasLines : ''}
        return terms;
      }
      fn store(row: u32, column: u32, sum: vec4<f32>, terms: Terms) {
        let at = u.outStart + row * u.outStride + column;
        var y = terms.factor * sum + terms.bias;
        ${residual ? 'y += residual[at];' : ''}
        ${accumulate ? 'y += out[at];' : ''}
        out[at] = y;
      }
      fn silu(x: vec4<f32>) -> vec4<f32> { return x / (1.0 + exp(-x)); }`,
  };
}

/** A bias of any length, so it goes by single values; those past the end are never used. */
const biasLines = `
  let last = u.n - 1u;
  let j = 4u * column;
  terms.bias = vec4<f32>(bias[j], bias[min(j + 1u, last)], bias[min(j + 2u, last)], bias[min(j + 3u, last)]);`;

/** The values of out that a workgroup makes. */
interface Tile {
  readonly rows: number;
  readonly columns: number;
}

/** Runs a kernel made from `sharedSource`. */
export function runProduct(
  gpu: Gpu,
  kernel: Parameters<Gpu['run']>[0],
  product: Product,
  workgroups: Workgroups,
  tile: Tile,
): void {
  const { m, n, k, a, b, out, norm, bias, residual, scale } = product;
  gpu.run(
    kernel,
    {
      out: out.view,
      a: a.view,
      b: b.view,
      ...(norm && { weight: norm.weight }),
      ...(norm?.kind === 'given' && { inverse: norm.inverse }),
      ...(bias && { bias }),
      ...(residual && { residual }),
    },
    {
      m,
      n,
      k,
      aStride: a.stride / 4,
      aStart: a.offset / 4,
      bStride: b.stride / 4,
      bStart: b.offset / 4,
      outStride: out.stride / 4,
      outStart: out.offset / 4,
      scale,
      epsilon: norm?.kind === 'computed' ? norm.epsilon : 0,
    },
    workgroups,
    costOf(product, tile),
  );
}

/** Each tile of out reads its rows of a and its columns of b once. */
function costOf(product: Product, tile: Tile): Cost {
  const { m, n, k, norm, bias, residual, accumulate, gated } = product;
  const [down, across] = [Math.ceil(m / tile.rows), Math.ceil(n / tile.columns)];
  const matrices = gated ? 2 : 1;
  const inputs = across * m * k + matrices * down * n * k;
  const weights = norm === undefined ? 0 : down * across * (product.layout === 'tn' ? tile.columns : k);
  const results = m * n * (1 + (residual ? 1 : 0) + (accumulate ? 1 : 0)) + (bias ? down * n : 0);
  return { multiplyAdds: matrices * m * n * k, bytes: 4 * (inputs + weights + results) };
}
