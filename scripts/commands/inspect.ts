/**
 * `npm run inspect -- PATH…`: one JSON line per path.
 *
 * `{"path", "kind", "detail", "facts"}` for what the studio can use, where `kind` is `dataset`,
 * `model-folder`, `checkpoint-zip`, `safetensors`, `adapter` or `run-config`; else
 * `{"path", "error": {"boundary", "code", "message", …}}`. Datasets are read to the end; of weights
 * the headers are read, and every tensor that the model needs must be there in its shape.
 */
import { readCheckpoint } from '../../src/engine/checkpoint/bundle';
import { openSafetensors, type SafetensorsFile } from '../../src/engine/checkpoint/safetensors';
import { type DropKind, sniff, unpack } from '../../src/engine/checkpoint/sniff';
import { validateConfig } from '../../src/engine/crpo/settings';
import { readDataset } from '../../src/engine/data/read';
import type { ByteSource, Folder } from '../../src/engine/files';
import { countParameters, readPolicyConfig } from '../../src/engine/policy';
import { weightSpecs } from '../../src/engine/policy/parameters';
import { checkInventory, openWeights } from '../../src/engine/policy/weights';
import { openTokenizer } from '../../src/engine/tokenizer';
import { type ErrorRecord, StudioError, toErrorRecord } from '../../src/protocol';
import { openPath } from './node-files';

type Facts = Readonly<Record<string, unknown>>;

export type Inspected =
  | { readonly path: string; readonly kind: DropKind; readonly detail: string; readonly facts: Facts }
  | { readonly path: string; readonly error: ErrorRecord };

/** Never rejects: what is wrong with the path is the answer. */
export async function inspect(path: string): Promise<Inspected> {
  try {
    const folder = await openPath(path);
    const { kind, detail } = await sniff(folder);
    if (kind === 'refused') {
      throw new StudioError({
        boundary: 'data',
        code: 'unusable',
        message: `${path}: ${detail}`,
        file: path,
      });
    }
    return { path, kind, detail, facts: await factsOf[kind](await unpack(folder)) };
  } catch (thrown) {
    return { path, error: toErrorRecord(thrown) };
  }
}

const factsOf: Record<Exclude<DropKind, 'refused'>, (folder: Folder) => Promise<Facts>> = {
  async dataset(folder) {
    const source = only(folder);
    const nowhere = { saveCases: async () => {}, saveBadLines: async () => {} };
    const { summary } = await readDataset(source, { name: source.name, sink: nowhere });
    const { id, layoutLabel, badLinesSkipped: _, ...facts } = summary;
    return { ...facts, layoutLabel, sha256: id };
  },

  async 'model-folder'(folder) {
    const source = need(folder, 'config.json');
    const json: unknown = JSON.parse(new TextDecoder().decode(await source.read(0, source.size)));
    const config = readPolicyConfig(json, source.name);
    const files = await openWeights(folder);
    checkInventory(files, weightSpecs(config), config.tiedHead);
    const { vocabularySize, eosToken } = await openTokenizer(folder);
    return {
      architecture: config.modelType,
      parameters: countParameters(config),
      layers: config.layers,
      hiddenSize: config.hiddenSize,
      contextLength: config.maxPositions,
      tokenizer: { vocabularySize, eosToken },
      storedTypes: typesOf([...new Set(files.values())]),
    };
  },

  async 'checkpoint-zip'(folder) {
    const { facts, adapter } = await readCheckpoint(folder);
    return { ...facts, trained: adapter === null ? 'full' : 'lora' };
  },

  async safetensors(folder) {
    const file = await openSafetensors(only(folder));
    return { ...sizeOf(file), metadata: Object.fromEntries(file.metadata) };
  },

  async adapter(folder) {
    const weights = [...folder].find(([path]) => path.endsWith('.safetensors'))?.[1];
    const file = await openSafetensors(weights ?? only(folder));
    const source = folder.get('adapter_config.json');
    if (source === undefined) return sizeOf(file);
    const config: unknown = JSON.parse(new TextDecoder().decode(await source.read(0, source.size)));
    const { r, lora_alpha, target_modules } = config as Facts;
    return { rank: r, alpha: lora_alpha, targets: target_modules, ...sizeOf(file) };
  },

  async 'run-config'(folder) {
    const source = only(folder);
    const json = JSON.parse(new TextDecoder().decode(await source.read(0, source.size))) as Facts;
    return { ...validateConfig(json.config ?? json) };
  },
};

function only(folder: Folder): ByteSource {
  const [first] = folder.values();
  if (first === undefined) throw new Error('internal: an empty folder was taken for a file');
  return first;
}

function need(folder: Folder, path: string): ByteSource {
  const source = folder.get(path);
  if (source === undefined) throw new Error(`internal: ${path} was seen and is gone`);
  return source;
}

function sizeOf(file: SafetensorsFile): Facts {
  const values = [...file.tensors.values()].reduce(
    (sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1),
    0,
  );
  return { tensors: file.tensors.size, values, storedTypes: typesOf([file]) };
}

/** Stored type → number of tensors. */
function typesOf(files: readonly SafetensorsFile[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { tensors } of files) {
    for (const { dtype } of tensors.values()) counts[dtype] = (counts[dtype] ?? 0) + 1;
  }
  return counts;
}
