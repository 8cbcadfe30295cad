/**
 * A checkpoint as a folder of ordinary files.
 *
 * ```
 * config.json, tokenizer.json, …        as transformers reads them
 * model.safetensors                     the policy; under LoRA only in an export, with the adapter folded in
 * README.md                             the model card; only in an export
 * adapter/adapter_config.json           under LoRA: the adapter as PEFT reads it
 * adapter/adapter_model.safetensors
 * resume/base.safetensors               under LoRA: the frozen base weights
 * resume/reference.safetensors          the frozen reference policy, where it is not the base
 * resume/state.safetensors, state.json  what else a run resumes from, bit for bit
 * ```
 *
 * An export is therefore an ordinary Hugging Face folder, and resumes. Files are views of the tensors,
 * so a folder is stored or packed without a second copy in memory.
 */
import * as v from 'valibot';
import { StudioError } from '../../protocol/errors';
import { bytesSource, type Folder, type NamedArray } from '../files';
import { decodeExactJson, encodeExactJson } from './exact-json';
import { type CheckpointFacts, factsSchema, storableFacts } from './facts';
import { modelCard } from './model-card';
import { openSafetensors, readTensors } from './safetensors';
import { readText, rootOf, safetensorsSource, textSource } from './sources';

export interface CheckpointContent {
  readonly model: {
    readonly configJson: string;
    /** Hugging Face names, float32; under LoRA the frozen base. */
    readonly weights: readonly NamedArray[];
    /** Under LoRA: the weights with the adapter folded in; only an export asks for them. */
    readonly merged?: () => Promise<readonly NamedArray[]>;
    /** `adapter_config.json` and tensors under PEFT's names. */
    readonly adapter: {
      readonly config: Record<string, unknown>;
      readonly tensors: readonly NamedArray[];
    } | null;
    /** Weights of a frozen reference policy that is not the base: full fine-tuning with KL. */
    readonly reference: readonly NamedArray[] | null;
  };
  /** `tokenizer.json`, `tokenizer_config.json`, `generation_config.json`, … */
  readonly tokenizerFiles: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
  readonly resume: {
    /** Config, counters, history, environment, dataset hash, …; numbers come back exactly. */
    readonly json: Record<string, unknown>;
    /** Optimizer moments, rollout buffer. */
    readonly tensors: readonly NamedArray[];
  };
}

export interface OpenedCheckpoint {
  /** As of when it was saved. */
  readonly facts: CheckpointFacts;
  /** What loads as the policy: config, tokenizer and `model.safetensors` (under LoRA the frozen base). */
  readonly model: Folder;
  /** `adapter_config.json` and `adapter_model.safetensors`; null under full fine-tuning. */
  readonly adapter: Folder | null;
  /** Loads as the reference policy; null: there is none, or it is the base. */
  readonly reference: Folder | null;
  readonly resume: {
    readonly json: Record<string, unknown>;
    readonly tensors: () => Promise<readonly NamedArray[]>;
  };
  /** All of it in the stored form, without what an export adds. */
  readonly files: Folder;
}

const CONFIG = 'config.json';
const MODEL = 'model.safetensors';
const CARD = 'README.md';
const ADAPTER_CONFIG = 'adapter/adapter_config.json';
const ADAPTER = 'adapter/adapter_model.safetensors';
const BASE = 'resume/base.safetensors';
const REFERENCE = 'resume/reference.safetensors';
const STATE_TENSORS = 'resume/state.safetensors';
export const STATE = 'resume/state.json';

const FORMAT = 'crpo-studio-checkpoint';
const VERSION = 1;
/** A history of 100,000 steps takes about 60 MB. */
const MAX_STATE_BYTES = 256 * 2 ** 20;

const stateSchema = v.object({ facts: factsSchema, resume: v.record(v.string(), v.unknown()) });

/** The stored form. Its tensors are read when the folder is, so they must not change until it is stored. */
export function checkpointFolder(content: CheckpointContent, facts: CheckpointFacts): Folder {
  const { model, resume } = content;
  const state = { format: FORMAT, version: VERSION, facts: storableFacts(facts), resume: resume.json };
  const files = new Map([[CONFIG, textSource(CONFIG, float32Config(model.configJson))]]);
  for (const [name, bytes] of content.tokenizerFiles) {
    if (name === CONFIG || name === MODEL || name === CARD || name.includes('/')) throw reservedName(name);
    files.set(name, bytesSource(name, bytes));
  }
  const addTensors = (path: string, tensors: readonly NamedArray[]) =>
    files.set(path, safetensorsSource(path, tensors));
  addTensors(model.adapter === null ? MODEL : BASE, model.weights);
  if (model.adapter !== null) {
    files.set(
      ADAPTER_CONFIG,
      textSource(ADAPTER_CONFIG, `${JSON.stringify(model.adapter.config, null, 2)}\n`),
    );
    addTensors(ADAPTER, model.adapter.tensors);
  }
  if (model.reference !== null) addTensors(REFERENCE, model.reference);
  addTensors(STATE_TENSORS, resume.tensors);
  return files.set(STATE, textSource(STATE, encodeExactJson(state)));
}

