/**
 * The shaders of a decoded token: its embedding, its attention, and the copy of a prompt's keys and values.
 *
 * Attention: a workgroup per slot, key head and chunk of the query heads that share it, so that each key
 * and value is loaded once for the chunk. Positions come in tiles: first the prompt's, then those of the
 * row's own cache, then the token itself, whose key and value come from the workgroup's memory, never
 * from the cache. Of a tile, lanes take positions for the scores; then, with the maximum so far
 * (Milakov and Gimelshein, arXiv 1805.02867), lanes take the vec4s of a value, several lanes a vec4 each
 * at other positions, and sum up weighted values in registers. The count of vec4s is a uniform: all
 * widths of a head have a kernel in common, and it compiles in seconds.
 */
import { type Kernel, kernel, reduceLanes, unroll } from '../../gpu';

export interface AttentionVariant {
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headWidth: number;
}

const MAX_CHUNK = 4;

/**
 * Lanes of a workgroup, and positions of a lane in a tile. `wide` fills a GPU's group of lanes; `narrow` is
 * for CPU rasterisers, where every barrier costs per 8 lanes: 1.4 times as fast a token on lavapipe. A
 * head's vec4s must not outnumber the lanes.
 */
const GRIDS = { wide: { lanes: 32, perLane: 2 }, narrow: { lanes: 16, perLane: 4 } } as const;

export const DECODE_ATTENTION_VARIANTS = ['wide', 'narrow'] as const;
export type DecodeAttentionVariant = (typeof DECODE_ATTENTION_VARIANTS)[number];

/** Query heads that a workgroup takes, of those that share a key head. */
export function chunkOf({ heads, keyValueHeads }: AttentionVariant): number {
  return Math.min(heads / keyValueHeads, MAX_CHUNK);
}

