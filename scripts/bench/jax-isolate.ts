/** jax-js in an isolate of its own: an entry, with `@jax-js/jax` itself as an argument. */
import type { Array as JaxArray } from '@jax-js/jax';
import {
  CASES,
  type IsolateRequest,
  type IsolateResult,
  type RolloutCase,
  type Side,
  type TrainingCase,
} from '../../src/engine/bench/cases';
import { measure } from '../../src/engine/bench/measure';
import {
  benchConfig,
  benchPrompts,
  benchRollouts,
  benchWeights,
  OBJECTIVE,
  OPTIMIZER,
} from '../../src/engine/bench/model';
import {
  type Cache,
  type Jax,
  type JaxParameters,
  jaxModel,
  jaxParameters,
  jaxTrainingStep,
  type Rotation,
  rotationTable,
} from './jax-model';

export async function measureHere(
  { caseName, backend, tensors, repeats, host }: IsolateRequest,
  jax: Jax,
): Promise<IsolateResult> {
  provideIteratorHelpers();
  if (!(await jax.init(backend)).includes(backend)) throw new Error(`jax-js did not start on ${backend}.`);
  jax.defaultDevice(backend);
  const benchCase = CASES[caseName];
  if (benchCase.kind === 'linear' || benchCase.kind === 'head')
    throw new Error('internal: jax-js is measured on whole models.');
  const side = benchCase.kind === 'training' ? trainingSide(jax, benchCase) : rolloutSide(jax, benchCase);
  const measurement = await measure(side, repeats, host);
  side.dispose();
  const adapter = await tensors.gpu?.requestAdapter();
  const { vendor, architecture, description } = adapter?.info ?? {};
  const name = [vendor, architecture, description].filter((word) => word).join(' ');
  return { adapter: backend === 'webgpu' ? name : 'CPU', measurement };
}

/** jax-js uses iterators' `map` and `filter` (ES2025), which Node has from version 22 on. */
function provideIteratorHelpers(): void {
  const prototype: object = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
  if ('map' in prototype) return;
  function* map<From, To>(this: Iterable<From>, change: (value: From) => To): Generator<To> {
    for (const value of this) yield change(value);
  }
  function* filter<T>(this: Iterable<T>, keep: (value: T) => boolean): Generator<T> {
    for (const value of this) if (keep(value)) yield value;
  }
  for (const [name, value] of Object.entries({ map, filter }))
    Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
}

function trainingSide(jax: Jax, { model: size, batch: shape }: TrainingCase): Side {
  const { numpy: np, tree } = jax;
  const config = benchConfig(size);
  const { learningRate, weightDecay, beta1, beta2, epsilon } = OPTIMIZER;
  const decay = 1 - learningRate * weightDecay;
  const step = jax.jit(
    jaxTrainingStep(jax, config, shape, [OBJECTIVE.settings.clipRangeLow, OBJECTIVE.settings.clipRangeHigh], {
      beta1,
      beta2,
      epsilon,
      decay,
      learningRate,
    }),
  );
  const rollouts = benchRollouts(config, shape);
  const rotation = rotationTable(jax, config, shape.promptTokens + shape.completionTokens);
  let parameters = jaxParameters(jax, config, benchWeights(config));
  const zeros = () => tree.map((x: JaxArray) => np.zeros(x.shape), parameters) as JaxParameters;
  let [m, v] = [zeros(), zeros()];
  const integers = (of: (rollout: (typeof rollouts)[number]) => readonly number[]) =>
    np.array(Int32Array.from(rollouts.flatMap(of)));
  const floats = (of: (rollout: (typeof rollouts)[number]) => ArrayLike<number>) =>
    np.array(Float32Array.from(rollouts.flatMap((rollout) => Array.from(of(rollout)))));
  const spread = (value: number) => new Array<number>(shape.completionTokens).fill(value);
  return {
    run: async (run) => {
      const batch = {
        ids: integers(({ promptTokens, completionTokens }) => [...promptTokens, ...completionTokens]),
        targets: integers(({ completionTokens }) => completionTokens),
        oldLogprobs: floats(({ oldLogprobs }) => oldLogprobs),
        advantages: floats(({ advantage }) => spread(advantage)),
        weights: floats(({ weight }) => spread(weight)),
      };
      const corrections = {
        first: np.array([1 - beta1 ** (run + 1)]),
        second: np.array([1 - beta2 ** (run + 1)]),
      };
      const after = step(parameters, m, v, batch, tree.ref(rotation) as Rotation, corrections);
      ({ parameters, m, v } = after);
      const [loss] = await after.loss.data();
      return loss!;
    },
    settle: async () => {
      await jax.blockUntilReady(parameters);
    },
    dispose: () => {
      for (const held of [parameters, m, v, rotation]) tree.dispose(held);
      step.dispose();
    },
  };
}

function rolloutSide(jax: Jax, { model: size, rows, promptTokens, tokens }: RolloutCase): Side {
  const { numpy: np, random, tree } = jax;
  const config = benchConfig(size);
  const model = jaxModel(jax, config);
  const capacity = promptTokens + tokens;
  const sample = (logits: JaxArray, key: JaxArray) => random.categorical(key, logits);
  const prefill = jax.jit((parameters: JaxParameters, ids: JaxArray, rotation: Rotation, key: JaxArray) => {
    const { logits, caches } = model.prefill(parameters, ids, rotation, rows, capacity);
    return { token: sample(logits, key), caches };
  });
  const next = jax.jit(
    (
      parameters: JaxParameters,
      caches: Cache[],
      ids: JaxArray,
      position: JaxArray,
      table: Rotation,
      key: JaxArray,
    ) => {
      const made = model.step(parameters, caches, ids, position, table);
      return { token: sample(made.logits, key), caches: made.caches };
    },
  );
  const parameters = jaxParameters(jax, config, benchWeights(config));
  const ofPrompt = rotationTable(jax, config, promptTokens);
  const table = rotationTable(jax, config, capacity);
  const prompts = Int32Array.from(benchPrompts(config, rows, promptTokens).flat());
  return {
    run: async () => {
      const held = () => tree.ref(parameters) as JaxParameters;
      let { token, caches } = prefill(
        held(),
        np.array(prompts),
        tree.ref(ofPrompt) as Rotation,
        random.key(0),
      );
      let sum = 0;
      for (let index = 1; ; index++) {
        // Read, as a rollout must, to see which rows have ended.
        const drawn = (await token.ref.data()) as Int32Array;
        for (const id of drawn) sum += id;
        if (index === tokens) break;
        const position = np.array(Int32Array.of(promptTokens + index - 1));
        const made = next(held(), caches, token, position, tree.ref(table) as Rotation, random.key(index));
        ({ token, caches } = made);
      }
      token.dispose();
      tree.dispose(caches);
      return sum;
    },
    settle: () => Promise.resolve(), // the last token has been read
    dispose: () => {
      for (const held of [parameters, ofPrompt, table]) tree.dispose(held);
      prefill.dispose();
      next.dispose();
    },
  };
}
