/**
 * The sampler's shader: a workgroup per slot. Everything that the settings switch off is left out of the
 * text, so that sampling at a temperature alone reads the logits three times and searches nothing.
 *
 *   keys     The order of floats as the order of uint32s, −0 and 0 equal; 0 is below every float.
 *   cut      Kept are the tokens above the key `threshold`, and those of that key up to id `last`.
 *            Top-k, top-p and min-p each raise the cut. The key is found by bisection: of values first,
 *            which soon parts any two tokens, then of keys, which ends for any row. It ends early
 *            when the tokens on both sides are as many as they should be.
 *   draw     The row is divided into segments of consecutive tokens, of which SEGMENT_LANES lanes each
 *            sum the weights; the segment in which u·total falls is divided again, a share of consecutive
 *            tokens for each lane, and that share is walked through.
 */
import { type Kernel, kernel, reduceLanes } from '../../gpu';

export interface SamplerVariant {
  readonly lanes: number;
  readonly choice: 'greedy' | 'draw';
  readonly penalty: boolean;
  readonly topK: boolean;
  readonly topP: boolean;
  readonly minP: boolean;
}

const SEGMENT_LANES = 8;
/** Rounds that bisect values; the rest of the bisection halves the distance of keys. */
const VALUE_ROUNDS = 20;

export function samplerKernel(variant: SamplerVariant): Kernel {
  const { lanes, choice, penalty, topK, topP, minP } = variant;
  const parts = [choice, penalty && 'penalty', topK && 'top-k', topP && 'top-p', minP && 'min-p'];
  const name = ['sampler', ...parts.filter((part) => part !== false), lanes].join('-');
  return kernel(name, () => ({
    bindings: {
      logits: 'vec4<f32>',
      slotRow: 'u32',
      state: 'mut i32',
      stops: 'i32',
      tokens: 'mut i32',
      logprobs: 'mut u32',
      ...(penalty && { seen: 'mut u32' as const }),
    },
    uniforms: {
      slots: 'u32',
      rows: 'u32',
      vocabulary: 'u32',
      strideQuads: 'u32',
      stopCount: 'u32',
      maxTokens: 'u32',
      inverseTemperature: 'f32',
      penalty: 'f32',
      inversePenalty: 'f32',
      topK: 'u32',
      topP: 'f32',
      minPDistance: 'f32',
      seed: 'u32',
      stream: 'u32',
    },
    workgroupSize: lanes,
    declarations: [
      SHARED(lanes),
      KEYS,
      scores(penalty),
      lanesFunctions(lanes),
      choice === 'draw' ? THREEFRY : '',
      choice === 'draw' ? draw(variant) : GREEDY,
      choice === 'draw' && (topK || topP) ? bisection(topP) : '',
      finish(penalty),
    ].join('\n'),
    main: main(variant),
  }));
}

const SHARED = (lanes: number) => `
const LANES = ${lanes}u;
const SEGMENTS = ${lanes / SEGMENT_LANES}u;
const EVERYTHING = 0xffffffffu;
const INFINITY_KEY = 0xff800000u;
const MINUS_INFINITY_KEY = 0x007fffffu;
const BLOCK = 16u;
const STATE_WIDTH = 8u;
var<workgroup> pairs: array<vec2<f32>, ${lanes}>;
var<workgroup> words: array<u32, ${lanes}>;
var<workgroup> chosen: u32;
var<private> rowQuad: u32;
var<private> seenStart: u32;
var<private> firstQuad: u32;
var<private> endQuad: u32;`;

