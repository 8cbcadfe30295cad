/**
 * A workgroup takes every `groups`-th block of vectors. How many there are follows from the size alone,
 * so the order of additions does too, and what each does once (a sum over its lanes, with barriers, or
 * over all partial sums) is shared by many values.
 */
import { kernel, reduceLanes } from '../../gpu';

/** Invocations per workgroup. */
export const LANES = 256;

export const SQUARES = kernel('sum-of-squares', () => ({
  bindings: { gradient: 'vec4<f32>', partial: 'mut f32' },
  uniforms: { vectors: 'u32', groups: 'u32', partialOffset: 'u32', partials: 'u32' },
  workgroupSize: LANES,
  declarations: `var<workgroup> sums: array<f32, ${LANES}>;`,
  main: `
    var sum = vec4<f32>();
    for (var i = index; i < u.vectors; i += u.groups * ${LANES}u) {
      let g = gradient[i];
      sum += g * g;
    }
    sums[lane] = dot(sum, vec4<f32>(1.0));
    ${reduceLanes('sums', LANES)}
    if (lane == 0u) { partial[u.partialOffset + group] = sums[0]; }
    for (var i = u.groups + index; i < u.partials; i += u.groups * ${LANES}u) {
      partial[u.partialOffset + i] = 0.0;
    }
  `,
}));

export const ADAMW = kernel('adamw', () => ({
  bindings: {
    parameters: 'mut vec4<f32>',
    gradient: 'vec4<f32>',
    m: 'mut vec4<f32>',
    v: 'mut vec4<f32>',
    partial: 'f32',
    norm: 'mut f32',
  },
  uniforms: {
    vectors: 'u32',
    groups: 'u32',
    partials: 'u32',
    beta1: 'f32',
    beta2: 'f32',
    share1: 'f32',
    share2: 'f32',
    decay: 'f32',
    rate: 'f32',
    inverseRoot: 'f32',
    epsilon: 'f32',
    maxGradNorm: 'f32',
  },
  workgroupSize: LANES,
  declarations: `var<workgroup> sums: array<f32, ${LANES}>;`,
  main: `
    var sum = 0.0;
    for (var i = lane; i < u.partials; i += ${LANES}u) { sum += partial[i]; }
    sums[lane] = sum;
    ${reduceLanes('sums', LANES)}
    let squared = sums[0];
    // By its bits: devices may take floats as finite.
    let finite = (bitcast<u32>(squared) & 0x7f800000u) != 0x7f800000u;
    var length = squared;
    if (finite) { length = sqrt(squared); }
    if (index == 0u) { norm[0] = length; }
    if (!finite) { return; }
    // torch's clip_grad_norm_
    var clip = 1.0;
    if (u.maxGradNorm != 0.0) { clip = min(1.0, u.maxGradNorm / (length + 1e-6)); }
    for (var i = index; i < u.vectors; i += u.groups * ${LANES}u) {
      let g = gradient[i] * clip;
      let first = u.beta1 * m[i] + u.share1 * g;
      let second = u.beta2 * v[i] + u.share2 * (g * g);
      m[i] = first;
      v[i] = second;
      let deviation = sqrt(second) * u.inverseRoot + u.epsilon;
      parameters[i] = u.decay * parameters[i] - u.rate * (first / deviation);
    }
  `,
}));
