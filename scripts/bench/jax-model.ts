/**
 * The bench's model in jax-js, as its user writes it: pure functions over a tree of arrays, one jit for
 * a whole training step and one for a whole token. jax-js counts references: a function consumes its
 * arguments, and `.ref` is one more use.
 *
 * What it cannot do shapes this. There is no dynamic slice update, so a token's keys and values are put
 * into their place of the static cache by a `where` over all of it. And its jit does not compile the
 * gradient of a gather ("routine primitive scatter input is not imm"), so rows of the embedding and
 * log-probabilities are chosen by one-hot rows.
 */
import type { Array as JaxArray } from '@jax-js/jax';
import type { NamedArray } from '../../src/engine/files';
import type { PolicyConfig } from '../../src/engine/policy/config';

/** The module `@jax-js/jax`: it comes in as an argument, since a bundle cannot hold its lazy parts. */
export type Jax = typeof import('@jax-js/jax');

// Type aliases, not interfaces: jax-js asks for them.
type Layer = {
  norm1: JaxArray;
  qkv: JaxArray;
  qkvBias: JaxArray;
  output: JaxArray;
  norm2: JaxArray;
  gateUp: JaxArray;
  down: JaxArray;
};

export type JaxParameters = { embedding: JaxArray; norm: JaxArray; layers: Layer[] };

/** A rotation's cosines and sines, [1, T, 1, C]. */
export type Rotation = { cos: JaxArray; sin: JaxArray };

/** Keys and values of a layer, [rows, positions, K, C]. */
export type Cache = { keys: JaxArray; values: JaxArray };

/** A batch of equally long rollouts; per token (rows · T), completions only but `ids`. */
export type JaxBatch = {
  /** [rows · (P + T)] */
  ids: JaxArray;
  targets: JaxArray;
  oldLogprobs: JaxArray;
  advantages: JaxArray;
  weights: JaxArray;
};

