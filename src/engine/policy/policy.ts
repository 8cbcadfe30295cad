/**
 * The policy: a Llama or Qwen2 causal language model in plain TensorFlow.js ops, trained in full or by
 * LoRA. This is the reference implementation for every backend. It owns its tensors; values leave it
 * in Hugging Face's names and orientation.
 */
import { StudioError } from '../../protocol/errors';
import type { NamedArray } from '../files';
import { assertShape, constant, matmul, tf, trimGpuPool } from '../tensor';
import type { PolicyConfig } from './config';
import { type Decoder, type PrefillOptions, startDecoder } from './decoder';
import {
  type Between,
  type CompletionDistribution,
  completionDistribution,
  completionDistributionInPieces,
  type TokenBatch,
} from './forward';
import type { HeadOptions } from './head';
import type { ForwardModel, LoraFactors } from './layers';
import { adapterConfig, type LoraSettings, loraScale, loraSpecs } from './lora';
import { layoutOf, type ParameterEntry, type ParameterLayout, sizeOf, weightSpecs } from './parameters';
import { type ForwardPieces, forwardPieces } from './pieces';
import type { PolicySource } from './source';
import { fromDevice, loadTensors, type TensorMap, toDevice } from './weights';

export interface Policy {
  readonly config: PolicyConfig;
  /** `config.json` as it was loaded. */
  readonly configJson: string;
  /** null: no adapter. */
  readonly lora: LoraSettings | null;
  /** Of what trains: the adapter if there is one, else all weights; nothing in a frozen copy. */
  readonly layout: ParameterLayout;
  /** Current values in layout order and in the device's orientation; owned by the policy. */
  trainable(): readonly tf.Tensor[];
  /** Takes ownership of new values in layout order and disposes of the old ones. */
  assignTrainable(values: readonly tf.Tensor[]): void;
  /**
   * Log-probability of each completion token at `temperature`, in nats, and the entropy of its
   * distribution: (N, T) each; meaningless where the token is padding. Differentiable in `parameters`,
   * which stand for the current values in layout order. `adapter: false`: LoRA off.
   */
  tokenLogprobs(
    batch: TokenBatch,
    options: {
      readonly temperature: number;
      readonly adapter?: boolean;
      readonly parameters?: readonly tf.Tensor[];
      readonly entropy?: boolean;
    },
  ): CompletionDistribution;
  /** The same, not differentiable; awaits `between` between its pieces. */
  tokenLogprobsInPieces(
    batch: TokenBatch,
    options: { readonly temperature: number; readonly adapter?: boolean },
    between: Between,
  ): Promise<CompletionDistribution>;
  /** `tokenLogprobs` for training, piece by piece. */
  tokenLogprobPieces(batch: TokenBatch, options: Omit<HeadOptions, 'headTrains'>): ForwardPieces;
  /** Runs the prompts (token ids, none empty); the weights must not change before the decoder is disposed of. */
  startDecoding(
    prompts: readonly (readonly number[])[],
    options?: PrefillOptions & { readonly adapter?: boolean },
  ): Promise<Decoder>;
  /** The policy as it is now, adapter included, to be read only; shares memory until this one is updated. */
  frozenCopy(): Policy;
  /** All weights under HF names, in HF orientation; `merged`: with the adapter folded in. */
  exportWeights(options: { readonly merged: boolean }): Promise<readonly NamedArray[]>;
  /** `adapter_config.json` and its tensors under PEFT's names; null without an adapter. */
  exportAdapter(): Promise<{ config: Record<string, unknown>; tensors: readonly NamedArray[] } | null>;
  dispose(): void;
}

/** Freed GPU memory kept for reuse from one update to the next. */
const MAX_FREE_GPU_BYTES = 2 ** 30;

