/**
 * One workgroup per row. A lane goes once through its share of the logits, keeping the largest so far
 * and the sums relative to it (Milakov and Gimelshein, "Online normalizer calculation for softmax",
 * arXiv 1805.02867, here with Σ e^y·y for the entropy too); the lanes' sums are joined by halves; then
 * every lane computes the token's loss, and writes its share of the gradient.
 *
 *   y = z − max z    S = Σ e^y    logprob = y[target] − log S    entropy = log S − Σ e^y·y / S
 *
 * Devices may take floats as finite, so what is not finite is found by its bits, and NaN comes in as a
 * uniform.
 */
import { LOG_RATIO_BOUND } from '../../crpo/loss';
import { type Kernel, type KernelSource, kernel, reduceLanes } from '../../gpu';

/** Invocations per row: each has some vectors to go through, or joining their sums is the larger part. */
export function lanesFor(stride: number): number {
  if (stride <= 2048) return 32;
  return stride <= 16_384 ? 64 : 256;
}

const UNIFORMS = {
  rows: 'u32',
  vocabulary: 'u32',
  vectors: 'u32',
  inverseTemperature: 'f32',
  nan: 'f32',
} as const;

const LOSS_UNIFORMS = {
  lowest: 'f32',
  highest: 'f32',
  dualClip: 'f32',
  klCoefficient: 'f32',
  klDistance: 'f32',
  klClamp: 'f32',
  entropyCoefficient: 'f32',
} as const;

export function statisticsKernel(lanes: number): Kernel {
  return kernel(`token-statistics-${lanes}`, () => ({
    bindings: { logits: 'vec4<f32>', targets: 'i32', statistics: 'mut vec4<f32>' },
    uniforms: UNIFORMS,
    workgroupSize: lanes,
    declarations: shared(lanes),
    main: `${distribution(lanes)}
      if (lane == 0u) {
        statistics[2u * group] = vec4<f32>(logprob, entropy, 0.0, 0.0);
        statistics[2u * group + 1u] = vec4<f32>();
      }`,
  }));
}

export function lossKernel(kind: 'crpo' | 'imitation', lanes: number): Kernel {
  return kernel(
    `token-loss-${kind}-${lanes}`,
    (): KernelSource => ({
      bindings: {
        logits: 'mut vec4<f32>',
        targets: 'i32',
        tokens: 'vec4<f32>',
        statistics: 'mut vec4<f32>',
      },
      uniforms: kind === 'crpo' ? { ...UNIFORMS, ...LOSS_UNIFORMS } : UNIFORMS,
      workgroupSize: lanes,
      declarations: `${shared(lanes)}${LOSS}${kind === 'crpo' ? CRPO : IMITATION}`,
      main: `${distribution(lanes)}
      let token = tokens[2u * group]; // log π_old, log π_ref, advantage, weight
      let counted = tokens[2u * group + 1u].x != 0.0;
      let flawed = counted && (broken || spoiled(token));
      var loss = TokenLoss();
      if (flawed) { loss = TokenLoss(u.nan, u.nan, u.nan, u.nan, 0.0, 0.0); }
      else if (counted) { loss = tokenLoss(logprob, entropy, token); }
      if (lane == 0u) {
        statistics[2u * group] = vec4<f32>(logprob, entropy, loss.value * token.w, loss.kl);
        statistics[2u * group + 1u] = vec4<f32>(loss.low, loss.high, 0.0, 0.0);
      }
      ${gradient(lanes)}`,
    }),
  );
}

/** What both kernels need around `distribution`. */
function shared(lanes: number): string {
  return `
    var<workgroup> tops: array<f32, ${lanes}>;
    var<workgroup> sums: array<vec4<f32>, ${lanes}>;

    // Of some logits: the largest, then of y, their distances to it, Σ e^y and Σ e^y·y.
    fn joined(known: vec3<f32>, z: vec4<f32>, live: vec4<bool>) -> vec3<f32> {
      let next = select(vec4<f32>(known.x), z, live);
      let top = max(known.x, max(max(next.x, next.y), max(next.z, next.w)));
      let y = next - top;
      let shares = select(vec4<f32>(), exp(y), live);
      let down = lowered(known, top);
      return vec3<f32>(top, down.x + dot(shares, vec4<f32>(1.0)), down.y + dot(shares, y));
    }

    // The two sums relative to another largest logit.
    fn lowered(part: vec3<f32>, top: f32) -> vec2<f32> {
      let y = part.x - top;
      return exp(y) * vec2<f32>(part.y, part.z + y * part.y);
    }

    fn notFinite(x: vec4<f32>) -> vec4<bool> {
      return (bitcast<vec4<u32>>(x) & vec4<u32>(0x7f800000u)) == vec4<u32>(0x7f800000u);
    }

    fn columns(vector: u32) -> vec4<u32> { return 4u * vector + vec4<u32>(0u, 1u, 2u, 3u); }
  `;
}

