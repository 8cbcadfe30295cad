/**
 * Attention over packed sequences in plain loops, with the whole matrix of weights of a head at once:
 * the oracle of the shaders. Shapes are those of `index.ts`; it computes in float64 throughout.
 */

type Floats = Float32Array | Float64Array;

interface Shape {
  readonly rows: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headWidth: number;
}

interface Forward extends Shape {
  readonly qkv: Floats;
  /** [rows, 4]: position, ownStart, prefixStart, prefixEnd. */
  readonly segments: Int32Array;
}

interface Backward extends Forward {
  readonly dOut: Floats;
  /** [positions, headWidth / 2, 2]: cosine, sine. */
  readonly table: Floats;
}

export function attentionReference(call: Forward): { out: Float64Array; lse: Float64Array } {
  const { qkv, rows, heads, headWidth } = call;
  const out = new Float64Array(rows * heads * headWidth);
  const lse = new Float64Array(rows * heads);
  for (let head = 0; head < heads; head++) {
    const { value } = columns(call, head);
    const { weights, logSums } = softmaxOfHead(call, head);
    for (let row = 0; row < rows; row++) {
      lse[row * heads + head] = logSums[row]!;
      for (let other = 0; other < rows; other++) {
        const weight = weights[row * rows + other]!;
        if (weight === 0) continue;
        for (let i = 0; i < headWidth; i++) {
          out[(row * heads + head) * headWidth + i]! += weight * qkv[value(other) + i]!;
        }
      }
    }
  }
  return { out, lse };
}

/** The gradient of Σ out·dOut with respect to qkv before its rotation. */
export function attentionBackwardReference(call: Backward): Float64Array {
  const { qkv, dOut, rows, heads, headWidth } = call;
  const dQkv = new Float64Array(qkv.length);
  const scale = 1 / Math.sqrt(headWidth);
  for (let head = 0; head < heads; head++) {
    const { query, key, value } = columns(call, head);
    const { weights } = softmaxOfHead(call, head);
    for (let row = 0; row < rows; row++) {
      const at = (row * heads + head) * headWidth;
      const dWeights = Float64Array.from({ length: rows }, (_, other) =>
        dot(dOut, at, qkv, value(other), headWidth),
      );
      let mean = 0;
      for (let other = 0; other < rows; other++) mean += weights[row * rows + other]! * dWeights[other]!;
      for (let other = 0; other < rows; other++) {
        const weight = weights[row * rows + other]!;
        const dLogit = weight * (dWeights[other]! - mean) * scale;
        for (let i = 0; i < headWidth; i++) {
          dQkv[query(row) + i]! += dLogit * qkv[key(other) + i]!;
          dQkv[key(other) + i]! += dLogit * qkv[query(row) + i]!;
          dQkv[value(other) + i]! += weight * dOut[at + i]!;
        }
      }
    }
  }
  turnBack(call, dQkv);
  return dQkv;
}

/** Where a head's query, key and value of a row begin in qkv. */
function columns({ heads, keyValueHeads, headWidth }: Shape, head: number) {
  const stride = (heads + 2 * keyValueHeads) * headWidth;
  const shared = Math.floor(head / (heads / keyValueHeads));
  return {
    query: (row: number) => row * stride + head * headWidth,
    key: (row: number) => row * stride + (heads + shared) * headWidth,
    value: (row: number) => row * stride + (heads + keyValueHeads + shared) * headWidth,
  };
}

/** [rows, rows] weights of a head, 0 where a row does not attend; per row the log of Σ exp(logit). */
function softmaxOfHead(call: Forward, head: number): { weights: Float64Array; logSums: Float64Array } {
  const { qkv, segments, rows, headWidth } = call;
  const { query, key } = columns(call, head);
  const weights = new Float64Array(rows * rows);
  const logSums = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const [, ownStart, prefixStart, prefixEnd] = segments.subarray(row * 4, row * 4 + 4);
    const attended: number[] = [];
    for (let other = prefixStart!; other < prefixEnd!; other++) attended.push(other);
    for (let other = ownStart!; other <= row; other++) attended.push(other);
    const logits = attended.map(
      (other) => dot(qkv, query(row), qkv, key(other), headWidth) / Math.sqrt(headWidth),
    );
    const largest = Math.max(...logits);
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0);
    logSums[row] = largest + Math.log(total);
    attended.forEach((other, index) => {
      weights[row * rows + other] = Math.exp(logits[index]! - logSums[row]!);
    });
  }
  return { weights, logSums };
}

/** The transpose of the rotation of queries and keys by their positions, in place. */
function turnBack(
  { table, segments, rows, heads, keyValueHeads, headWidth }: Backward,
  gradient: Float64Array,
): void {
  const half = headWidth / 2;
  for (let row = 0; row < rows; row++) {
    for (let head = 0; head < heads + keyValueHeads; head++) {
      const start = (row * (heads + 2 * keyValueHeads) + head) * headWidth;
      for (let i = 0; i < half; i++) {
        const angle = (segments[row * 4]! * half + i) * 2;
        const [cosine, sine] = [table[angle]!, table[angle + 1]!];
        const [a, b] = [gradient[start + i]!, gradient[start + half + i]!];
        gradient[start + i] = a * cosine + b * sine;
        gradient[start + half + i] = b * cosine - a * sine;
      }
    }
  }
}

function dot(a: Floats, aStart: number, b: Floats, bStart: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += a[aStart + i]! * b[bStart + i]!;
  return sum;
}
