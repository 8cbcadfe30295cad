/**
 * What was dropped, picked or pasted, and where it goes, decided by content, not by name. Only a
 * file's first bytes are read, except a small JSON that may be a run configuration.
 */
import { type NamedFile, StudioError } from '../../protocol';

export type Destination =
  | { readonly kind: 'model'; readonly name: string; readonly files: readonly NamedFile[] }
  | { readonly kind: 'checkpoint'; readonly name: string; readonly file: Blob }
  | { readonly kind: 'dataset'; readonly name: string; readonly file: Blob }
  | { readonly kind: 'config'; readonly name: string; readonly text: string }
  | { readonly kind: 'refused'; readonly error: StudioError };

const HEAD_BYTES = 4096;
/** A run configuration is a few kB. */
const CONFIG_LIMIT = 1_000_000;

/** Files of a model folder that a loader may want; nothing else of the folder is handed on. */
const MODEL_FILE = /\.(json|safetensors|txt|jinja|model)$/;

const baseName = (path: string) => path.slice(path.lastIndexOf('/') + 1);
const folderOf = (path: string) => path.slice(0, path.lastIndexOf('/') + 1);

/** A folder with config.json is a model, its files go together; every other file goes by itself. */
export async function route(files: readonly NamedFile[]): Promise<Destination[]> {
  const visible = files.filter(({ path }) => !path.split('/').some((part) => part.startsWith('.')));
  const roots = await modelFolders(visible);
  const destinations: Destination[] = roots.map((folder) => modelIn(folder, visible));
  const belongs = (path: string, folder: string) =>
    folder === '' ? !path.includes('/') && MODEL_FILE.test(path) : path.startsWith(folder);
  const alone = visible.filter(({ path }) => !roots.some((folder) => belongs(path, folder)));
  for (const file of alone) destinations.push(await routeFile(file));
  if (destinations.length === 0)
    destinations.push(refuse('nothing-dropped', '', 'The drop held no file.', HINT));
  return destinations;
}

const HINT =
  'Drop a JSONL of questions, a Hugging Face model folder, a checkpoint .zip or a run configuration.';

/** Folders that hold a model's config.json; a run configuration of that name is none. */
async function modelFolders(files: readonly NamedFile[]): Promise<string[]> {
  const folders: string[] = [];
  for (const { path, file } of files) {
    if (baseName(path) !== 'config.json' || file.size > CONFIG_LIMIT) continue;
    if (!isRunConfig(await file.text())) folders.push(folderOf(path));
  }
  // A model's sub-folders (onnx/config.json) belong to it.
  return folders.filter((folder) => !folders.some((other) => other !== folder && folder.startsWith(other)));
}

function modelIn(folder: string, files: readonly NamedFile[]): Destination {
  const name = folder === '' ? 'model' : baseName(folder.slice(0, -1));
  const inside = files
    .filter(({ path }) => folderOf(path) === folder)
    .map(({ path, file }) => ({ path: path.slice(folder.length), file }));
  if (!inside.some(({ path }) => path.endsWith('.safetensors'))) {
    const pickled = inside.find(({ path }) => /\.(bin|pt|pth|ckpt)$/.test(path));
    if (pickled) return refusePickle(folder + pickled.path);
    return refuse(
      'model-without-weights',
      `${folder}config.json`,
      `The folder "${name}" has a config.json but no .safetensors file.`,
      'Drop the whole model folder: config.json, tokenizer.json and its *.safetensors.',
    );
  }
  return { kind: 'model', name, files: inside.filter(({ path }) => MODEL_FILE.test(path)) };
}

async function routeFile({ path, file }: NamedFile): Promise<Destination> {
  const name = baseName(path);
  if (file.size === 0) return refuse('file-empty', path, `${name} is empty.`, HINT);
  const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  const starts = (...bytes: number[]) => bytes.every((byte, index) => head[index] === byte);

  if (starts(0x50, 0x4b, 0x03, 0x04)) {
    // A zip's first entry is named from byte 30 on; torch.save writes <name>/data.pkl.
    const firstEntry = new TextDecoder('latin1').decode(head.subarray(30, 30 + head[26]! + 256 * head[27]!));
    return firstEntry.endsWith('data.pkl') ? refusePickle(path) : { kind: 'checkpoint', name, file };
  }
  if ((starts(0x80) && head[1]! >= 2 && head[1]! <= 5) || /\.(pt|pth|ckpt|pkl)$/i.test(name))
    return refusePickle(path);
  if (starts(0x1f, 0x8b) || starts(0x28, 0xb5, 0x2f, 0xfd))
    return refuse('file-compressed', path, `${name} is compressed.`, 'Unpack it and drop what is inside.');
  if (starts(0x50, 0x41, 0x52, 0x31))
    return refuse('file-parquet', path, `${name} is Parquet.`, 'Export it as JSONL: one question per line.');
  if (starts(0x47, 0x47, 0x55, 0x46))
    return refuse(
      'file-gguf',
      path,
      `${name} is GGUF, which cannot be trained.`,
      'Drop the model’s safetensors folder.',
    );
  if (head[8] === 0x7b && /\.safetensors$/i.test(name))
    return refuse(
      'weights-without-config',
      path,
      `${name} holds weights, but not what model they belong to.`,
      'Drop the whole folder: config.json, tokenizer.json and the weights.',
    );
  if (head.includes(0)) {
    if (/\.bin$/i.test(name)) return refusePickle(path);
    return refuse('file-unknown', path, `${name} is neither text nor a format that is known here.`, HINT);
  }
  if (head.find((byte) => byte > 0x20) === 0x7b && file.size <= CONFIG_LIMIT) {
    const text = await file.text();
    if (isRunConfig(text)) return { kind: 'config', name, text };
  }
  return { kind: 'dataset', name, file };
}

/** One JSON object with "version" and "sampling", or a run's record with that under "config". */
function isRunConfig(text: string): boolean {
  const isConfig = (value: unknown) =>
    typeof value === 'object' && value !== null && 'version' in value && 'sampling' in value;
  try {
    const value: unknown = JSON.parse(text);
    return isConfig(value) || isConfig((value as { config?: unknown } | null)?.config);
  } catch {
    return false; // JSONL, or broken: the dataset worker says where
  }
}

const refusePickle = (path: string): Destination =>
  refuse(
    'file-pickle',
    path,
    `${baseName(path)} is a Python pickle: opening one runs whatever code it holds, so none is opened here.`,
    'Convert it: model.save_pretrained(folder, safe_serialization=True), then drop the folder.',
  );

function refuse(code: string, file: string, message: string, action: string): Destination {
  const record = { boundary: 'data' as const, code, message, action };
  return { kind: 'refused', error: new StudioError(file ? { ...record, file } : record) };
}
