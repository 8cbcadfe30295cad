/**
 * The shaders of a decoded token: its embedding, its attention, and the copy of a prompt's keys and values.
 *
 * Attention: a workgroup per slot, key head and chunk of the query heads that share it. A lane takes
 * every LANES-th position of the prompt, then of the row's own cache, and keeps a running softmax
 * (maximum, sum, weighted values; Milakov and Gimelshein, arXiv 1805.02867) per query head in
 * registers, so that each key and value is loaded once for the chunk; the lanes' softmaxes are merged in
 * the end. The token's own key and value come from registers of the first lane, never from the cache.
 */
import { type Kernel, kernel, unroll } from '../../gpu';

export interface AttentionVariant {
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headWidth: number;
}

export const LANES = 16;
/** Accumulators that a lane can keep, in values: LANES times as many fit into the workgroup's memory. */
const LANE_VALUES = 128;

/** Query heads that a workgroup takes, of those that share a key head. */
export function chunkOf({ heads, keyValueHeads, headWidth }: AttentionVariant): number {
  return Math.min(heads / keyValueHeads, Math.max(1, Math.floor(LANE_VALUES / headWidth)));
}

export function decodeAttentionKernel(variant: AttentionVariant): Kernel {
  const { heads, keyValueHeads, headWidth } = variant;
  const chunk = chunkOf(variant);
  const [quads, sharing] = [headWidth / 4, heads / keyValueHeads];
  /** A lane's softmax of each head takes up one more key and value. */
  const attend = (cache: string) => `
    ${unroll(quads, (i) => `let key${i} = ${cache}[at + ${i}u];`)}
    ${unroll(quads, (i) => `let value${i} = ${cache}[at + ${quads + i}u];`)}
    ${unroll(chunk, (head) => takeUp(head, quads))}`;
  return kernel(`decode-attention-${heads}-${keyValueHeads}-${headWidth}`, () => ({
    bindings: {
      qkv: 'vec4<f32>',
      table: 'vec2<f32>',
      slotRow: 'u32',
      state: 'vec4<i32>',
      promptCache: 'vec4<f32>',
      ownCache: 'mut vec4<f32>',
      out: 'mut vec4<f32>',
    },
    uniforms: { slots: 'u32', capacity: 'u32', scale: 'f32' },
    workgroupSize: LANES,
    declarations: `
const LANES = ${LANES}u;
const QUADS = ${quads}u;
const KEY_HEADS = ${keyValueHeads}u;
const CHUNK = ${chunk}u;
const STRIDE = ${(heads + 2 * keyValueHeads) * quads}u;
var<workgroup> queries: array<vec4<f32>, ${chunk * quads}>;
var<workgroup> newKey: array<vec4<f32>, ${quads}>;
var<workgroup> maxima: array<f32, ${LANES * chunk}>;
var<workgroup> sums: array<f32, ${LANES * chunk}>;
var<workgroup> values: array<vec4<f32>, ${LANES * chunk * quads}>;
fn valueOf(start: u32, index: u32) -> f32 { return qkv[start + index / 4u][index % 4u]; }
/** Four values of a head that begins at a vec4 of qkv, turned by the position's angles. */
fn rotated(start: u32, quad: u32, angles: u32) -> vec4<f32> {
  var turned: vec4<f32>;
  for (var i = 0u; i < 4u; i++) {
    let index = 4u * quad + i;
    let pair = index % ${headWidth / 2}u;
    let turn = table[angles + pair];
    let a = valueOf(start, pair);
    let b = valueOf(start, pair + ${headWidth / 2}u);
    turned[i] = select(b * turn.x + a * turn.y, a * turn.x - b * turn.y, index < ${headWidth / 2}u);
  }
  return turned;
}`,
    main: `
  let slot = tile.x;
  let keyHead = tile.y;
  let row = slotRow[slot];
  let before = state[2u * row];
  if (before.z != 0) { return; }
  let own = u32(before.y) - 1u;
  let promptStart = u32(before.w);
  let promptLength = u32(state[2u * row + 1u].x);
  let angles = (promptLength + own) * ${headWidth / 2}u;
  let start = slot * STRIDE;
  let firstHead = tile.z * CHUNK;
  let chunkHeads = min(CHUNK, ${sharing}u - firstHead);
  // Of a last chunk that is not full, the heads beyond repeat its last one and are not written.
  for (var i = lane; i < CHUNK * QUADS; i += LANES) {
    let head = keyHead * ${sharing}u + firstHead + min(i / QUADS, chunkHeads - 1u);
    queries[i] = rotated(start + head * QUADS, i % QUADS, angles) * u.scale;
  }
  let keyStart = start + (${heads}u + keyHead) * QUADS;
  let valueStart = keyStart + KEY_HEADS * QUADS;
  let ownStart = row * u.capacity;
  let ownAt = ((ownStart + own) * KEY_HEADS + keyHead) * 2u * QUADS;
  for (var i = lane; i < QUADS; i += LANES) {
    let key = rotated(keyStart, i, angles);
    newKey[i] = key;
    if (firstHead == 0u) {
      ownCache[ownAt + i] = key;
      ownCache[ownAt + QUADS + i] = qkv[valueStart + i];
    }
  }
  workgroupBarrier();
  ${unroll(
    chunk,
    (head) => `var max${head} = -1e30; var sum${head} = 0.0;
  ${unroll(quads, (i) => `var out${head}_${i} = vec4<f32>(0.0);`)}`,
  )}
  if (lane == 0u) {
    ${unroll(chunk, (head) => {
      const score = unroll(
        quads,
        (i) => `${i === 0 ? '' : '+ '}dot(queries[${head * quads + i}], newKey[${i}])`,
      );
      return `max${head} = ${score}; sum${head} = 1.0;
    ${unroll(quads, (i) => `out${head}_${i} = qkv[valueStart + ${i}u];`)}`;
    })}
  }
  for (var position = lane; position < promptLength; position += LANES) {
    let at = ((promptStart + position) * KEY_HEADS + keyHead) * 2u * QUADS;
    ${attend('promptCache')}
  }
  for (var position = lane; position < own; position += LANES) {
    let at = ((ownStart + position) * KEY_HEADS + keyHead) * 2u * QUADS;
    ${attend('ownCache')}
  }
  ${unroll(
    chunk,
    (head) => `maxima[${head}u * LANES + lane] = max${head}; sums[${head}u * LANES + lane] = sum${head};
  ${unroll(quads, (i) => `values[(${head}u * LANES + lane) * QUADS + ${i}u] = out${head}_${i};`)}`,
  )}
  workgroupBarrier();
  let outStart = (slot * ${heads}u + keyHead * ${sharing}u + firstHead) * QUADS;
  for (var i = lane; i < chunkHeads * QUADS; i += LANES) {
    let first = (i / QUADS) * LANES;
    var highest = -1e30;
    for (var part = 0u; part < LANES; part++) { highest = max(highest, maxima[first + part]); }
    var sum = 0.0;
    var total = vec4<f32>(0.0);
    for (var part = 0u; part < LANES; part++) {
      let factor = exp(maxima[first + part] - highest);
      sum += factor * sums[first + part];
      total += factor * values[(first + part) * QUADS + i % QUADS];
    }
    out[outStart + i] = total / sum;
  }`,
  }));
}