const KEYS = `
fn keysOf(values: vec4<f32>) -> vec4<u32> {
  let given = bitcast<vec4<u32>>(values);
  let bits = select(given, vec4<u32>(0u), given == vec4<u32>(0x80000000u));
  return select(bits | vec4<u32>(0x80000000u), ~bits, bits >= vec4<u32>(0x80000000u));
}
fn keyOf(value: f32) -> u32 { return keysOf(vec4<f32>(value)).x; }
fn valueOf(key: u32) -> f32 {
  return bitcast<f32>(select(~key, key ^ 0x80000000u, key >= 0x80000000u));
}
fn idsOf(quad: u32) -> vec4<u32> { return vec4<u32>(4u * quad) + vec4<u32>(0u, 1u, 2u, 3u); }
/** 0 for what lies beyond the vocabulary. */
fn within(keys: vec4<u32>, quad: u32) -> vec4<u32> {
  return select(vec4<u32>(0u), keys, idsOf(quad) < vec4<u32>(u.vocabulary));
}
fn isNan(values: vec4<f32>) -> vec4<bool> {
  return (bitcast<vec4<u32>>(values) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u);
}
fn highestOf(keys: vec4<u32>) -> u32 { return max(max(keys.x, keys.y), max(keys.z, keys.w)); }
fn weightsOf(values: vec4<f32>, highest: f32, keys: vec4<u32>) -> vec4<f32> {
  let weights = exp((values - highest) * u.inverseTemperature);
  return select(weights, vec4<f32>(0.0), keys <= vec4<u32>(MINUS_INFINITY_KEY));
}
fn sumOf(values: vec4<f32>) -> f32 { return (values.x + values.y) + (values.z + values.w); }`;

/** The logits after the repetition penalty. */
const scores = (penalty: boolean) =>
  penalty
    ? `
fn scoresOf(quad: u32) -> vec4<f32> {
  let values = logits[rowQuad + quad];
  let word = seen[seenStart + (quad >> 3u)] >> ((quad & 7u) * 4u);
  let isSeen = ((vec4<u32>(word) >> vec4<u32>(0u, 1u, 2u, 3u)) & vec4<u32>(1u)) == vec4<u32>(1u);
  let weakened = select(values * u.penalty, values * u.inversePenalty, values > vec4<f32>(0.0));
  return select(values, weakened, isSeen);
}`
    : 'fn scoresOf(quad: u32) -> vec4<f32> { return logits[rowQuad + quad]; }';

const lanesFunctions = (lanes: number) => `
/** Over all lanes, for all lanes; call in uniform control flow, as the next three. */
fn sumPairs(lane: u32, mine: vec2<f32>) -> vec2<f32> {
  pairs[lane] = mine;
  ${reduceLanes('pairs', lanes)}
  return workgroupUniformLoad(&pairs[0]);
}
fn highestOverLanes(lane: u32, mine: u32) -> u32 {
  words[lane] = mine;
  ${reduceLanes('words', lanes, 'max')}
  return workgroupUniformLoad(&words[0]);
}
fn lowestOverLanes(lane: u32, mine: u32) -> u32 { return ~highestOverLanes(lane, ~mine); }
/** The sum of e^((logit − highest)/T) over the row. */
fn softmaxTotal(lane: u32, highest: f32) -> f32 {
  var sum = 0.0;
  for (var quad = firstQuad; quad < endQuad; quad += ${SEGMENT_LANES}u) {
    let values = logits[rowQuad + quad];
    sum += sumOf(weightsOf(values, highest, within(keysOf(values), quad)));
  }
  return sumPairs(lane, vec2<f32>(sum, 0.0)).x;
}`;

/** As src/engine/random/threefry: the first word of 20 rounds. */
const THREEFRY = `
fn threefry(key0: u32, key1: u32, counter0: u32, counter1: u32) -> u32 {
  var keys = array<u32, 3>(key0, key1, 0x1bd11bdau ^ key0 ^ key1);
  var rotations = array<u32, 8>(13u, 15u, 26u, 6u, 17u, 29u, 16u, 24u);
  var x = counter0 + key0;
  var y = counter1 + key1;
  for (var round = 0u; round < 20u; round++) {
    let distance = rotations[round % 8u];
    x += y;
    y = ((y << distance) | (y >> (32u - distance))) ^ x;
    if (round % 4u == 3u) {
      let injection = (round + 1u) / 4u;
      x += keys[injection % 3u];
      y += keys[(injection + 1u) % 3u] + injection;
    }
  }
  return x;
}`;

