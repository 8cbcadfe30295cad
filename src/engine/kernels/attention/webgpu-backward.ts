/**
 * Attention backward in two kernels, both recomputing a weight from the log-sum-exp. With P the
 * weights, dP = dOut·Vᵀ and δ = Σ out·dOut of a row: dS = P∘(dP − δ), dQ = dS·K/√C, dK = dSᵀ·Q/√C,
 * dV = Pᵀ·dOut. A lane takes queries for dQ (which also stores δ) and keys for dK and dV, so every sum
 * is a lane's own and its order fixed. The gradients of queries and keys are turned back to before
 * their rotation.
 */
import { type Kernel, kernel, unroll } from '../../gpu';
import {
  attends,
  COLUMNS,
  keysOfBlock,
  LOG2E,
  laneSums,
  ofBlock,
  ownOperands,
  queriesOfLane,
  sumAt,
  type Tile,
  tileName,
  UNIFORMS,
  unrollPairs,
} from './wgsl';

export function queryGradientKernel(capacity: number, tile: Tile): Kernel {
  const each = (line: (i: number) => string) => unroll(tile.items, line);
  const pairs = (line: (i: number, j: number) => string) => unrollPairs(tile, line);
  return kernel(`attention-query-gradient-${capacity}-${tileName(tile)}`, () => ({
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
    workgroupSize: tile.lanes,
    subgroups: tile.shared,
    declarations: LOG2E + laneSums(capacity, tile) + turnBack(tile),
    main: `
${COLUMNS}
${queriesOfLane(tile)}
${ownOperands(capacity, tile, [
  { name: 'query', from: 'qkv', at: 'query' },
  { name: 'gradient', from: 'dOut', at: 'out' },
])}
${each((i) => `var mean${i} = 0.0; let logSum${i} = lse[row${i} * u.heads + head${i}] * LOG2E;`)}
for (var quad = 0u; quad < u.quads; quad++) {
  ${each((i) => `mean${i} += dot(out[out${i} + quad], dOut[out${i} + quad]);`)}
}
for (var block = 0u; block < attended; block += ${tile.block}u) {
  ${keysOfBlock(tile)}
  ${pairs((i, j) => `var w${i}_${j} = 0.0; var d${i}_${j} = 0.0;`)}
  for (var quad = 0u; quad < u.quads; quad++) {
    ${each((i) => `let q${i} = query[${tile.items}u * quad + ${i}u]; let g${i} = gradient[${tile.items}u * quad + ${i}u];`)}
    ${ofBlock(tile, 'k', (j) => `qkv[key${j} + quad]`)}
    ${ofBlock(tile, 'v', (j) => `qkv[value${j} + quad]`)}
    ${pairs((i, j) => `w${i}_${j} += dot(q${i}, k${j}); d${i}_${j} += dot(g${i}, v${j});`)}
  }
  ${pairs(
    (i, j) => `w${i}_${j} = select(0.0, exp2(w${i}_${j} * scale - logSum${i}), ${attends(i, j)});
  d${i}_${j} = w${i}_${j} * (d${i}_${j} - mean${i});`,
  )}
  for (var quad = 0u; quad < u.quads; quad++) {
    ${ofBlock(tile, 'k', (j) => `qkv[key${j} + quad]`)}
    ${each((i) => `var a${i} = ${sumAt(tile, i)};`)}
    ${pairs((i, j) => `a${i} += d${i}_${j} * k${j};`)}
    ${each((i) => `${sumAt(tile, i)} = a${i};`)}
  }
}
${each(
  (i) => `if (is${i}) {
  delta[row${i} * u.heads + head${i}] = mean${i};
  storeTurned(lane, ${i}u, query${i}, u32(segment${i}.x));
}`,
)}`,
  }));
}

