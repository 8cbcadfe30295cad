/**
 * What the attention kernels share. A workgroup takes WIDTH rows in a row, one per lane, and walks the
 * rows on the other side (keys for queries, queries for keys) one by one, all lanes the same, so that a
 * load serves them all; whether a row concerns a lane is a mask. Everything of the lane's row stays in
 * registers: an operand of headWidth values is headWidth / 4 of them, named q0, q1, …
 */
import { unroll } from '../../gpu';

/** Rows of a workgroup, one per lane. */
export const WIDTH = 32;

/** log₂ e: logits are kept in units of log 2, for exp2 costs less than exp. */
const LOG2E = Math.LOG2E;

/** The same for all widths of a head, so that a width is compiled once. */
export const UNIFORMS = { rows: 'u32', heads: 'u32', keyValueHeads: 'u32' } as const;

/** Vec4 in a head, and the factors from a product q·k to a logit, also in units of log 2. */
export function constants(headWidth: number): string {
  return `
const QUADS = ${headWidth / 4}u;
const SCALE = ${1 / Math.sqrt(headWidth)};
const SCALE_LOG2E = ${LOG2E / Math.sqrt(headWidth)};
const LOG2E = ${LOG2E};

fn chain(a: vec4<f32>, b: vec4<f32>, sum: f32) -> f32 {
  return fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, sum))));
}
`;
}

/**
 * `rangesOf(first, end)`: ranges (x, y) and (z, w) that hold every row that any of these rows attends
 * to, the same for all lanes. In the order of `packSegments` these are the prefix of the first row, and
 * from the beginning of its segment on: what later segments attend to begins there or is that prefix.
 */
export const ATTENDED_RANGES = `
fn rangesOf(first: u32, end: u32) -> vec4<u32> {
  let segment = vec4<u32>(segments[first]);
  return vec4<u32>(segment.z, segment.w, segment.y, end);
}`;

/**
 * `lastReader(first, end)`: behind the last row that attends to any of these rows; the first is `first`
 * itself. Of the last group in the tile its prompt is what is read longest, if it reaches into the tile.
 */
export const LAST_READER = `
fn lastReader(first: u32, end: u32) -> u32 {
  let reader = vec4<u32>(readers[end - 1u]);
  let prompt = vec4<u32>(segments[end - 1u]);
  var last = max(reader.x, reader.z);
  if (prompt.w > max(first, prompt.z)) {
    last = max(last, u32(readers[prompt.w - 1u].z));
  }
  return last;
}`;

/** Where things begin, in vec4: the stride of qkv, and the first key and value head in it. */
export const COLUMNS = `
let stride = (u.heads + 2u * u.keyValueHeads) * QUADS;
let firstKey = u.heads * QUADS;
let firstValue = (u.heads + u.keyValueHeads) * QUADS;
let sharing = u.heads / u.keyValueHeads;`;

/** Registers a0, a1, … of a head of some row. */
export function registers(headWidth: number, line: (index: number) => string): string {
  return unroll(headWidth / 4, line);
}

/**
 * Turns the gradient in the registers back through the rotation by the row's position: pairs
 * (i, i + headWidth / 2), cosine and sine from `table` from `angles` on.
 */
export function turnBack(name: string, headWidth: number): string {
  const half = headWidth / 2;
  const value = (index: number) => `${name}${index >> 2}.${'xyzw'[index & 3]}`;
  return unroll(half, (i) => {
    const [a, b] = [value(i), value(i + half)];
    return `{ let t = table[angles + ${i}u]; let a = ${a}; let b = ${b};
      ${a} = a * t.x + b * t.y; ${b} = b * t.x - a * t.y; }`;
  });
}