const GREEDY = `
/** The lowest id of that key. */
fn firstOf(lane: u32, key: u32) -> u32 {
  var first = EVERYTHING;
  for (var quad = firstQuad; quad < endQuad; quad += ${SEGMENT_LANES}u) {
    let found = within(keysOf(logits[rowQuad + quad]), quad) == vec4<u32>(key);
    let ids = select(vec4<u32>(EVERYTHING), idsOf(quad), found);
    first = min(first, ~highestOf(~ids));
  }
  return lowestOverLanes(lane, first);
}`;

/** Weights after the cut, and the draw among them. */
const draw = ({ topK, topP, minP }: SamplerVariant) => {
  const cut = topK || topP || minP;
  return `
var<private> highestScore: f32;
var<private> threshold: u32;
var<private> last: u32;
fn keptWeights(quad: u32) -> vec4<f32> {
  let values = scoresOf(quad);
  let keys = within(keysOf(values), quad);
  let weights = weightsOf(values, highestScore, keys);
  ${
    cut
      ? `let ties = (keys == vec4<u32>(threshold)) & (idsOf(quad) <= vec4<u32>(last));
  return select(vec4<f32>(0.0), weights, (keys > vec4<u32>(threshold)) | ties);`
      : 'return weights;'
  }
}
/** The token at which the weights so far exceed position · total. */
fn tokenAt(lane: u32, position: f32, quads: u32, segmentQuads: u32) -> u32 {
  var sum = 0.0;
  for (var quad = firstQuad; quad < endQuad; quad += ${SEGMENT_LANES}u) { sum += sumOf(keptWeights(quad)); }
  pairs[lane].x = sum;
  workgroupBarrier();
  if (lane < SEGMENTS) {
    var segment = 0.0;
    for (var part = 0u; part < ${SEGMENT_LANES}u; part++) { segment += pairs[lane * ${SEGMENT_LANES}u + part].x; }
    pairs[lane].y = segment;
  }
  workgroupBarrier();
  if (lane == 0u) {
    var total = 0.0;
    for (var segment = 0u; segment < SEGMENTS; segment++) { total += pairs[segment].y; }
    drawn = findPart(1u, SEGMENTS, position * total);
  }
  workgroupBarrier();
  let start = drawn.part * segmentQuads;
  let end = min(start + segmentQuads, quads);
  let share = (segmentQuads + LANES - 1u) / LANES;
  sum = 0.0;
  for (var quad = start + lane * share; quad < min(start + (lane + 1u) * share, end); quad++) {
    sum += sumOf(keptWeights(quad));
  }
  pairs[lane].x = sum;
  workgroupBarrier();
  var token = 0u;
  if (lane == 0u) {
    let inside = findPart(0u, LANES, drawn.remaining);
    var remaining = inside.remaining;
    for (var quad = start + inside.part * share; quad < min(start + (inside.part + 1u) * share, end); quad++) {
      let weights = keptWeights(quad);
      for (var i = 0u; i < 4u; i++) {
        if (weights[i] == 0.0 || remaining < 0.0) { continue; }
        token = 4u * quad + i;
        remaining -= weights[i];
      }
    }
  }
  return token;
}
struct Part { part: u32, remaining: f32 }
var<workgroup> drawn: Part;
/** The first part at which the sum so far exceeds the target, or the last one that is not empty. */
fn findPart(field: u32, count: u32, target_: f32) -> Part {
  var found = Part(0u, target_);
  var remaining = target_;
  for (var part = 0u; part < count; part++) {
    let sum = pairs[part][field];
    if (sum == 0.0) { continue; }
    found = Part(part, remaining);
    remaining -= sum;
    if (remaining < 0.0) { break; }
  }
  return found;
}`;
};

