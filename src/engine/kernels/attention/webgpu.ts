/**
 * Attention forward: a softmax over the keys as they come, by its running maximum and sum
 * (Milakov and Gimelshein, 2018; FlashAttention, Dao et al. 2022), so nothing of size rows × rows is
 * ever stored. What the backward needs of it is one log-sum-exp per row and head.
 */
import { type Kernel, kernel } from '../../gpu';
import { ATTENDED_RANGES, COLUMNS, constants, registers, UNIFORMS, WIDTH } from './wgsl';

export function forwardKernel(headWidth: number): Kernel {
  return kernel(`attention-${headWidth}`, () => ({
    bindings: { out: 'mut vec4<f32>', lse: 'mut f32', qkv: 'vec4<f32>', segments: 'vec4<i32>' },
    uniforms: UNIFORMS,
    workgroupSize: WIDTH,
    declarations: constants(headWidth) + ATTENDED_RANGES,
    // A masked logit lies far below the first maximum, so its weight is 0.
    main: `
${COLUMNS}
let first = tile.x * ${WIDTH}u;
let row = min(first + lane, u.rows - 1u);
let head = tile.y;
let segment = vec4<u32>(segments[row]);
let ranges = rangesOf(first, min(first + ${WIDTH}u, u.rows));
let keys = firstKey + head / sharing * QUADS;
let values = firstValue + head / sharing * QUADS;
let queryAt = row * stride + head * QUADS;
${registers(headWidth, (i) => `let q${i} = qkv[queryAt + ${i}u] * SCALE_LOG2E; var o${i} = vec4<f32>();`)}
var maximum = -1e30;
var total = 0.0;
for (var part = 0u; part < 2u; part++) {
  let to = select(ranges.y, ranges.w, part == 1u);
  for (var other = select(ranges.x, ranges.z, part == 1u); other < to; other++) {
    let k = other * stride + keys;
    let v = other * stride + values;
    var logit = 0.0;
    ${registers(headWidth, (i) => `logit = chain(q${i}, qkv[k + ${i}u], logit);`)}
    let attends = (other - segment.y <= row - segment.y) | (other - segment.z < segment.w - segment.z);
    logit = select(-3e38, logit, attends);
    let higher = max(maximum, logit);
    let keep = exp2(maximum - higher);
    let weight = exp2(logit - higher);
    maximum = higher;
    total = fma(total, keep, weight);
    ${registers(headWidth, (i) => `o${i} = fma(vec4(weight), qkv[v + ${i}u], o${i} * keep);`)}
  }
}
if (first + lane >= u.rows) { return; }
let outAt = (row * u.heads + head) * QUADS;
let inverse = 1.0 / total;
${registers(headWidth, (i) => `out[outAt + ${i}u] = o${i} * inverse;`)}
lse[row * u.heads + head] = maximum / LOG2E + log(total);`,
  }));
}