/** @param chunk query heads of a workgroup */
export function decodeAttentionKernel(
  chunk: number,
  headWidth: number,
  asked: DecodeAttentionVariant,
): Kernel {
  const variant = headWidth / 4 > GRIDS[asked].lanes ? 'wide' : asked;
  const { lanes, perLane } = GRIDS[variant];
  /** Of a tile. */
  const positions = lanes * perLane;
  const each = (line: (head: number) => string) => unroll(chunk, line);
  const pairs = (line: (head: number, i: number) => string) =>
    each((head) => unroll(perLane, (i) => line(head, i)));
  const lanesOf = (vector: string, head: number) => `${vector}.${'xyzw'[head]}`;
  return kernel(`decode-attention-${variant}-${chunk}`, () => ({
    bindings: {
      qkv: 'vec4<f32>',
      table: 'vec2<f32>',
      slotRow: 'u32',
      state: 'vec4<i32>',
      promptCache: 'vec4<f32>',
      ownCache: 'mut vec4<f32>',
      out: 'mut vec4<f32>',
    },
    uniforms: { heads: 'u32', keyHeads: 'u32', quads: 'u32', capacity: 'u32', scale: 'f32' },
    workgroupSize: lanes,
    declarations: `
var<workgroup> queries: array<vec4<f32>, ${chunk * lanes}>;
/** Key, then value of the token. */
var<workgroup> token: array<vec4<f32>, ${2 * lanes}>;
var<workgroup> weights: array<f32, ${chunk * positions}>;
var<workgroup> peaks: array<vec4<f32>, ${lanes}>;
var<workgroup> values: array<vec4<f32>, ${chunk * lanes}>;
var<private> promptLength: u32;
var<private> tokenPosition: u32;
/** Where the key head's key at position 0 of prompt and own cache would lie. */
var<private> promptAt: u32;
var<private> ownAt: u32;
var<private> step: u32;
/** A vec4 of key and value at a position of the sequence. */
fn cached(position: u32, quad: u32) -> vec4<f32> {
  if (position < promptLength) { return promptCache[promptAt + position * step + quad]; }
  if (position < tokenPosition) { return ownCache[ownAt + (position - promptLength) * step + quad]; }
  return token[quad];
}
fn valueOf(start: u32, index: u32) -> f32 { return qkv[start + index / 4u][index % 4u]; }
/** Four values of a head that begins at a vec4 of qkv, turned by the token's position. */
fn rotated(start: u32, quad: u32) -> vec4<f32> {
  let half = 2u * u.quads;
  var turned: vec4<f32>;
  for (var i = 0u; i < 4u; i++) {
    let index = 4u * quad + i;
    let pair = index % half;
    let turn = table[tokenPosition * half + pair];
    let a = valueOf(start, pair);
    let b = valueOf(start, pair + half);
    turned[i] = select(b * turn.x + a * turn.y, a * turn.x - b * turn.y, index < half);
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
  let quads = u.quads;
  step = 2u * u.keyHeads * quads;
  let last = u32(state[2u * row + 1u].x) + own;
  promptLength = last - own;
  tokenPosition = last;
  promptAt = u32(before.w) * step + 2u * keyHead * quads;
  ownAt = row * u.capacity * step + 2u * keyHead * quads;
  let start = slot * (u.heads + 2u * u.keyHeads) * quads;
  let sharing = u.heads / u.keyHeads;
  let firstHead = tile.z * ${chunk}u;
  let chunkHeads = min(${chunk}u, sharing - firstHead);
  // Of a last chunk that is not full, the heads beyond repeat its last one and are not written.
  for (var i = lane; i < ${chunk}u * quads; i += ${lanes}u) {
    let head = keyHead * sharing + firstHead + min(i / quads, chunkHeads - 1u);
    queries[i] = rotated(start + head * quads, i % quads) * u.scale;
  }
  if (lane < quads) {
    let key = rotated(start + (u.heads + keyHead) * quads, lane);
    let value = qkv[start + (u.heads + u.keyHeads + keyHead) * quads + lane];
    token[lane] = key;
    token[quads + lane] = value;
    if (firstHead == 0u) {
      ownCache[ownAt + own * step + lane] = key;
      ownCache[ownAt + own * step + quads + lane] = value;
    }
  }
  workgroupBarrier();
  let quad = lane % quads;
  let split = lane / quads;
  let splits = ${lanes}u / quads;
  ${each((head) => `var peak${head} = -1e30; var sum${head} = 0.0; var out${head} = vec4<f32>();`)}
  for (var first = 0u; first <= last; first += ${positions}u) {
    let count = min(${positions}u, last + 1u - first);
    ${pairs((head, i) => `var s${head}_${i} = 0.0;`)}
    for (var k = 0u; k < quads; k++) {
      ${each((head) => `let q${head} = queries[${head}u * quads + k];`)}
      ${unroll(perLane, (i) => `let k${i} = cached(first + min(lane + ${i * lanes}u, count - 1u), k);`)}
      ${pairs((head, i) => `s${head}_${i} += dot(q${head}, k${i});`)}
    }
    // What is past the last position stands for the last one again, which leaves the maximum as it is.
    var mine = vec4<f32>(-1e30);
    ${pairs((head, i) => `${lanesOf('mine', head)} = max(${lanesOf('mine', head)}, s${head}_${i});`)}
    peaks[lane] = mine;
    ${reduceLanes('peaks', lanes, 'max')}
    let highest = peaks[0];
    ${each(
      (head) => `let higher${head} = max(peak${head}, ${lanesOf('highest', head)});
    let keep${head} = exp(peak${head} - higher${head});
    peak${head} = higher${head}; sum${head} *= keep${head}; out${head} *= keep${head};`,
    )}
    ${pairs((head, i) => `weights[${head * positions + i * lanes}u + lane] = exp(s${head}_${i} - peak${head});`)}
    workgroupBarrier();
    if (split < splits) {
      for (var i = split; i < count; i += splits) {
        let value = cached(first + i, quads + quad);
        ${each(
          (head) => `let w${head} = weights[${head * positions}u + i];
        sum${head} += w${head}; out${head} += w${head} * value;`,
        )}
      }
    }
    workgroupBarrier();
  }
  ${each((head) => `values[${head * lanes}u + lane] = out${head}; weights[${head * lanes}u + lane] = sum${head};`)}
  workgroupBarrier();
  let outStart = (slot * u.heads + keyHead * sharing + firstHead) * quads;
  for (var i = lane; i < chunkHeads * quads; i += ${lanes}u) {
    let place = i / quads * ${lanes}u + i % quads;
    var sum = 0.0;
    var total = vec4<f32>();
    for (var part = 0u; part < splits; part++) {
      sum += weights[place + part * quads];
      total += values[place + part * quads];
    }
    out[outStart + i] = total / sum;
  }`,
  }));
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