/**
 * What an export packs: the stored form with a model card and, under LoRA, the merged weights, so
 * that its top level is always an ordinary Hugging Face folder.
 */
export async function exportFolder(
  checkpoint: OpenedCheckpoint,
  merged: (() => Promise<readonly NamedArray[]>) | null,
): Promise<Folder> {
  const files = new Map(checkpoint.files);
  if (checkpoint.adapter !== null) {
    if (merged === null) throw mergedMissing();
    files.set(MODEL, safetensorsSource(MODEL, await merged()));
  }
  const card = modelCard(checkpoint.facts, checkpoint.resume.json, checkpoint.adapter !== null);
  return files.set(CARD, textSource(CARD, card));
}

/**
 * Reads the stored or the exported form, also inside a wrapping directory. Tensors stay where they
 * are until they are asked for. Rejects with a `StudioError` of boundary `model`:
 * `checkpoint-without-resume`, `-newer-version`, `-older-version`, `-state-invalid`, `-missing-file`.
 */
export async function readCheckpoint(folder: Folder): Promise<OpenedCheckpoint> {
  const root = rootOf(folder);
  const state = await readState(root);
  const adapterConfig = root.get(ADAPTER_CONFIG);
  const isLora = adapterConfig !== undefined || root.has(ADAPTER) || root.has(BASE);
  const need = (path: string) => root.get(path) ?? missingFile(path);
  const weights = need(isLora ? BASE : MODEL);
  const common = [...root].filter(([path]) => !path.includes('/') && path !== MODEL && path !== CARD);
  need(CONFIG);
  const stateTensors = await openSafetensors(need(STATE_TENSORS));
  const reference = root.get(REFERENCE);
  return {
    facts: state.facts,
    model: new Map([...common, [MODEL, weights]]),
    adapter: isLora
      ? new Map([
          ['adapter_config.json', need(ADAPTER_CONFIG)],
          ['adapter_model.safetensors', need(ADAPTER)],
        ])
      : null,
    reference: reference === undefined ? null : new Map([...common, [MODEL, reference]]),
    resume: { json: state.resume, tensors: () => readTensors(stateTensors) },
    files: new Map([...root].filter(([path]) => path !== CARD && !(isLora && path === MODEL))),
  };
}

async function readState(root: Folder): Promise<v.InferOutput<typeof stateSchema>> {
  const source = root.get(STATE);
  if (source === undefined) {
    throw bundleError(
      'checkpoint-without-resume',
      `expected a checkpoint with ${STATE}, received a folder without it`,
      'It cannot be resumed. If it is a Hugging Face model, load it as the model of a new run.',
    );
  }
  const json = decodeExactJson(await readText(source, MAX_STATE_BYTES), STATE);
  const { format, version } = (typeof json === 'object' && json !== null ? json : {}) as Record<
    string,
    unknown
  >;
  if (format !== FORMAT || !Number.isSafeInteger(version))
    throw invalidState('format', `${FORMAT} with a version`);
  if ((version as number) > VERSION) {
    throw bundleError(
      'checkpoint-newer-version',
      `${STATE}: expected version ${VERSION}, received ${version}`,
      'A newer CRPO Studio saved it: update this one, then open it.',
    );
  }
  if ((version as number) < VERSION) {
    throw bundleError(
      'checkpoint-older-version',
      `${STATE}: expected version ${VERSION}, received ${version}`,
      'It was saved before the first release and cannot be resumed; its model folder can still be loaded.',
    );
  }
  const state = v.safeParse(stateSchema, json);
  if (!state.success)
    throw invalidState(v.getDotPath(state.issues[0]) ?? 'the top level', state.issues[0].message);
  return state.output;
}

/** The weights are stored as float32, whatever type they were loaded from. */
function float32Config(configJson: string): string {
  const config = JSON.parse(configJson) as Record<string, unknown>;
  if ('dtype' in config) config.dtype = 'float32'; // transformers 5 renamed the key
  return `${JSON.stringify({ ...config, torch_dtype: 'float32' }, null, 2)}\n`;
}

function missingFile(path: string): never {
  throw bundleError(
    'checkpoint-missing-file',
    `expected ${path} in the checkpoint, received none`,
    'The checkpoint is incomplete: export or copy it again, whole.',
    path,
  );
}

function invalidState(where: string, expected: string): StudioError {
  return bundleError(
    'checkpoint-state-invalid',
    `${STATE}, ${where}: expected ${expected}, received something else`,
    'The file was changed or damaged since it was written; use another copy.',
  );
}

function reservedName(name: string): StudioError {
  return bundleError(
    'checkpoint-reserved-name',
    `expected a tokenizer file, received ${name}`,
    'Rename the file.',
    name,
  );
}

function mergedMissing(): StudioError {
  const message = 'internal: expected merged weights for the export of a LoRA checkpoint, received none.';
  return new StudioError({ boundary: 'internal', code: 'merged-weights-missing', message });
}

function bundleError(code: string, expectation: string, action: string, file = STATE): StudioError {
  const message = `${expectation[0]!.toUpperCase()}${expectation.slice(1)}.`;
  return new StudioError({ boundary: 'model', code, message, action, file });
}
