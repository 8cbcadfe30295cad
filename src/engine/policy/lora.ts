/**
 * LoRA (arXiv 2106.09685) as PEFT computes, names and stores it: W·x + scale·B·(A·x), A [r, in],
 * B [out, r]. On the device the factors lie transposed, like all linear weights.
 */
import { StudioError } from '../../protocol/errors';
import { openSafetensors } from '../checkpoint/safetensors';
import type { ByteSource, Folder } from '../files';
import type { PolicyConfig } from './config';
import { type FieldReader, fieldReader, jsonError, parseJson, readJsonText } from './json';
import { layerModules, sizeOf, type WeightSpec } from './parameters';
import { type PendingTensor, pendingTensors, tensorFiles } from './weights';

export const LORA_TARGETS = [
  'q_proj',
  'k_proj',
  'v_proj',
  'o_proj',
  'gate_proj',
  'up_proj',
  'down_proj',
] as const;

export type LoraTarget = (typeof LORA_TARGETS)[number];

export interface LoraSettings {
  readonly rank: number;
  readonly alpha: number;
  /** In the order of LORA_TARGETS. */
  readonly targets: readonly LoraTarget[];
  /** rsLoRA: the scale is alpha/√r instead of alpha/r. */
  readonly rankStabilized: boolean;
}

export interface LoraSpec extends WeightSpec {
  /** HF path of the module that it changes. */
  readonly module: string;
  readonly factor: 'a' | 'b';
}

const CONFIG_FILE = 'adapter_config.json';
const WEIGHTS_FILE = 'adapter_model.safetensors';

export function loraScale({ rank, alpha, rankStabilized }: LoraSettings): number {
  return alpha / (rankStabilized ? Math.sqrt(rank) : rank);
}

/** Checked settings of a new adapter. */
export function loraSettings(rank: number, alpha: number, targets: readonly string[]): LoraSettings {
  const known = LORA_TARGETS.filter((target) => targets.includes(target));
  const unknown = targets.filter((target) => !LORA_TARGETS.some((name) => name === target));
  if (!Number.isInteger(rank) || rank < 1 || rank > 1024) throw loraError('a rank from 1 to 1024', rank);
  if (!(alpha > 0 && Number.isFinite(alpha))) throw loraError('a positive alpha', alpha);
  if (unknown.length > 0 || known.length === 0) {
    throw loraError(`targets among ${LORA_TARGETS.join(', ')}`, targets.join(', ') || 'none');
  }
  return { rank, alpha, targets: known, rankStabilized: false };
}

/** The adapter's tensors under PEFT's names: A, then B, module after module. */
export function loraSpecs(config: PolicyConfig, { rank, targets }: LoraSettings): readonly LoraSpec[] {
  const specs: LoraSpec[] = [];
  for (let layer = 0; layer < config.layers; layer++) {
    for (const [path, [outputs, inputs]] of layerModules(config)) {
      if (!targets.some((target) => path.endsWith(`.${target}`))) continue;
      const module = `model.layers.${layer}.${path}`;
      const name = `base_model.model.${module}`;
      specs.push(
        { name: `${name}.lora_A.weight`, shape: [rank, inputs], linear: true, module, factor: 'a' },
        { name: `${name}.lora_B.weight`, shape: [outputs, rank], linear: true, module, factor: 'b' },
      );
    }
  }
  return specs;
}

/**
 * PEFT's start: A Kaiming-uniform with a = √5, which is U(−1/√in, 1/√in), and B zero, so ΔW = 0. A is
 * drawn when it is read, so the factors must be read in order.
 */
export function freshFactors(specs: readonly LoraSpec[], random: () => number): readonly PendingTensor[] {
  return specs.map((spec) => ({
    spec,
    read: async (into = new Float32Array(sizeOf(spec.shape))) => {
      const bound = 1 / Math.sqrt(spec.shape[1]!);
      for (let at = 0; at < into.length; at++)
        into[at] = spec.factor === 'a' ? (2 * random() - 1) * bound : 0;
      return into;
    },
  }));
}

/** Opens a PEFT adapter folder: its settings and its factors, names and shapes checked. */
export async function openAdapter(
  folder: Folder,
  config: PolicyConfig,
): Promise<{ settings: LoraSettings; factors: readonly PendingTensor[] }> {
  const source = fileOf(folder, CONFIG_FILE);
  const settings = readAdapterConfig(parseJson(await readJsonText(source), source.name), source.name);
  const files = tensorFiles(await openSafetensors(fileOf(folder, WEIGHTS_FILE)));
  return { settings, factors: pendingTensors(files, loraSpecs(config, settings), false) };
}

/** The `adapter_config.json` of an adapter. */
export function adapterConfig(settings: LoraSettings, baseModel: string | null): Record<string, unknown> {
  return {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: baseModel,
    r: settings.rank,
    lora_alpha: settings.alpha,
    lora_dropout: 0,
    bias: 'none',
    target_modules: [...settings.targets],
    fan_in_fan_out: false,
    inference_mode: true,
    use_rslora: settings.rankStabilized,
  };
}

function readAdapterConfig(json: unknown, file: string): LoraSettings {
  const fields = fieldReader(json, file);
  const type = fields.value('peft_type');
  if (type !== 'LORA')
    throw jsonError(file, 'adapter-unsupported', `expected peft_type LORA, received ${shown(type)}`);
  refuseUnsupported(fields, file);
  const rank = fields.integer('r', 1, 1024);
  const alpha = fields.number('lora_alpha', 1e-6, 1e6);
  const settings = loraSettings(rank, alpha, readTargets(fields.value('target_modules'), file));
  return { ...settings, rankStabilized: fields.boolean('use_rslora', false) };
}

/** Options that would change the arithmetic, by the values that do not. */
function refuseUnsupported(fields: FieldReader, file: string): void {
  const neutral: Readonly<Record<string, readonly unknown[]>> = {
    bias: ['none'],
    fan_in_fan_out: [false],
    use_dora: [false],
    lora_bias: [false],
    modules_to_save: [],
    layers_to_transform: [],
    layer_replication: [],
    rank_pattern: [],
    alpha_pattern: [],
  };
  for (const [key, values] of Object.entries(neutral)) {
    const value = fields.value(key) ?? null;
    const empty = value === null || (typeof value === 'object' && Object.keys(value).length === 0);
    if (empty || values.includes(value)) continue;
    throw jsonError(
      file,
      'adapter-unsupported',
      `expected a plain LoRA adapter, received ${key} ${shown(value)}`,
    );
  }
}

function readTargets(value: unknown, file: string): readonly string[] {
  if (value === 'all-linear') return LORA_TARGETS;
  if (Array.isArray(value) && value.every((target) => typeof target === 'string')) return value;
  throw jsonError(
    file,
    'adapter-unsupported',
    `expected target_modules as a list of names, received ${shown(value)}`,
  );
}

function fileOf(folder: Folder, path: string): ByteSource {
  const source = folder.get(path);
  if (source !== undefined) return source;
  throw new StudioError({
    boundary: 'model',
    code: 'adapter-file-missing',
    message: `Expected ${path} in the adapter folder, received none.`,
    action: 'Choose the folder of a PEFT adapter, with adapter_config.json and adapter_model.safetensors.',
  });
}

function loraError(expectation: string, received: unknown): StudioError {
  return new StudioError({
    boundary: 'model',
    code: 'lora-settings',
    message: `LoRA: expected ${expectation}, received ${String(received)}.`,
    action: 'Change the LoRA settings of the run.',
  });
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 80);
}
