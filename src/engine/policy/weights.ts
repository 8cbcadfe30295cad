/**
 * Weights from a model folder, and onto the device and back as TensorFlow.js' tensors:
 * `model.safetensors`, or shards by `model.safetensors.index.json`, in F32, F16 or BF16. Every tensor
 * that the architecture has must be there with its shape, and no other may be.
 */
import { StudioError } from '../../protocol/errors';
import { openSafetensors, readFloat32, type SafetensorsFile } from '../checkpoint/safetensors';
import type { ByteSource, Folder, NamedArray } from '../files';
import { tf } from '../tensor';
import { fieldReader, jsonError, parseJson, readJsonText } from './json';
import { HEAD, type WeightSpec } from './parameters';

const SINGLE_FILE = 'model.safetensors';
const INDEX_FILE = 'model.safetensors.index.json';

/** Name → tensor, in the device's orientation. Whoever holds the map owns its tensors. */
export type TensorMap = Map<string, tf.Tensor>;

/** A file that holds a tensor. */
export type TensorFiles = ReadonlyMap<string, SafetensorsFile>;

/** A tensor whose values have yet to be read or drawn. */
export interface PendingTensor {
  readonly spec: WeightSpec;
  /**
   * The values in the file's orientation, row-major: all in new memory or, with `into`, those from index
   * `from` on, as many as it holds. To be read once and in order, as drawn values come.
   */
  readonly read: (into?: Float32Array<ArrayBuffer>, from?: number) => Promise<Float32Array<ArrayBuffer>>;
}

/** Opens the folder's weight files: tensor name → the file that holds it. */
export async function openWeights(folder: Folder): Promise<TensorFiles> {
  const single = folder.get(SINGLE_FILE);
  if (single !== undefined) return tensorFiles(await openSafetensors(single));
  const index = folder.get(INDEX_FILE);
  if (index !== undefined) return openShards(folder, index);
  const others = [...folder.keys()].filter((path) => /\.(bin|pth?|gguf|onnx|h5)$/.test(path));
  const received = others.length > 0 ? others.slice(0, 3).join(', ') : 'neither';
  throw new StudioError({
    boundary: 'model',
    code: 'model-weights-missing',
    message: `Expected ${SINGLE_FILE} or ${INDEX_FILE} in the model folder, received ${received}.`,
    action: 'Choose the folder of a Hugging Face model whose weights are stored as safetensors.',
  });
}

export function tensorFiles(file: SafetensorsFile): TensorFiles {
  return new Map([...file.tensors.keys()].map((name) => [name, file]));
}

/** Names and shapes are checked now, types when a tensor is read. */
export function pendingTensors(
  files: TensorFiles,
  specs: readonly WeightSpec[],
  tiedHead: boolean,
): readonly PendingTensor[] {
  checkInventory(files, specs, tiedHead);
  return specs.map((spec) => ({
    spec,
    read: (into, from) => readFloat32(files.get(spec.name)!, spec.name, into, from),
  }));
}

/** Loads all onto the device; nothing stays there when one of them fails. */
export async function loadTensors(pending: readonly PendingTensor[]): Promise<TensorMap> {
  const loaded: TensorMap = new Map();
  try {
    for (const { spec, read } of pending) loaded.set(spec.name, toDevice(await read(), spec));
  } catch (failure) {
    tf.dispose([...loaded.values()]);
    throw failure;
  }
  return loaded;
}

/** Values in the file's orientation → a kept tensor in the device's. */
export function toDevice(
  values: Float32Array,
  { shape, linear }: Pick<WeightSpec, 'shape' | 'linear'>,
): tf.Tensor {
  return tf.tidy(() => {
    const stored = tf.tensor(values, [...shape], 'float32');
    return tf.keep(linear ? tf.transpose(stored) : stored);
  });
}

/** A tensor in the device's orientation → named values in the file's. */
export async function fromDevice(
  tensor: tf.Tensor,
  { name, shape, linear }: WeightSpec,
): Promise<NamedArray> {
  const oriented = linear ? tf.transpose(tensor) : tensor;
  const data = (await oriented.data()) as Float32Array<ArrayBuffer>;
  if (oriented !== tensor) oriented.dispose();
  return { name, shape, data };
}

async function openShards(folder: Folder, index: ByteSource): Promise<TensorFiles> {
  const fields = fieldReader(parseJson(await readJsonText(index), index.name), index.name);
  const weightMap = fields.value('weight_map');
  if (typeof weightMap !== 'object' || weightMap === null) {
    throw jsonError(
      index.name,
      'json-field',
      'expected weight_map to name the file of each tensor, received nothing',
    );
  }
  const opened = new Map<string, SafetensorsFile>();
  const files = new Map<string, SafetensorsFile>();
  for (const [name, path] of Object.entries(weightMap)) {
    const file = opened.get(path) ?? (await openSafetensors(shardOf(folder, path, index.name)));
    opened.set(path, file);
    if (!file.tensors.has(name)) {
      const wanted = `the tensor ${JSON.stringify(name.slice(0, 120))} that ${index.name} places here`;
      throw tensorError('tensor-missing', path, wanted, 'none');
    }
    files.set(name, file);
  }
  for (const [path, { tensors }] of opened) {
    for (const name of tensors.keys()) {
      if (files.has(name)) continue;
      const received = JSON.stringify(name.slice(0, 120));
      throw tensorError('tensor-unexpected', path, `only tensors that ${index.name} names`, received);
    }
  }
  return files;
}

function shardOf(folder: Folder, path: unknown, indexName: string): ByteSource {
  const shard = typeof path === 'string' ? folder.get(path) : undefined;
  if (shard !== undefined) return shard;
  throw new StudioError({
    boundary: 'model',
    code: 'model-shard-missing',
    message: `${indexName}: expected the file ${JSON.stringify(path)?.slice(0, 120)} in the model folder, received none.`,
    action: 'Choose a folder with all shards of the model.',
    file: indexName,
  });
}

/** Every tensor that the config implies is there in its shape, and no other. */
export function checkInventory(files: TensorFiles, specs: readonly WeightSpec[], tiedHead: boolean): void {
  const someFile = [...files.values()][0]?.source.name ?? SINGLE_FILE;
  const expected = new Set(specs.map(({ name }) => name));
  for (const { name, shape } of specs) {
    const file = files.get(name);
    const wanted = `the tensor ${name} of shape [${shape.join(', ')}]`;
    if (file === undefined) throw tensorError('tensor-missing', someFile, wanted, 'none');
    const received = file.tensors.get(name)!.shape;
    if (received.length !== shape.length || received.some((size, axis) => size !== shape[axis])) {
      throw tensorError('tensor-shape', file.source.name, wanted, `shape [${received.join(', ')}]`);
    }
  }
  for (const [name, file] of files) {
    // Old exports store what transformers ignores: a copy of a tied head, RoPE's frequencies.
    const ignored = (tiedHead && name === HEAD) || name.endsWith('.rotary_emb.inv_freq');
    if (!expected.has(name) && !ignored) {
      const received = JSON.stringify(name.slice(0, 120));
      throw tensorError(
        'tensor-unexpected',
        file.source.name,
        'only tensors that the config implies',
        received,
      );
    }
  }
}

function tensorError(
  code: 'tensor-missing' | 'tensor-unexpected' | 'tensor-shape',
  file: string,
  expectation: string,
  received: string,
): StudioError {
  return new StudioError({
    boundary: 'model',
    code,
    message: `${file}: expected ${expectation}, received ${received}.`,
    action: 'Check that config and all weight files come from the same model and are complete.',
    file,
  });
}