/** Reads all that the source holds. */
export async function readPolicy(source: PolicySource): Promise<Policy> {
  const { config, configJson } = source;
  const weights = await loadTensors(source.weights);
  try {
    const adapter = source.adapter && {
      settings: source.adapter.settings,
      tensors: await loadTensors(source.adapter.factors),
    };
    if (adapter === null || source.adapter!.trains)
      return createFrom({ config, configJson, weights, adapter, frozen: false });
    foldIn(config, weights, adapter);
    return createFrom({ config, configJson, weights, adapter: null, frozen: false });
  } catch (failure) {
    tf.dispose([...weights.values()]);
    throw failure;
  }
}

/** A fresh policy that trains in full: N(0, initializer_range) weights, unit norms, zero biases, as in transformers. */
export function createPolicy(config: PolicyConfig, random: () => number): Policy {
  const weights: TensorMap = new Map();
  for (const spec of weightSpecs(config)) {
    const values = new Float32Array(sizeOf(spec.shape));
    if (spec.name.endsWith('norm.weight')) values.fill(1);
    else if (!spec.name.endsWith('.bias')) fillNormal(values, config.initializerRange, random);
    weights.set(spec.name, toDevice(values, spec));
  }
  const configJson = `${JSON.stringify(config.json, null, 2)}\n`;
  return createFrom({ config, configJson, weights, adapter: null, frozen: false });
}

interface AdapterState {
  readonly settings: LoraSettings;
  readonly tensors: TensorMap;
}

interface PolicyState {
  readonly config: PolicyConfig;
  readonly configJson: string;
  readonly weights: TensorMap;
  readonly adapter: AdapterState | null;
  readonly frozen: boolean;
}

/** Takes ownership of the tensors. */
function createFrom({ config, configJson, weights, adapter, frozen }: PolicyState): Policy {
  const specs = weightSpecs(config);
  const adapterSpecs = adapter === null ? [] : loraSpecs(config, adapter.settings);
  const trained = adapter?.tensors ?? weights;
  const layout = layoutOf(frozen ? [] : adapter === null ? specs : adapterSpecs);

  function modelOf(current: TensorMap, adapterOn = true): ForwardModel {
    if (adapter === null) return { config, weights: current, adapter: null };
    return { config, weights, adapter: adapterOn ? adapterView(config, adapter.settings, current) : null };
  }

  return {
    config,
    configJson,
    lora: adapter?.settings ?? null,
    layout,
    trainable: () => layout.entries.map(({ name }) => trained.get(name)!),
    assignTrainable: (values) => {
      checkParameters(layout.entries, values);
      layout.entries.forEach(({ name }, index) => {
        const [old, value] = [trained.get(name)!, values[index]!];
        trained.set(name, tf.keep(value));
        if (old !== value) old.dispose();
      });
      trimGpuPool(MAX_FREE_GPU_BYTES);
    },
    tokenLogprobs: (batch, { temperature, adapter: adapterOn = true, parameters, entropy = false }) => {
      const current = parameters === undefined ? trained : substitute(trained, layout.entries, parameters);
      const model = modelOf(current, adapterOn);
      const headTrains = parameters !== undefined && adapter === null;
      return completionDistribution(model, batch, { temperature, entropy, headTrains });
    },
    tokenLogprobsInPieces: (batch, { temperature, adapter: adapterOn }, between) => {
      const options = { temperature, entropy: false, headTrains: false };
      return completionDistributionInPieces(modelOf(trained, adapterOn), batch, options, between);
    },
    tokenLogprobPieces: (batch, options) =>
      forwardPieces(config, layout, batch, { ...options, headTrains: adapter === null }, (...given) =>
        modelOf(substitute(trained, ...given)),
      ),
    startDecoding: (prompts, { adapter: adapterOn, ...options } = {}) =>
      startDecoder(modelOf(trained, adapterOn), prompts, options),
    frozenCopy: () => {
      const copied = adapter && { settings: adapter.settings, tensors: cloneAll(adapter.tensors) };
      return createFrom({ config, configJson, weights: cloneAll(weights), adapter: copied, frozen: true });
    },
    exportWeights: async ({ merged }) => {
      const arrays: NamedArray[] = [];
      for (const spec of specs) {
        const weight = tf.clone(weights.get(spec.name)!);
        const delta = merged && adapter !== null ? deltaOf(config, adapter, spec.name) : null;
        const exported = delta === null ? weight : tf.add(weight, delta);
        arrays.push(await fromDevice(exported, spec));
        tf.dispose([weight, delta ?? [], exported]);
      }
      return arrays;
    },
    exportAdapter: async () => {
      if (adapter === null) return null;
      const tensors: NamedArray[] = [];
      for (const spec of adapterSpecs) tensors.push(await fromDevice(adapter.tensors.get(spec.name)!, spec));
      const { _name_or_path: name } = config.json;
      return { config: adapterConfig(adapter.settings, typeof name === 'string' ? name : null), tensors };
    },
    dispose: () => tf.dispose([...weights.values(), ...(adapter?.tensors.values() ?? [])]),
  };
}