export function keyValueGradientKernel(capacity: number, tile: Tile): Kernel {
  const { items, lanes, block } = tile;
  const each = (line: (i: number) => string) => unroll(items, line);
  const pairs = (line: (i: number, j: number) => string) => unrollPairs(tile, line);
  const [dKey, dValue] = [(i: number) => sumAt(tile, i), (i: number) => sumAt(tile, i, 'quad', 'valueSums')];
  return kernel(`attention-key-value-gradient-${capacity}-${tileName(tile)}`, () => ({
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
    workgroupSize: lanes,
    subgroups: tile.shared,
    declarations: [
      LOG2E,
      laneSums(capacity, tile),
      laneSums(capacity, tile, 'valueSums'),
      turnBack(tile),
      LAST_READER,
    ].join(''),
    main: `
${COLUMNS}
let begin = tile.x * ${lanes * items}u;
let end = lastReader(begin, min(begin + ${lanes * items}u, u.rows));
${each(
  (i) => `let key_${i} = begin + lane * ${items}u + ${i}u;
let row${i} = min(key_${i}, u.rows - 1u);
let reader${i} = vec4<u32>(readers[row${i}]);
let key${i} = row${i} * stride + firstKey + tile.y * u.quads;
let value${i} = row${i} * stride + firstValue + tile.y * u.quads;`,
)}
${ownOperands(capacity, tile, [
  { name: 'key', from: 'qkv', at: 'key' },
  { name: 'value', from: 'qkv', at: 'value' },
])}
// A CPU runs 8 lanes at once: no use for queries before all of them.
let start = begin + ${tile.shared ? '0u' : `lane / 8u * ${8 * items}u`};
for (var head = tile.y * sharing; head < (tile.y + 1u) * sharing; head++) {
  for (var block = start; block < end; block += ${block}u) {
    ${ofBlock(tile, 'other', (_, item) => `min(block + ${item}, end - 1u)`)}
    ${ofBlock(tile, 'query', (j) => `other${j} * stride + head * u.quads`)}
    ${ofBlock(tile, 'place', (j) => `other${j} * u.heads + head`)}
    ${ofBlock(tile, 'logSum', (j) => `lse[place${j}] * LOG2E`)}
    ${pairs((i, j) => `var w${i}_${j} = 0.0; var d${i}_${j} = 0.0;`)}
    for (var quad = 0u; quad < u.quads; quad++) {
      ${each((i) => `let k${i} = key[${items}u * quad + ${i}u]; let v${i} = value[${items}u * quad + ${i}u];`)}
      ${queryOfBlock(tile)}
      ${pairs((i, j) => `w${i}_${j} += dot(k${i}, q${j}); d${i}_${j} += dot(v${i}, g${j});`)}
    }
    ${ofBlock(tile, 'mean', (j) => `delta[place${j}]`)}
    ${pairs(
      (i, j) => `w${i}_${j} = select(0.0, exp2(w${i}_${j} * scale - logSum${j}), ${reads(i, j)});
    d${i}_${j} = w${i}_${j} * (d${i}_${j} - mean${j});`,
    )}
    for (var quad = 0u; quad < u.quads; quad++) {
      ${queryOfBlock(tile)}
      ${each((i) => `var a${i} = ${dKey(i)}; var b${i} = ${dValue(i)};`)}
      ${pairs((i, j) => `a${i} += d${i}_${j} * q${j}; b${i} += w${i}_${j} * g${j};`)}
      ${each((i) => `${dKey(i)} = a${i}; ${dValue(i)} = b${i};`)}
    }
  }
}
${each(
  (i) => `if (key_${i} < u.rows) {
  for (var quad = 0u; quad < u.quads; quad++) { dQkv[value${i} + quad] = ${dValue(i)}; }
  storeTurned(lane, ${i}u, key${i}, u32(segments[row${i}].x));
}`,
)}`,
  }));
}

/** Queries and their dOut. */
function queryOfBlock(tile: Tile): string {
  return `
${ofBlock(tile, 'q', (j) => `qkv[query${j} + quad]`)}
${ofBlock(tile, 'g', (j) => `dOut[place${j} * u.quads + quad]`)}`;
}

/** Whether query j of the block attends to key i. */
function reads(i: number, j: number): string {
  const own = `other${j} - row${i} < reader${i}.x - row${i}`;
  const child = `other${j} - reader${i}.y < reader${i}.z - reader${i}.y`;
  return `(block + ${j}u < end) & ((${own}) | (${child}))`;
}

/**
 * `lastReader(first, end)`: behind the last row that attends to any of these rows; the first is `first`
 * itself. Of the last group among them its prompt is what is read longest, if it reaches into them.
 */
const LAST_READER = `
fn lastReader(first: u32, end: u32) -> u32 {
  let reader = vec4<u32>(readers[end - 1u]);
  let prompt = vec4<u32>(segments[end - 1u]);
  var last = max(reader.x, reader.z);
  if (prompt.w > max(first, prompt.z)) {
    last = max(last, u32(readers[prompt.w - 1u].z));
  }
  return last;
}`;

/**
 * `storeTurned(lane, i, at, position)`: stores what the lane summed up for item i, scaled, and turned
 * back through the rotation by the position, from vec4 `at` of dQkv on: pairs (c, c + headWidth / 2).
 */
function turnBack(tile: Tile): string {
  return `
fn storeTurned(lane: u32, i: u32, at: u32, position: u32) {
  let half = 2u * u.quads;
  for (var quad = 0u; quad < u.quads; quad++) {
    var turned = ${sumAt(tile, 'i')};
    for (var c = 0u; c < 4u; c++) {
      let column = 4u * quad + c;
      let isFirst = column < half;
      let pair = select(column - half, column + half, isFirst);
      let turn = table[position * half + min(column, pair)];
      let other = ${sumAt(tile, 'i', 'pair / 4u')}[pair % 4u];
      turned[c] = turned[c] * turn.x + other * select(-turn.y, turn.y, isFirst);
    }
    dQkv[at + quad] = turned * u.scale;
  }
}`;
}
