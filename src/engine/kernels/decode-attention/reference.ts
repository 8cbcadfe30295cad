/** What decode-attention promises, in plain loops in float64. Shapes are those of `index.ts`. */
import { STATE, STATE_WIDTH } from '../decode-state';
import type { DecodeHeads } from '.';

type Floats = Float32Array | Float64Array;

interface Shape extends DecodeHeads {
  readonly capacity: number;
  /** Row of each slot. */
  readonly slotRow: ArrayLike<number>;
}

interface Buffers {
  readonly qkv: Floats;
  /** [positions, C/2, 2]: cosine, sine. */
  readonly table: Floats;
  readonly state: Int32Array;
  readonly promptCache: Floats;
  /** Written. */
  readonly ownCache: Floats;
}

/** Of tokens whose keys are rotated: [tokens, K, 2, C]. */
export function promptCacheReference(qkv: Floats, tokens: number, heads: DecodeHeads): Float64Array {
  const { keyValueHeads, headWidth } = heads;
  const cache = new Float64Array(tokens * keyValueHeads * 2 * headWidth);
  for (let token = 0; token < tokens; token++)
    for (let keyHead = 0; keyHead < keyValueHeads; keyHead++)
      for (let i = 0; i < headWidth; i++) {
        const at = (token * keyValueHeads + keyHead) * 2 * headWidth + i;
        cache[at] = qkv[headStart(heads, token, heads.heads + keyHead) + i]!;
        cache[at + headWidth] = qkv[headStart(heads, token, heads.heads + keyValueHeads + keyHead) + i]!;
      }
  return cache;
}

/** [slots, H·C]; zeros for rows that have ended. */
export function decodeAttentionReference(buffers: Buffers, shape: Shape): Float64Array {
  const { heads, headWidth, keyValueHeads, slotRow } = shape;
  const out = new Float64Array(slotRow.length * heads * headWidth);
  for (let slot = 0; slot < slotRow.length; slot++) {
    const row = slotRow[slot]!;
    if (buffers.state[row * STATE_WIDTH + STATE.done] === 1) continue;
    for (let keyHead = 0; keyHead < keyValueHeads; keyHead++) append(buffers, shape, slot, row, keyHead);
    for (let head = 0; head < heads; head++)
      out.set(attended(buffers, shape, slot, row, head), (slot * heads + head) * headWidth);
  }
  return out;
}

/** Puts the token's key, rotated, and its value into the row's own cache. */
function append(buffers: Buffers, shape: Shape, slot: number, row: number, keyHead: number): void {
  const { qkv, ownCache } = buffers;
  const { heads, keyValueHeads, headWidth } = shape;
  const at = cacheStart(shape, row * shape.capacity + own(buffers, row), keyHead);
  ownCache.set(rotated(buffers, shape, slot, row, heads + keyHead), at);
  const value = headStart(shape, slot, heads + keyValueHeads + keyHead);
  ownCache.set(qkv.subarray(value, value + headWidth), at + headWidth);
}

function attended(buffers: Buffers, shape: Shape, slot: number, row: number, head: number): Float64Array {
  const { promptCache, ownCache, state } = buffers;
  const { heads, keyValueHeads, headWidth, capacity } = shape;
  const query = rotated(buffers, shape, slot, row, head);
  const keyHead = Math.floor(head / (heads / keyValueHeads));
  const promptStart = state[row * STATE_WIDTH + STATE.promptStart]!;
  const promptLength = state[row * STATE_WIDTH + STATE.promptLength]!;
  const entries: { cache: Floats; at: number; score: number }[] = [];
  const add = (cache: Floats, position: number) => {
    const at = cacheStart(shape, position, keyHead);
    let score = 0;
    for (let i = 0; i < headWidth; i++) score += query[i]! * cache[at + i]!;
    entries.push({ cache, at, score: score / Math.sqrt(headWidth) });
  };
  for (let position = 0; position < promptLength; position++) add(promptCache, promptStart + position);
  for (let position = 0; position <= own(buffers, row); position++) add(ownCache, row * capacity + position);
  const highest = Math.max(...entries.map(({ score }) => score));
  const total = entries.reduce((sum, { score }) => sum + Math.exp(score - highest), 0);
  const out = new Float64Array(headWidth);
  for (const { cache, at, score } of entries)
    for (let i = 0; i < headWidth; i++)
      out[i]! += (Math.exp(score - highest) / total) * cache[at + headWidth + i]!;
  return out;
}

/** A head of the slot's qkv, its pairs (i, i + C/2) turned by the angles of the token's position. */
function rotated(buffers: Buffers, shape: Shape, slot: number, row: number, head: number): Float64Array {
  const { qkv, table, state } = buffers;
  const half = shape.headWidth / 2;
  const start = headStart(shape, slot, head);
  const position = state[row * STATE_WIDTH + STATE.promptLength]! + own(buffers, row);
  const turned = new Float64Array(shape.headWidth);
  for (let i = 0; i < half; i++) {
    const [cosine, sine] = [table[(position * half + i) * 2]!, table[(position * half + i) * 2 + 1]!];
    const [a, b] = [qkv[start + i]!, qkv[start + half + i]!];
    turned[i] = a * cosine - b * sine;
    turned[half + i] = b * cosine + a * sine;
  }
  return turned;
}

/** Position of the token fed in its completion. */
function own({ state }: Buffers, row: number): number {
  return state[row * STATE_WIDTH + STATE.generated]! - 1;
}

function headStart({ heads, keyValueHeads, headWidth }: DecodeHeads, row: number, head: number): number {
  return (row * (heads + 2 * keyValueHeads) + head) * headWidth;
}

function cacheStart({ keyValueHeads, headWidth }: DecodeHeads, position: number, keyHead: number): number {
  return (position * keyValueHeads + keyHead) * 2 * headWidth;
}
