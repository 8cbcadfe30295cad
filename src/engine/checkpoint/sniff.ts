/**
 * What a person dropped, told by its bytes and never by its name's ending. Only the head of a file
 * is read, and JSON up to 64 MiB, so that the answer comes at once; whoever opens it checks it whole.
 */
import type { ByteSource, Folder } from '../files';
import { STATE } from './bundle';
import { openSafetensors } from './safetensors';
import { rootOf } from './sources';
import { openZip } from './zip';

export type DropKind =
  | 'dataset'
  | 'model-folder'
  | 'checkpoint-zip'
  | 'safetensors'
  | 'adapter'
  | 'run-config'
  | 'refused';

export interface Sniffed {
  readonly kind: DropKind;
  /** One sentence: what was found, or why it is refused and what to bring instead. */
  readonly detail: string;
}

const HEAD_BYTES = 64 * 2 ** 10;
const MAX_JSON_BYTES = 64 * 2 ** 20;

/**
 * Recognises a file or a folder, zipped or not. A zip or safetensors file that is damaged rejects
 * with the `StudioError` that its reader gives.
 */
export async function sniff(folder: Folder): Promise<Sniffed> {
  const root = rootOf(folder);
  const [first, ...more] = root.values();
  if (first === undefined) return refused('The folder is empty.');
  return more.length === 0 ? sniffFile(first) : sniffFolder(root, false);
}

/** The files themselves: those of a zip if it is one zip, without a directory around them. */
export async function unpack(folder: Folder): Promise<Folder> {
  const root = rootOf(folder);
  const [first, ...more] = root.values();
  if (first === undefined || more.length > 0 || !startsWith(await headOf(first), ZIP)) return root;
  return rootOf(await openZip(first));
}

async function sniffFile(file: ByteSource): Promise<Sniffed> {
  if (file.size === 0) return refused(`${file.name} is empty.`);
  const head = await headOf(file);
  if (isPickle(head)) return refused(`${file.name} ${PICKLE}`);
  if (startsWith(head, ZIP)) return sniffFolder(rootOf(await openZip(file)), true);
  const foreign = FOREIGN.find(({ magic }) => startsWith(head, magic));
  if (foreign !== undefined) return refused(`${file.name} ${foreign.why}`);
  if (isSafetensors(head, file.size)) return sniffSafetensors(file);
  return sniffText(file, head);
}

async function sniffFolder(root: Folder, zipped: boolean): Promise<Sniffed> {
  const inZip = zipped ? ', zipped' : '';
  if (root.has(STATE)) {
    if (zipped) return { kind: 'checkpoint-zip', detail: 'A checkpoint that a run can resume from.' };
    if (!root.has('model.safetensors')) {
      return refused(
        'This is an unpacked checkpoint without a model of its own. Zip the folder and drop the zip.',
      );
    }
    return {
      kind: 'model-folder',
      detail: 'An unpacked checkpoint, used as a model. To resume its run, drop its zip.',
    };
  }
  const paths = [...root.keys()];
  const weights = paths.filter((path) => path.endsWith('.safetensors'));
  if (root.has('adapter_config.json')) {
    if (weights.length > 0) return { kind: 'adapter', detail: `A PEFT adapter${inZip}.` };
    return refused('An adapter_config.json without adapter_model.safetensors. Drop both together.');
  }
  if (root.has('config.json') && weights.length > 0) {
    return {
      kind: 'model-folder',
      detail: `A Hugging Face model with ${weights.length} weight files${inZip}.`,
    };
  }
  for (const file of root.values()) {
    if (isPickle(await headOf(file))) return refused(`${file.name} ${PICKLE}`);
  }
  if (weights.length > 0) return refused('Weights without their config.json. Drop the whole model folder.');
  if (root.has('config.json'))
    return refused('A model folder without .safetensors weights. Drop one that has them.');
  if (zipped && paths.length === 1) {
    const inside = await sniffFile(root.get(paths[0]!)!);
    if (inside.kind === 'dataset') return refused(`${paths[0]} is a dataset inside a zip. Unpack it first.`);
    return inside;
  }
  return refused(`${paths.length} files that are no model. Drop datasets one at a time.`);
}

async function sniffSafetensors(file: ByteSource): Promise<Sniffed> {
  const { tensors } = await openSafetensors(file);
  const isAdapter = [...tensors.keys()].some((name) => name.includes('.lora_A.'));
  if (isAdapter)
    return { kind: 'adapter', detail: `${tensors.size} LoRA tensors; drop adapter_config.json with them.` };
  return {
    kind: 'safetensors',
    detail: `${tensors.size} tensors; drop config.json and the tokenizer with them.`,
  };
}

