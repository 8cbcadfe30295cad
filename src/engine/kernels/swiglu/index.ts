/** SwiGLU (arXiv 2002.05202) on the packed product of the gate and up weights: silu(gate) ∘ up. */
import type { Gpu, View } from '../../gpu';
import { quadsOf } from '../quads';
import { backwardKernel, forwardKernel, LANES } from './webgpu';

export interface SwigluCall {
  /** [rows, 2·width]: of each row the gate, then up */
  readonly gateUp: View;
  /** [rows, width], written */
  readonly hidden: View;
  readonly rows: number;
  /** F, a multiple of 4. */
  readonly width: number;
}

/** hidden = silu(gate) ∘ up. */
export function swiglu(gpu: Gpu, { gateUp, hidden, rows, width }: SwigluCall): void {
  const count = rows * quadsOf(width);
  gpu.run(forwardKernel(quadsOf(width)), { gateUp, hidden }, { count }, Math.ceil(count / LANES), {
    multiplyAdds: 4 * rows * width,
    bytes: 4 * 3 * rows * width,
  });
}

export interface SwigluBackwardCall {
  /** [rows, 2·width]: the forward's; becomes its own gradient */
  readonly gateUp: View;
  /** [rows, width]: the gradient of hidden; becomes the forward's hidden, for the down weight's gradient */
  readonly dHidden: View;
  readonly rows: number;
  /** F, a multiple of 4. */
  readonly width: number;
}

/** In place: the gradient of gate and up, and the forward's hidden once more. */
export function swigluBackward(gpu: Gpu, { gateUp, dHidden, rows, width }: SwigluBackwardCall): void {
  const count = rows * quadsOf(width);
  gpu.run(backwardKernel(quadsOf(width)), { gateUp, dHidden }, { count }, Math.ceil(count / LANES), {
    multiplyAdds: 9 * rows * width,
    bytes: 4 * 6 * rows * width,
  });
}