const bisection = (masses: boolean) => `
/** How many tokens have at least that key, and their weights. */
fn above(lane: u32, key: u32) -> vec2<f32> {
  var found = vec2<f32>(0.0);
  for (var quad = firstQuad; quad < endQuad; quad += ${SEGMENT_LANES}u) {
    let values = scoresOf(quad);
    let keys = within(keysOf(values), quad);
    let isAbove = keys >= vec4<u32>(key);
    if (!any(isAbove)) { continue; }
    found.x += sumOf(select(vec4<f32>(0.0), vec4<f32>(1.0), isAbove));
    ${masses ? 'found.y += sumOf(select(vec4<f32>(0.0), weightsOf(values, highestScore, keys), isAbove));' : ''}
  }
  return sumPairs(lane, found);
}
fn between(low: u32, high: u32, round: u32) -> u32 {
  let middle = low + (high - low) / 2u;
  if (round >= ${VALUE_ROUNDS}u || low <= MINUS_INFINITY_KEY) { return middle; }
  let key = keyOf(0.5 * valueOf(low) + 0.5 * valueOf(high));
  return select(middle, key, key > low && key < high);
}
/** The id of the token with which there are so many of that key. */
fn idOfTie(lane: u32, key: u32, places: f32) -> u32 {
  var before = 0u;
  var end = u.vocabulary;
  while (before < end) {
    let middle = (before + end) / 2u;
    var count = 0.0;
    for (var quad = firstQuad; quad < endQuad; quad += ${SEGMENT_LANES}u) {
      let found = (keysOf(scoresOf(quad)) == vec4<u32>(key)) & (idsOf(quad) <= vec4<u32>(middle));
      count += sumOf(select(vec4<f32>(0.0), vec4<f32>(1.0), found));
    }
    if (sumPairs(lane, vec2<f32>(count, 0.0)).x >= places) { end = middle; } else { before = middle + 1u; }
  }
  return before;
}`;

const TOP_K = `
  {
    var low = lowestKey;
    var high = highestScoreKey + 1u;
    var highCount = 0.0;
    let wanted = f32(u.topK);
    for (var round = 0u; round < 64u && high - low > 1u && candidates != wanted; round++) {
      let middle = between(low, high, round);
      let found = above(lane, middle).x;
      if (found >= wanted) { low = middle; candidates = found; } else { high = middle; highCount = found; }
    }
    cutKey = low;
    if (candidates > wanted) { cutId = idOfTie(lane, low, wanted - highCount); candidates = wanted; }
  }`;

const TOP_P = `
  {
    threshold = cutKey;
    last = cutId;
    var sum = 0.0;
    for (var quad = firstQuad; quad < endQuad; quad += ${SEGMENT_LANES}u) { sum += sumOf(keptWeights(quad)); }
    let wanted = u.topP * sumPairs(lane, vec2<f32>(sum, 0.0)).x;
    var low = cutKey;
    var lowCount = candidates;
    var high = highestScoreKey + 1u;
    var above_ = vec2<f32>(0.0);
    for (var round = 0u; round < 64u && high - low > 1u && lowCount - above_.x > 1.0; round++) {
      let middle = between(low, high, round);
      let found = above(lane, middle);
      if (found.y >= wanted) { low = middle; lowCount = found.x; } else { high = middle; above_ = found; }
    }
    if (low > cutKey) { cutId = EVERYTHING; }
    cutKey = low;
    let ties = lowCount - above_.x;
    if (ties > 1.0) {
      let weight = exp((valueOf(low) - valueOf(highestScoreKey)) * u.inverseTemperature);
      let places = clamp(ceil((wanted - above_.y) / weight), 1.0, ties);
      if (places < ties) { cutId = idOfTie(lane, low, places); }
    }
  }`;

const MIN_P = `
  {
    let key = keyOf(highestScore + u.minPDistance);
    if (key > cutKey) { cutKey = key; cutId = EVERYTHING; }
  }`;

