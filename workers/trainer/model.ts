/** A model folder, opened: its tokenizer, its weights, and what the page is told of it. */
import { TensorHash } from '../../src/engine/checkpoint/hash';
import type { Learner } from '../../src/engine/crpo/learner';
import { loadLearner } from '../../src/engine/crpo/open-learner';
import type { Folder } from '../../src/engine/files';
import { type FusedDevice, unsupported } from '../../src/engine/fused';
import {
  countParameters,
  type LoraSettings,
  loraSettings,
  type PolicyConfig,
  type TrainingChoice,
} from '../../src/engine/policy';
import { sequence } from '../../src/engine/random';
import { openTokenizer, type Tokenizer } from '../../src/engine/tokenizer';
import { type ModelSummary, type RunConfig, StudioError } from '../../src/protocol';

export interface LoadedModel {
  readonly folder: Folder;
  readonly config: PolicyConfig;
  readonly tokenizer: Tokenizer;
  readonly summary: ModelSummary;
}

/** Files beside the weights that make the folder usable elsewhere; a checkpoint takes them along. */
const TOKENIZER_FILES = [
  'tokenizer.json',
  'tokenizer_config.json',
  'generation_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'merges.txt',
  'chat_template.jinja',
];

/** Reads everything once, so that a broken folder is refused before it replaces anything. */
export async function openModel(
  name: string,
  folder: Folder,
  device: FusedDevice | null,
): Promise<{ model: LoadedModel; policy: Learner }> {
  const tokenizer = await openTokenizer(folder);
  const { padTokenId: padToken } = tokenizer;
  const hash = new TensorHash();
  const policy = await loadLearner(folder, { training: { mode: 'full' }, padToken, device, hash });
  const { config } = policy;
  const storedType = config.json.torch_dtype ?? config.json.dtype;
  const summary: ModelSummary = {
    name,
    architecture: config.modelType,
    parameters: countParameters(config),
    layers: config.layers,
    hiddenSize: config.hiddenSize,
    vocabularySize: config.vocabularySize,
    contextLength: config.maxPositions,
    eosToken: tokenizer.eosToken,
    storedType: typeof storedType === 'string' ? storedType : 'float32',
    sha256: await hash.digest(),
    ...plainReason(config, device),
  };
  return { model: { folder, config, tokenizer, summary }, policy };
}

export function trainingChoice({ training, seed }: RunConfig): TrainingChoice {
  if (training.mode === 'full') return { mode: 'full' };
  const { loraRank: rank, loraAlpha: alpha, loraTargets: targets } = training;
  return { mode: 'lora', rank, alpha, targets, random: sequence(seed, 'loraInit') };
}

/** For the summary of a model that the kernels on this device cannot compute. */
export function plainReason(
  config: PolicyConfig,
  device: FusedDevice | null,
): Pick<ModelSummary, 'plainBecause'> {
  const reason = device && unsupported(config, device.gpu.limits);
  return reason === null ? {} : { plainBecause: reason };
}

/** null: full training. */
export function loraOf({ training }: RunConfig): LoraSettings | null {
  if (training.mode === 'full') return null;
  return loraSettings(training.loraRank, training.loraAlpha, training.loraTargets);
}

export async function tokenizerFiles(folder: Folder): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const path of TOKENIZER_FILES) {
    const source = folder.get(path);
    if (source !== undefined) files.set(path, await source.read(0, source.size));
  }
  return files;
}

/** A rollout must fit into the positions that the model was made for. */
export function assertFits({ contextLength, name }: ModelSummary, { prompt, sampling }: RunConfig): void {
  const needed = prompt.maxTokens + sampling.maxCompletionTokens;
  if (needed <= contextLength) return;
  throw new StudioError({
    boundary: 'model',
    code: 'context-too-short',
    message:
      `${name}: expected prompt and completion limits of at most ${contextLength} tokens together, ` +
      `received ${prompt.maxTokens} + ${sampling.maxCompletionTokens}.`,
    action: 'Lower prompt.maxTokens or sampling.maxCompletionTokens.',
  });
}

export function noModel(): StudioError {
  return new StudioError({
    boundary: 'model',
    code: 'no-model',
    message: 'No model is loaded.',
    action:
      'Load the starter, or drop a model folder with config.json, tokenizer.json and model.safetensors.',
  });
}