/** Leaves `base`, `target_column`, `top`, `logTotal`, `total`, `logprob`, `entropy`, `broken`. */
function distribution(lanes: number): string {
  return `
    if (group >= u.rows) { return; }
    let base = group * u.vectors;
    // A target outside the vocabulary reads the first logit and breaks the row.
    let wrong = targets[group] < 0 || u32(targets[group]) >= u.vocabulary;
    let target_column = select(u32(targets[group]), 0u, wrong);
    let chosen = logits[base + target_column / 4u][target_column % 4u] * u.inverseTemperature;
    // A real logit to begin with: a made-up minimum may be above all of them.
    var part = vec3<f32>(chosen, 0.0, 0.0);
    var flaws = wrong;
    for (var i = lane; 4u * i < u.vocabulary; i += ${lanes}u) {
      let raw = logits[base + i];
      let live = columns(i) < vec4<u32>(u.vocabulary);
      flaws = flaws || any(notFinite(raw) & live);
      part = joined(part, raw * u.inverseTemperature, live);
    }
    tops[lane] = part.x;
    ${reduceLanes('tops', lanes, 'max')}
    let top = tops[0];
    sums[lane] = vec4<f32>(lowered(part, top), select(0.0, 1.0, flaws), 0.0);
    ${reduceLanes('sums', lanes)}
    let total = sums[0].x;
    let broken = sums[0].z > 0.0;
    let logTotal = log(total);
    let logprob = select(chosen - top - logTotal, u.nan, broken);
    let entropy = select(logTotal - sums[0].y / total, u.nan, broken);
  `;
}

/**
 * Over the row: the gradient of `loss`, and 0 beyond the vocabulary. Needs no barrier before it: every
 * lane has read its logits, and the target's, before the barriers of `distribution`.
 */
function gradient(lanes: number): string {
  return `
    let scale = token.w * u.inverseTemperature;
    let byLogprob = loss.byLogprob * scale;
    let byEntropy = loss.byEntropy * scale;
    let none = !flawed && byLogprob == 0.0 && byEntropy == 0.0;
    for (var i = lane; i < u.vectors; i += ${lanes}u) {
      var slope = vec4<f32>();
      if (!none && 4u * i < u.vocabulary) {
        let y = logits[base + i] * u.inverseTemperature - top;
        let p = exp(y) / total;
        let own = select(vec4<f32>(), vec4<f32>(byLogprob), columns(i) == vec4<u32>(target_column));
        slope = own + p * (byEntropy * (logTotal - y - entropy) - byLogprob);
        slope = select(slope, vec4<f32>(u.nan), vec4<bool>(flawed));
        slope = select(vec4<f32>(), slope, columns(i) < vec4<u32>(u.vocabulary));
      }
      logits[base + i] = slope;
    }
  `;
}

const LOSS = `
  struct TokenLoss {
    value: f32,
    byLogprob: f32,
    byEntropy: f32,
    kl: f32,
    low: f32,
    high: f32,
  }
`;

const IMITATION = `
  fn spoiled(token: vec4<f32>) -> bool { return false; }

  fn tokenLoss(logprob: f32, entropy: f32, token: vec4<f32>) -> TokenLoss {
    return TokenLoss(-logprob, -1.0, 0.0, 0.0, 0.0, 0.0);
  }
`;

/**
 * Derivatives as autodiff has them in `crpo/loss.ts`: a clip passes them on its bounds too, and a
 * minimum of equals to its first argument. Where minimum takes the clipped product, the ratio is
 * outside its range, so nothing is left.
 */
const CRPO = `
  // A clamp may turn NaN into a number.
  fn spoiled(token: vec4<f32>) -> bool {
    let nans = (bitcast<vec4<u32>>(token) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u);
    return nans.x || nans.z || nans.w || (nans.y && u.klCoefficient != 0.0);
  }

  // e^d − 1 − d near 0, where the difference would be lost in the rounding of e^d.
  const NEAR = 0.35;
  fn excess(d: f32) -> f32 {
    let head = 1.0 / 2.0 + d * (1.0 / 6.0 + d * (1.0 / 24.0 + d * (1.0 / 120.0)));
    return d * d * (head + d * d * d * d * (1.0 / 720.0 + d * (1.0 / 5040.0 + d * (1.0 / 40320.0))));
  }

  fn tokenLoss(logprob: f32, entropy: f32, token: vec4<f32>) -> TokenLoss {
    let advantage = token.z;
    let moved = logprob - token.x;
    let held = clamp(moved, -${LOG_RATIO_BOUND}.0, ${LOG_RATIO_BOUND}.0);
    let ratio = select(exp(held), 1.0 + (held + excess(held)), abs(held) < NEAR);
    let plain = ratio * advantage;
    let clipped = clamp(ratio, u.lowest, u.highest) * advantage;
    var result = TokenLoss();
    result.value = -min(plain, clipped);
    var passes = abs(moved) <= ${LOG_RATIO_BOUND}.0 && plain <= clipped;
    if (advantage < 0.0) {
      let bound = -u.dualClip * advantage;
      passes = passes && result.value <= bound;
      result.value = min(result.value, bound);
    }
    result.byLogprob = select(0.0, -plain, passes);

    if (u.klCoefficient != 0.0) {
      let away = token.y - logprob;
      let d = clamp(away, -u.klDistance, u.klDistance);
      let near = abs(d) < NEAR;
      let estimate = select(exp(d) - d - 1.0, excess(d), near);
      let slope = select(exp(d) - 1.0, d + excess(d), near);
      result.kl = clamp(estimate, -u.klClamp, u.klClamp);
      result.value += u.klCoefficient * result.kl;
      if (abs(away) <= u.klDistance && estimate <= u.klClamp) {
        result.byLogprob -= u.klCoefficient * slope;
      }
    }
    if (u.entropyCoefficient != 0.0) {
      result.value -= u.entropyCoefficient * entropy;
      result.byEntropy = -u.entropyCoefficient;
    }
    result.low = select(0.0, 1.0, ratio < u.lowest && advantage < 0.0);
    result.high = select(0.0, 1.0, ratio > u.highest && advantage > 0.0);
    return result;
  }
`;