async function sniffText(file: ByteSource, head: Uint8Array<ArrayBuffer>): Promise<Sniffed> {
  const text = decode(head);
  if (text === null) {
    // A dataset with a damaged line is read all the same, and the line told.
    if (beginsLikeRows(head)) return { kind: 'dataset', detail: 'JSON with damaged text.' };
    return refused(`${file.name} is neither UTF-8 text nor a format known here.`);
  }
  const start = text.trimStart();
  if (start === '') return refused(`${file.name} is blank.`);
  if (!start.startsWith('{')) {
    return { kind: 'dataset', detail: start.startsWith('[') ? 'A JSON array.' : 'Lines of text.' };
  }
  const json = await parseWhole(file);
  if (json === null) return { kind: 'dataset', detail: 'JSON, one case per line.' };
  if (isRunConfig(json) || isRunConfig(json.config))
    return { kind: 'run-config', detail: 'The settings of a run.' };
  if ('peft_type' in json)
    return refused(`${file.name} describes an adapter. Drop it together with its weights.`);
  if ('model_type' in json || 'architectures' in json) {
    return refused(`${file.name} describes a model. Drop the whole model folder.`);
  }
  return { kind: 'dataset', detail: 'JSON, one case.' };
}

async function headOf(file: ByteSource): Promise<Uint8Array<ArrayBuffer>> {
  return file.read(0, Math.min(HEAD_BYTES, file.size));
}

/** UTF-8 without control characters; a character cut at the end of the head does not count. */
function decode(head: Uint8Array<ArrayBuffer>): string | null {
  if (head.some((byte) => byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
  } catch {
    return null;
  }
}

/** Whether an object or an array of objects opens here, whatever bytes follow. */
function beginsLikeRows(head: Uint8Array): boolean {
  return !head.includes(0) && /^[\s\uFEFF]*(\[\s*)?\{\s*"/.test(new TextDecoder().decode(head));
}

/** The file as one JSON object; null if it is anything else, such as one object per line. */
async function parseWhole(file: ByteSource): Promise<Record<string, unknown> | null> {
  if (file.size > MAX_JSON_BYTES) return null;
  try {
    const json: unknown = JSON.parse(new TextDecoder('utf-8').decode(await file.read(0, file.size)));
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function isRunConfig(json: unknown): boolean {
  if (typeof json !== 'object' || json === null) return false;
  const config = json as Record<string, unknown>;
  const sections = ['rewards', 'sampling', 'advantage', 'loss', 'optimizer'];
  return Number.isSafeInteger(config.version) && sections.every((name) => typeof config[name] === 'object');
}

/** A header length that fits the file, and the header's first byte. */
function isSafetensors(head: Uint8Array<ArrayBuffer>, fileBytes: number): boolean {
  if (head.length < 9 || head[8] !== 0x7b) return false;
  const view = new DataView(head.buffer, head.byteOffset, 8);
  return view.getUint32(4, true) === 0 && view.getUint32(0, true) <= Math.max(fileBytes, 100_000_000);
}

const ZIP = [0x50, 0x4b, 0x03, 0x04];

const PICKLE =
  'is a pickle, which can run any code when it is opened, so it is never opened here. ' +
  'Use the .safetensors file of the same model, or convert it with `save_pretrained(…, safe_serialization=True)`.';

/** Protocol 2 and later begin with the opcode PROTO; torch.save packs its pickle as the first file of a zip. */
function isPickle(head: Uint8Array<ArrayBuffer>): boolean {
  if (startsWith(head, ZIP)) return /^[^/]*\/?data\.pkl/.test(String.fromCharCode(...head.subarray(30, 160)));
  return head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5;
}

/** First bytes of what cannot be used, and why. */
const FOREIGN: readonly { readonly magic: readonly number[]; readonly why: string }[] = [
  {
    magic: ascii('GGUF'),
    why: 'is a GGUF file, whose quantised weights cannot be trained. Use the original .safetensors.',
  },
  { magic: ascii('PAR1'), why: 'is a Parquet file. Export its rows as JSONL.' },
  { magic: [0x1f, 0x8b], why: 'is gzipped. Unpack it first.' },
  { magic: [0x28, 0xb5, 0x2f, 0xfd], why: 'is compressed by zstd. Unpack it first.' },
  { magic: [0x89, ...ascii('HDF')], why: 'is an HDF5 file. Use .safetensors weights.' },
  { magic: ascii('%PDF'), why: 'is a PDF. Bring the cases as JSONL.' },
  { magic: [0xff, 0xfe], why: 'is text in UTF-16. Save it as UTF-8.' },
  { magic: [0xfe, 0xff], why: 'is text in UTF-16. Save it as UTF-8.' },
];

function ascii(text: string): number[] {
  return [...text].map((character) => character.charCodeAt(0));
}

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return prefix.every((byte, i) => bytes[i] === byte);
}

function refused(detail: string): Sniffed {
  return { kind: 'refused', detail };
}