const finish = (penalty: boolean) => `
/** One lane's work: the token goes to the ring and the state. */
fn finish(row: u32, token: u32, logprob: u32, ends: bool) {
  let at = row * STATE_WIDTH;
  let generated = u32(state[at + 1u]);
  var done = ends || generated + 1u >= u.maxTokens;
  for (var i = 0u; i < u.stopCount; i++) { done = done || stops[i] == i32(token); }
  let place = (generated % BLOCK) * u.rows + row;
  tokens[place] = i32(token);
  logprobs[place] = logprob;
  state[at] = i32(token);
  state[at + 1u] = i32(generated + 1u);
  state[at + 2u] = select(0, 1, done);
  ${penalty ? 'seen[seenStart + token / 32u] |= 1u << (token % 32u);' : ''}
}
fn valueAt(token: u32) -> f32 { return logits[rowQuad + token / 4u][token % 4u]; }`;

const main = ({ choice, penalty, topK, topP, minP }: SamplerVariant) => `
  if (group >= u.slots) { return; }
  let row = slotRow[group];
  if (lane == 0u) { chosen = u32(state[row * STATE_WIDTH + 2u]); }
  if (workgroupUniformLoad(&chosen) != 0u) { return; }
  rowQuad = group * u.strideQuads;
  seenStart = row * ((u.vocabulary + 31u) / 32u);
  let quads = (u.vocabulary + 3u) / 4u;
  let segmentQuads = (quads + SEGMENTS - 1u) / SEGMENTS;
  let segment = lane / ${SEGMENT_LANES}u;
  firstQuad = segment * segmentQuads + lane % ${SEGMENT_LANES}u;
  endQuad = min((segment + 1u) * segmentQuads, quads);

  var mine = 0u;
  ${penalty ? 'var mineOfScores = 0u;' : ''}
  ${topK ? 'var lowest = EVERYTHING;' : ''}
  for (var quad = firstQuad; quad < endQuad; quad += ${SEGMENT_LANES}u) {
    let values = logits[rowQuad + quad];
    let keys = select(keysOf(values), vec4<u32>(EVERYTHING), isNan(values));
    mine = max(mine, highestOf(within(keys, quad)));
    ${penalty ? 'mineOfScores = max(mineOfScores, highestOf(within(keysOf(scoresOf(quad)), quad)));' : ''}
    ${topK ? 'lowest = min(lowest, ~highestOf(within(~keysOf(scoresOf(quad)), quad)));' : ''}
  }
  let highestKey = highestOverLanes(lane, mine);
  if (highestKey >= INFINITY_KEY || highestKey <= MINUS_INFINITY_KEY) {
    if (lane == 0u) { finish(row, 0u, 0x7fc00000u, true); }
    return;
  }
  let highest = valueOf(highestKey);
  let logTotal = log(softmaxTotal(lane, highest));
${choice === 'greedy' ? CHOOSE_GREEDY : chooseByDraw(penalty, topK, topP, minP)}
  if (lane == 0u) {
    let logprob = (valueAt(token) - highest) * u.inverseTemperature - logTotal;
    finish(row, token, bitcast<u32>(logprob), false);
  }`;

const CHOOSE_GREEDY = '  let token = firstOf(lane, highestKey);';

const chooseByDraw = (penalty: boolean, topK: boolean, topP: boolean, minP: boolean) => `
  let highestScoreKey = ${penalty ? 'highestOverLanes(lane, mineOfScores)' : 'highestKey'};
  highestScore = valueOf(highestScoreKey);
  var cutKey = 0u;
  var cutId = EVERYTHING;
  ${topK || topP ? 'var candidates = f32(u.vocabulary);' : ''}
  ${topK ? 'let lowestKey = lowestOverLanes(lane, lowest);' : ''}
  ${topK ? TOP_K : ''}
  ${topP ? TOP_P : ''}
  ${minP ? MIN_P : ''}
  threshold = cutKey;
  last = cutId;
  let at = row * STATE_WIDTH;
  let word = threefry(u.seed, u.stream, u32(state[at + 5u]), u32(state[at + 1u]));
  let token = tokenAt(lane, f32(word >> 8u) * 5.9604644775390625e-8, quads, segmentQuads);`;
