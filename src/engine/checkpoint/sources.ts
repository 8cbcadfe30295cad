/** Byte sources that a checkpoint is made of, and how a folder is read. Nothing here copies a tensor. */
import { StudioError } from '../../protocol/errors';
import { type ByteSource, bytesSource, type Folder, type NamedArray } from '../files';
import { bytesOf, encodeSafetensorsHeader } from './safetensors';

/** A safetensors file over tensors that stay where they are. Reads see their values at that moment. */
export function safetensorsSource(name: string, tensors: readonly NamedArray[]): ByteSource {
  // transformers opens a file only when its metadata says which framework's layout it has.
  const header = encodeSafetensorsHeader(tensors, { format: 'pt' });
  return partsSource(name, [header, ...tensors.map(({ data }) => bytesOf(data))]);
}

export function textSource(name: string, text: string): ByteSource {
  return bytesSource(name, new TextEncoder().encode(text));
}

/** The whole file as text; larger than `maxBytes` or not UTF-8 is an error of boundary `model`. */
export async function readText(source: ByteSource, maxBytes: number): Promise<string> {
  const { name, size } = source;
  if (size > maxBytes) throw textError('text-too-large', name, `at most ${maxBytes} bytes, received ${size}`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await source.read(0, size));
  } catch (error) {
    if (error instanceof StudioError) throw error;
    throw textError('text-not-utf8', name, 'UTF-8 text, received other bytes');
  }
}

/** The paths that archive tools of macOS and Windows add by themselves. */
const JUNK = /(^|\/)(__MACOSX\/|\.DS_Store$|Thumbs\.db$|desktop\.ini$)/;

/** The folder without what archive tools add, and without a directory around all of it. */
export function rootOf(folder: Folder): Folder {
  const files = [...folder].filter(([path]) => !JUNK.test(path));
  const first = files[0]?.[0] ?? '';
  const wrapper = first.slice(0, first.indexOf('/') + 1);
  if (wrapper === '' || !files.every(([path]) => path.startsWith(wrapper))) return new Map(files);
  return rootOf(new Map(files.map(([path, source]) => [path.slice(wrapper.length), source])));
}

function partsSource(name: string, parts: readonly Uint8Array<ArrayBuffer>[]): ByteSource {
  const starts: number[] = [];
  let size = 0;
  for (const part of parts) {
    starts.push(size);
    size += part.length;
  }
  return {
    name,
    size,
    async read(start, end) {
      const bytes = new Uint8Array(end - start);
      for (let i = firstPartAt(starts, start); i < parts.length && starts[i]! < end; i++) {
        const offset = starts[i]!;
        const piece = parts[i]!.subarray(Math.max(start - offset, 0), end - offset);
        bytes.set(piece, Math.max(offset - start, 0));
      }
      return bytes;
    },
  };
}

/** The last part that starts at or before `position`. */
function firstPartAt(starts: readonly number[], position: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (starts[middle]! <= position) low = middle;
    else high = middle - 1;
  }
  return low;
}

function textError(code: string, file: string, expectation: string): StudioError {
  return new StudioError({
    boundary: 'model',
    code,
    message: `${file}: expected ${expectation}.`,
    action: 'Check that the file is what its name says.',
    file,
  });
}
