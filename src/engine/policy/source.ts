/**
 * What a policy is loaded from: a Hugging Face folder, opened. The config is read, and names and shapes
 * of all tensors are checked; their values come one tensor at a time, or a piece of one, to whoever
 * keeps them (TensorFlow.js' tensors, or buffers of our own).
 */
import { StudioError } from '../../protocol/errors';
import type { Folder } from '../files';
import { type PolicyConfig, readPolicyConfig } from './config';
import { parseJson, readJsonText } from './json';
import { freshFactors, type LoraSettings, loraSettings, loraSpecs, openAdapter } from './lora';
import { weightSpecs } from './parameters';
import { openWeights, type PendingTensor, pendingTensors } from './weights';

export interface PolicySource {
  readonly config: PolicyConfig;
  /** `config.json` as it was loaded. */
  readonly configJson: string;
  /** In the order of `weightSpecs`; to be read before the adapter's factors. */
  readonly weights: readonly PendingTensor[];
  readonly adapter: AdapterSource | null;
}

export interface AdapterSource {
  readonly settings: LoraSettings;
  /** In the order of `loraSpecs`. */
  readonly factors: readonly PendingTensor[];
  /** false: it is to be folded into the weights. */
  readonly trains: boolean;
}

export type TrainingChoice =
  | { readonly mode: 'full' }
  | {
      readonly mode: 'lora';
      readonly rank: number;
      readonly alpha: number;
      readonly targets: readonly string[];
      /** Uniform in [0, 1), for the adapter's first weights. */
      readonly random: () => number;
    };

export interface PolicyChoice {
  readonly training: TrainingChoice;
  /** Brings its own rank, alpha and targets: it trains on in mode `lora` and is folded in in mode `full`. */
  readonly adapter?: Folder;
}

const CONFIG_FILE = 'config.json';

/** Opens a Hugging Face folder. Rejects with a `StudioError` of boundary `model` for what is not one. */
export async function openPolicySource(folder: Folder, choice: PolicyChoice): Promise<PolicySource> {
  const configSource = folder.get(CONFIG_FILE);
  if (configSource === undefined) throw configMissing();
  const configJson = await readJsonText(configSource);
  const config = readPolicyConfig(parseJson(configJson, configSource.name), configSource.name);
  const { training } = choice;
  const fresh =
    training.mode === 'lora' ? loraSettings(training.rank, training.alpha, training.targets) : null;
  const weights = pendingTensors(await openWeights(folder), weightSpecs(config), config.tiedHead);
  if (choice.adapter !== undefined) {
    const adapter = await openAdapter(choice.adapter, config);
    return { config, configJson, weights, adapter: { ...adapter, trains: training.mode === 'lora' } };
  }
  if (training.mode === 'full') return { config, configJson, weights, adapter: null };
  const factors = freshFactors(loraSpecs(config, fresh!), training.random);
  return { config, configJson, weights, adapter: { settings: fresh!, factors, trains: true } };
}

function configMissing(): StudioError {
  return new StudioError({
    boundary: 'model',
    code: 'model-config-missing',
    message: `Expected ${CONFIG_FILE} in the model folder, received none.`,
    action: 'Choose the folder of a Hugging Face model, with config.json, tokenizer.json and safetensors.',
    file: CONFIG_FILE,
  });
}
