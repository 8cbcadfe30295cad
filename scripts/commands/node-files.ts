/** Files and folders of this machine as the engine's byte sources. */
import { open, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ByteSource, Folder } from '../../src/engine/files';
import { StudioError } from '../../src/protocol';

/** A folder with more files than this is no model; reading all of their heads would take long. */
const MAX_FILES = 1000;

/** The file alone, under its own name, or all files below the folder that are not hidden. */
export async function openPath(path: string): Promise<Folder> {
  const facts = await stat(path).catch(() => null);
  if (facts === null) throw pathError('path-missing', path, `There is no ${path}.`);
  if (!facts.isDirectory()) return new Map([[basename(path), fileSource(path, basename(path), facts.size)]]);
  const files = new Map<string, ByteSource>();
  for (const name of await visibleFiles(path)) {
    const full = join(path, name);
    files.set(name, fileSource(full, name, (await stat(full)).size));
  }
  return files;
}

async function visibleFiles(folder: string, below = ''): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
    if (entry.name.startsWith('.')) continue;
    const name = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) names.push(...(await visibleFiles(folder, name)));
    else names.push(name);
    if (names.length > MAX_FILES) {
      throw pathError(
        'folder-too-large',
        folder,
        `${folder} holds more than ${MAX_FILES} files, so it is no model.`,
      );
    }
  }
  return names.sort();
}

function fileSource(path: string, name: string, size: number): ByteSource {
  return {
    name,
    size,
    async read(start, end) {
      const bytes = new Uint8Array(end - start);
      const file = await open(path, 'r');
      try {
        let filled = 0;
        while (filled < bytes.length) {
          const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled);
          if (bytesRead === 0)
            throw pathError('file-shorter', name, `${name} became shorter while it was read.`);
          filled += bytesRead;
        }
      } finally {
        await file.close();
      }
      return bytes;
    },
  };
}

function pathError(code: string, file: string, message: string): StudioError {
  return new StudioError({ boundary: 'data', code, message, file });
}