export interface Shape {
  readonly rows: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** From weights under HF names; linear ones lie as [in, out]. */
export function jaxParameters(
  { numpy: np }: Jax,
  config: PolicyConfig,
  weights: readonly NamedArray[],
): JaxParameters {
  const byName = new Map(weights.map((array) => [array.name, array]));
  const load = (name: string) => {
    const { data, shape } = byName.get(name)!;
    return np.array(data, { shape: [...shape] });
  };
  const joined = (names: readonly string[]) => np.concatenate(names.map(load), 0);
  const layers = Array.from({ length: config.layers }, (_, index): Layer => {
    const prefix = `model.layers.${index}`;
    const projections = ['q', 'k', 'v'].map((name) => `${prefix}.self_attn.${name}_proj`);
    return {
      norm1: load(`${prefix}.input_layernorm.weight`),
      qkv: joined(projections.map((name) => `${name}.weight`)).transpose(),
      qkvBias: joined(projections.map((name) => `${name}.bias`)),
      output: load(`${prefix}.self_attn.o_proj.weight`).transpose(),
      norm2: load(`${prefix}.post_attention_layernorm.weight`),
      gateUp: joined(['gate', 'up'].map((name) => `${prefix}.mlp.${name}_proj.weight`)).transpose(),
      down: load(`${prefix}.mlp.down_proj.weight`).transpose(),
    };
  });
  return { embedding: load('model.embed_tokens.weight'), norm: load('model.norm.weight'), layers };
}

/** For positions 0 … length − 1. */
export function rotationTable({ numpy: np }: Jax, config: PolicyConfig, length: number): Rotation {
  const { headWidth, ropeTheta } = config;
  const table = (of: (angle: number) => number) =>
    np.array(
      Float32Array.from({ length: length * headWidth }, (_, index) => {
        const pair = index % (headWidth / 2);
        return of(Math.floor(index / headWidth) * ropeTheta ** ((-2 * pair) / headWidth));
      }),
      { shape: [1, length, 1, headWidth] },
    );
  return { cos: table(Math.cos), sin: table(Math.sin) };
}

/** How a layer's rotated queries see the keys and values, all [rows, T, heads, C]. */
type Attend = (layer: number, queries: JaxArray, keys: JaxArray, values: JaxArray) => JaxArray;

/** The forward pass, and what is built on it; everything in here may be traced. */
export function jaxModel(jax: Jax, config: PolicyConfig) {
  const { numpy: np, nn } = jax;
  const { hiddenSize, heads, keyValueHeads, headWidth, mlpWidth } = config;

  const normalize = (x: JaxArray, weight: JaxArray) => {
    const mean = np.mean(np.square(x.ref), -1, { keepdims: true });
    return x.mul(np.reciprocal(np.sqrt(mean.add(config.normEpsilon)))).mul(weight);
  };

  const rotate = (x: JaxArray, { cos, sin }: Rotation) => {
    const [first, second] = np.split(x.ref, 2, -1) as [JaxArray, JaxArray];
    return x.mul(cos).add(np.concatenate([second.neg(), first], -1).mul(sin));
  };

  /** Hidden states after the final norm, [rows · T, D], and the head. Consumes all arguments. */
  function forward(
    parameters: JaxParameters,
    ids: JaxArray,
    rows: number,
    rotation: Rotation,
    attend: Attend,
  ) {
    const { embedding, norm, layers } = parameters;
    const tokens = ids.shape[0]!;
    const length = tokens / rows;
    let x = np.matmul(nn.oneHot(ids, config.vocabularySize), embedding.ref);
    layers.forEach((layer, index) => {
      const qkv = np.matmul(normalize(x.ref, layer.norm1), layer.qkv).add(layer.qkvBias);
      const all = qkv.reshape([rows, length, heads + 2 * keyValueHeads, headWidth]);
      const [q, k, v] = np.split(all, [heads, heads + keyValueHeads], 2) as [JaxArray, JaxArray, JaxArray];
      const turn = (y: JaxArray) => rotate(y, { cos: rotation.cos.ref, sin: rotation.sin.ref });
      const mixed = attend(index, turn(q), turn(k), v).reshape([tokens, heads * headWidth]);
      x = x.add(np.matmul(mixed, layer.output));
      const gateUp = np.matmul(normalize(x.ref, layer.norm2), layer.gateUp);
      const [gate, up] = np.split(gateUp, [mlpWidth], 1) as [JaxArray, JaxArray];
      x = x.add(np.matmul(nn.silu(gate).mul(up), layer.down));
    });
    jax.tree.dispose(rotation);
    return { hidden: normalize(x, norm), head: embedding };
  }

  const causal: Attend = (_, q, k, v) => nn.dotProductAttention(q, k, v, { isCausal: true });
  const logitsOf = (hidden: JaxArray, head: JaxArray) => np.matmul(hidden, head.transpose());

  /** Σ w · −min(ratio · Â, clip(ratio) · Â). Consumes all arguments. */
  function loss(
    parameters: JaxParameters,
    batch: JaxBatch,
    rotation: Rotation,
    { rows, promptTokens, completionTokens }: Shape,
    [low, high]: readonly [number, number],
  ): JaxArray {
    const length = promptTokens + completionTokens;
    const { hidden, head } = forward(parameters, batch.ids, rows, rotation, causal);
    const before = hidden
      .reshape([rows, length, hiddenSize])
      .slice([], [promptTokens - 1, length - 1])
      .reshape([rows * completionTokens, hiddenSize]);
    const logSoftmax = nn.logSoftmax(logitsOf(before, head));
    const chosen = logSoftmax.mul(nn.oneHot(batch.targets, config.vocabularySize)).sum(-1);
    const ratio = np.exp(chosen.sub(batch.oldLogprobs));
    const clipped = np.clip(ratio.ref, 1 - low, 1 + high);
    const gain = np.minimum(ratio.mul(batch.advantages.ref), clipped.mul(batch.advantages));
    return gain.mul(batch.weights).sum().neg();
  }

  /** The prompts: logits [rows, V] after each, and caches with room for `capacity` positions. */
  function prefill(
    parameters: JaxParameters,
    ids: JaxArray,
    rotation: Rotation,
    rows: number,
    capacity: number,
  ): { logits: JaxArray; caches: Cache[] } {
    const length = ids.shape[0]! / rows;
    const caches: Cache[] = [];
    const widen = (x: JaxArray) =>
      np.pad(x, [
        [0, 0],
        [0, capacity - length],
        [0, 0],
        [0, 0],
      ]);
    const { hidden, head } = forward(parameters, ids, rows, rotation, (_, q, k, v) => {
      caches.push({ keys: widen(k.ref), values: widen(v.ref) });
      return nn.dotProductAttention(q, k, v, { isCausal: true });
    });
    const last = hidden.reshape([rows, length, hiddenSize]).slice([], length - 1);
    return { logits: logitsOf(last, head), caches };
  }

  /** One token of every row at `position` (an int32 array of one value) → the same for the next. */
  function step(
    parameters: JaxParameters,
    caches: Cache[],
    ids: JaxArray,
    position: JaxArray,
    table: Rotation,
  ): { logits: JaxArray; caches: Cache[] } {
    const rows = ids.shape[0]!;
    const capacity = caches[0]!.keys.shape[1]!;
    const places = np.arange(capacity).astype(np.int32);
    const here = np.equal(places.ref, position.ref).reshape([1, capacity, 1, 1]);
    const seen = np.lessEqual(places, position.ref).reshape([1, 1, 1, capacity]);
    const rotation = {
      cos: np.take(table.cos, position.ref, 1),
      sin: np.take(table.sin, position, 1),
    };
    const next: Cache[] = [];
    const { hidden, head } = forward(parameters, ids, rows, rotation, (layer, q, k, v) => {
      const cache = caches[layer]!;
      const keys = np.where(here.ref, k, cache.keys);
      const values = np.where(here.ref, v, cache.values);
      next.push({ keys: keys.ref, values: values.ref });
      return nn.dotProductAttention(q, keys, values, { mask: seen.ref });
    });
    here.dispose();
    seen.dispose();
    return { logits: logitsOf(hidden, head), caches: next };
  }

  return { loss, prefill, step };
}

export interface AdamW {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** 1 − learning rate · weight decay. */
  readonly decay: number;
  readonly learningRate: number;
}

/** A whole training step, to be compiled: → loss, parameters and moments after it. */
export function jaxTrainingStep(
  jax: Jax,
  config: PolicyConfig,
  shape: Shape,
  clip: readonly [number, number],
  { beta1, beta2, epsilon, decay, learningRate }: AdamW,
) {
  const { numpy: np, tree } = jax;
  const model = jaxModel(jax, config);
  /** `corrections`: 1 − β₁ᵗ and 1 − β₂ᵗ. */
  return (
    parameters: JaxParameters,
    m: JaxParameters,
    v: JaxParameters,
    batch: JaxBatch,
    rotation: Rotation,
    corrections: { first: JaxArray; second: JaxArray },
  ) => {
    const objective = (current: JaxParameters) => model.loss(current, batch, rotation, shape, clip);
    const [loss, gradient] = jax.valueAndGrad(objective)(tree.ref(parameters)) as unknown as [
      JaxArray,
      JaxParameters,
    ];
    const nextM = tree.map(
      (old: JaxArray, g: JaxArray) => old.mul(beta1).add(g.mul(1 - beta1)),
      m,
      tree.ref(gradient),
    ) as JaxParameters;
    const nextV = tree.map(
      (old: JaxArray, g: JaxArray) => old.mul(beta2).add(np.square(g).mul(1 - beta2)),
      v,
      gradient,
    ) as JaxParameters;
    const updated = tree.map(
      (parameter: JaxArray, first: JaxArray, second: JaxArray) => {
        const deviation = np.sqrt(second.div(corrections.second.ref)).add(epsilon);
        const direction = first.div(corrections.first.ref).div(deviation);
        return parameter.mul(decay).sub(direction.mul(learningRate));
      },
      parameters,
      tree.ref(nextM),
      tree.ref(nextV),
    ) as JaxParameters;
    tree.dispose(corrections);
    return { loss, parameters: updated, m: nextM, v: nextV };
  };
}
