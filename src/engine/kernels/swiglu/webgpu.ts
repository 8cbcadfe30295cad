/** SwiGLU's kernels, one vec4 of a row's F values per invocation. They are compiled for their width. */
import { type Kernel, kernel } from '../../gpu';

export const LANES = 64;

/**
 * The sigmoid without the overflow of exp(−x), which WGSL leaves undefined; where a vec4 of the gate
 * and of the up half lie.
 */
const SIGMOID = `
fn sigmoid(x: vec4<f32>) -> vec4<f32> {
  let small = exp(-abs(x));
  return select(small, vec4<f32>(1.0), x >= vec4<f32>(0.0)) / (1.0 + small);
}`;
const PLACES = (quads: number) => `
if (index >= u.count) { return; }
let gateAt = index + index / ${quads}u * ${quads}u;
let upAt = gateAt + ${quads}u;`;

export function forwardKernel(quads: number): Kernel {
  return kernel(`swiglu-${quads}`, () => ({
    bindings: { gateUp: 'vec4<f32>', hidden: 'mut vec4<f32>' },
    uniforms: { count: 'u32' },
    workgroupSize: LANES,
    declarations: SIGMOID,
    main: `${PLACES(quads)}
let gate = gateUp[gateAt];
hidden[index] = gate * sigmoid(gate) * gateUp[upAt];`,
  }));
}

/** silu′(g) = σ(g)·(1 + g·(1 − σ(g))). */
export function backwardKernel(quads: number): Kernel {
  return kernel(`swiglu-backward-${quads}`, () => ({
    bindings: { gateUp: 'mut vec4<f32>', dHidden: 'mut vec4<f32>' },
    uniforms: { count: 'u32' },
    workgroupSize: LANES,
    declarations: SIGMOID,
    main: `${PLACES(quads)}
let gate = gateUp[gateAt];
let up = gateUp[upAt];
let gradient = dHidden[index];
let share = sigmoid(gate);
let silu = gate * share;
gateUp[gateAt] = gradient * up * share * (1.0 + gate * (1.0 - share));
gateUp[upAt] = gradient * silu;
dHidden[index] = silu * up;`,
  }));
}
