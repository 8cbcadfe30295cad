/** The files of a Hugging Face folder that describe its tokenizer, read with bounds and checked. */
import { StudioError } from '../../protocol';
import { parseJson } from '../data/json';
import type { ByteSource, Folder } from '../files';

const ACTION =
  'Take tokenizer.json and tokenizer_config.json from the same folder of the model’s release as its weights.';

/** A fault of one tokenizer file, as an error that names it. */
export function tokenizerError(code: string, file: string, sentence: string, action = ACTION): StudioError {
  return new StudioError({ boundary: 'model', code, message: `${file}: ${sentence}.`, action, file });
}

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A file as text; null if the folder has none of that name. @throws StudioError `tokenizer-file-too-large`, `tokenizer-malformed` */
export async function readText(folder: Folder, name: string, maxBytes: number): Promise<string | null> {
  const source: ByteSource | undefined = folder.get(name);
  if (source === undefined) return null;
  if (source.size > maxBytes) {
    throw tokenizerError(
      'tokenizer-file-too-large',
      name,
      `expected at most ${maxBytes} bytes, received ${source.size}`,
    );
  }
  const bytes = await source.read(0, source.size);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw tokenizerError('tokenizer-malformed', name, 'expected UTF-8 text, received other bytes');
  }
}

/** A file as a JSON object; null if there is none. @throws StudioError as `readText` */
export async function readObject(folder: Folder, name: string, maxBytes: number): Promise<JsonObject | null> {
  const text = await readText(folder, name, maxBytes);
  if (text === null) return null;
  const parsed = parseJson(text);
  if ('fault' in parsed) {
    throw tokenizerError(
      'tokenizer-malformed',
      name,
      `expected JSON, but at character ${parsed.fault.column} ${parsed.fault.message}`,
    );
  }
  if (!isObject(parsed.value)) {
    throw tokenizerError('tokenizer-malformed', name, 'expected a JSON object, received another value');
  }
  return parsed.value;
}
