/**
 * Attention backward in two kernels, both recomputing a weight from the log-sum-exp. With P the
 * weights, dP = dOut·Vᵀ and δ = Σ out·dOut of a row: dS = P∘(dP − δ), dQ = dS·K/√C, dK = dSᵀ·Q/√C,
 * dV = Pᵀ·dOut. Lanes are queries for dQ (which also stores δ) and keys for dK and dV, so every sum
 * is a lane's own and its order fixed. The gradients of queries and keys are turned back to before
 * their rotation.
 */
import { type Kernel, kernel } from '../../gpu';
import {
  ATTENDED_RANGES,
  COLUMNS,
  constants,
  LAST_READER,
  registers,
  turnBack,
  UNIFORMS,
  WIDTH,
} from './wgsl';

export function queryGradientKernel(headWidth: number): Kernel {
  return kernel(`attention-query-gradient-${headWidth}`, () => ({
    bindings: {
      dQkv: 'mut vec4<f32>',
      delta: 'mut f32',
      qkv: 'vec4<f32>',
      out: 'vec4<f32>',
      dOut: 'vec4<f32>',
      lse: 'f32',
      table: 'vec2<f32>',
      segments: 'vec4<i32>',
    },
    uniforms: UNIFORMS,
    workgroupSize: WIDTH,
    declarations: constants(headWidth) + ATTENDED_RANGES,
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
let outAt = (row * u.heads + head) * QUADS;
var mean = 0.0;
${registers(
  headWidth,
  (i) => `let q${i} = qkv[queryAt + ${i}u] * SCALE_LOG2E; let g${i} = dOut[outAt + ${i}u];
var a${i} = vec4<f32>(); mean = chain(g${i}, out[outAt + ${i}u], mean);`,
)}
let logSum = lse[row * u.heads + head] * LOG2E;
for (var part = 0u; part < 2u; part++) {
  let to = select(ranges.y, ranges.w, part == 1u);
  for (var other = select(ranges.x, ranges.z, part == 1u); other < to; other++) {
    let k = other * stride + keys;
    let v = other * stride + values;
    var logit = 0.0;
    var dWeight = 0.0;
    ${registers(
      headWidth,
      (i) => `let k${i} = qkv[k + ${i}u]; logit = chain(q${i}, k${i}, logit);
    dWeight = chain(g${i}, qkv[v + ${i}u], dWeight);`,
    )}
    let attends = (other - segment.y <= row - segment.y) | (other - segment.z < segment.w - segment.z);
    let weight = select(0.0, exp2(logit - logSum), attends);
    let dLogit = weight * (dWeight - mean);
    ${registers(headWidth, (i) => `a${i} = fma(vec4(dLogit), k${i}, a${i});`)}
  }
}
if (first + lane >= u.rows) { return; }
delta[row * u.heads + head] = mean;
let angles = u32(segments[row].x) * QUADS * 2u;
${turnBack('a', headWidth)}
${registers(headWidth, (i) => `dQkv[queryAt + ${i}u] = a${i} * SCALE;`)}`,
  }));
}

export function keyValueGradientKernel(headWidth: number): Kernel {
  return kernel(`attention-key-value-gradient-${headWidth}`, () => ({
    bindings: {
      dQkv: 'mut vec4<f32>',
      qkv: 'vec4<f32>',
      dOut: 'vec4<f32>',
      lse: 'f32',
      delta: 'f32',
      table: 'vec2<f32>',
      segments: 'vec4<i32>',
      readers: 'vec4<i32>',
    },
    uniforms: UNIFORMS,
    workgroupSize: WIDTH,
    declarations: constants(headWidth) + LAST_READER,
    main: `
${COLUMNS}
let first = tile.x * ${WIDTH}u;
let row = min(first + lane, u.rows - 1u);
let reader = vec4<u32>(readers[row]);
let to = lastReader(first, min(first + ${WIDTH}u, u.rows));
let keyAt = row * stride + firstKey + tile.y * QUADS;
let valueAt = row * stride + firstValue + tile.y * QUADS;
${registers(
  headWidth,
  (i) => `let k${i} = qkv[keyAt + ${i}u] * SCALE_LOG2E; let v${i} = qkv[valueAt + ${i}u];
var a${i} = vec4<f32>(); var b${i} = vec4<f32>();`,
)}
for (var head = tile.y * sharing; head < (tile.y + 1u) * sharing; head++) {
  for (var other = first; other < to; other++) {
    let q = other * stride + head * QUADS;
    let s = other * u.heads + head;
    let g = s * QUADS;
    var logit = 0.0;
    var dWeight = 0.0;
    ${registers(
      headWidth,
      (i) => `let q${i} = qkv[q + ${i}u]; logit = chain(k${i}, q${i}, logit);
    let g${i} = dOut[g + ${i}u]; dWeight = chain(v${i}, g${i}, dWeight);`,
    )}
    let reads = (other - row < reader.x - row) | (other - reader.y < reader.z - reader.y);
    let weight = select(0.0, exp2(logit - lse[s] * LOG2E), reads);
    let dLogit = weight * (dWeight - delta[s]);
    ${registers(
      headWidth,
      (i) => `a${i} = fma(vec4(dLogit), q${i}, a${i}); b${i} = fma(vec4(weight), g${i}, b${i});`,
    )}
  }
}
if (first + lane >= u.rows) { return; }
let angles = u32(segments[row].x) * QUADS * 2u;
${turnBack('a', headWidth)}
${registers(headWidth, (i) => `dQkv[keyAt + ${i}u] = a${i} * SCALE; dQkv[valueAt + ${i}u] = b${i};`)}`,
  }));
}