function substitute(
  trained: TensorMap,
  entries: readonly ParameterEntry[],
  parameters: readonly tf.Tensor[],
): TensorMap {
  checkParameters(entries, parameters);
  const current = new Map(trained);
  entries.forEach(({ name }, index) => {
    current.set(name, parameters[index]!);
  });
  return current;
}

function adapterView(
  config: PolicyConfig,
  settings: LoraSettings,
  tensors: TensorMap,
): ForwardModel['adapter'] {
  const factors = new Map<string, LoraFactors>();
  const specs = loraSpecs(config, settings);
  for (let pair = 0; pair < specs.length; pair += 2) {
    const [a, b] = [specs[pair]!, specs[pair + 1]!].map(({ name }) => tensors.get(name) as tf.Tensor2D);
    factors.set(specs[pair]!.module, { a: a!, b: b! });
  }
  return { scale: loraScale(settings), factors };
}

/** What the adapter adds to a weight, in the device's orientation; null where it adds nothing. */
function deltaOf(
  config: PolicyConfig,
  { settings, tensors }: AdapterState,
  weight: string,
): tf.Tensor | null {
  const { factors, scale } = adapterView(config, settings, tensors)!;
  const pair = weight.endsWith('.weight') ? factors.get(weight.slice(0, -'.weight'.length)) : undefined;
  if (pair === undefined) return null;
  return tf.tidy(() => tf.mul(matmul(pair.a, pair.b), constant(scale)));
}

/** Adds the adapter to the weights and disposes of it. */
function foldIn(config: PolicyConfig, weights: TensorMap, adapter: AdapterState): void {
  for (const [name, weight] of weights) {
    const delta = deltaOf(config, adapter, name);
    if (delta === null) continue;
    weights.set(name, tf.keep(tf.add(weight, delta)));
    tf.dispose([weight, delta]);
  }
  tf.dispose([...adapter.tensors.values()]);
}

function cloneAll(tensors: TensorMap): TensorMap {
  return new Map([...tensors].map(([name, tensor]) => [name, tf.keep(tf.clone(tensor))]));
}

function checkParameters(entries: readonly ParameterEntry[], values: readonly tf.Tensor[]): void {
  if (values.length !== entries.length) {
    throw new StudioError({
      boundary: 'internal',
      code: 'parameter-count',
      message: `internal: expected ${entries.length} parameters, received ${values.length}.`,
    });
  }
  entries.forEach(({ name, shape }, index) => {
    assertShape(values[index]!, shape, name);
  });
}

/** Box-Muller over pairs of uniform draws. */
function fillNormal(values: Float32Array, std: number, random: () => number): void {
  for (let index = 0; index < values.length; index += 2) {
    const radius = std * Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    values[index] = radius * Math.cos(angle);
    if (index + 1 < values.length) values[index + 1] = radius * Math.sin(angle);
  }
}