/** One more position in the running softmax of a head. */
function takeUp(head: number, quads: number): string {
  const score = unroll(quads, (i) => `${i === 0 ? '' : '+ '}dot(queries[${head * quads + i}], key${i})`);
  return `{
      let score = ${score};
      let highest = max(max${head}, score);
      let factor = exp(max${head} - highest);
      let weight = exp(score - highest);
      sum${head} = sum${head} * factor + weight;
      max${head} = highest;
      ${unroll(quads, (i) => `out${head}_${i} = out${head}_${i} * factor + weight * value${i};`)}
    }`;
}

export const COPY_LANES = 64;

/** A lane copies a vec4 of keys and values, which lie one after the other in a row of qkv. */
export function storePromptCacheKernel(): Kernel {
  return kernel('store-prompt-cache', () => ({
    bindings: { qkv: 'vec4<f32>', promptCache: 'mut vec4<f32>' },
    uniforms: { count: 'u32', keyHeads: 'u32', quads: 'u32', strideQuads: 'u32', firstQuad: 'u32' },
    workgroupSize: COPY_LANES,
    main: `
  if (index >= u.count) { return; }
  // index counts promptCache: [token, key head, key or value, quad]
  let quad = index % u.quads;
  let half = (index / u.quads) % 2u;
  let keyHead = (index / (2u * u.quads)) % u.keyHeads;
  let token = index / (2u * u.quads * u.keyHeads);
  let source = token * u.strideQuads + u.firstQuad + (half * u.keyHeads + keyHead) * u.quads + quad;
  promptCache[index] = qkv[source];`,
  }));
}

export function embedTokensKernel(): Kernel {
  return kernel('embed-tokens', () => ({
    bindings: { table: 'vec4<f32>', slotRow: 'u32', state: 'vec4<i32>', x: 'mut vec4<f32>' },
    uniforms: { count: 'u32', quads: 'u32' },
    workgroupSize: COPY_LANES,
    main: `
  if (index >= u.count) { return; }
  let token = u32(state[2u * slotRow[index / u.quads]].x);
  x[index] = table[token * u.quads + index % u.quads];`,
  }));
}
