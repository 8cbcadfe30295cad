/** Browser blobs as the engine's `ByteSource` and `Folder`. */

import type { ByteSource, Folder } from '../src/engine/files';
import { type ErrorBoundary, type NamedFile, StudioError } from '../src/protocol';

/** Reads ranges of a blob; a file that changed or vanished on disk becomes an error of `boundary`. */
export function blobSource(name: string, blob: Blob, boundary: ErrorBoundary): ByteSource {
  return {
    name,
    size: blob.size,
    async read(start, end) {
      const unreadable = (received: string, cause?: unknown): StudioError =>
        new StudioError(
          {
            boundary,
            code: 'file-unreadable',
            message: `${name}: expected to read bytes ${start} to ${end}, received ${received}.`,
            action: 'The file may have been moved or changed since it was chosen: choose it again.',
            file: name,
          },
          { cause },
        );
      let bytes: Uint8Array<ArrayBuffer>;
      try {
        bytes = new Uint8Array(await blob.slice(start, end).arrayBuffer());
      } catch (cause) {
        throw unreadable(cause instanceof Error ? cause.message : String(cause), cause);
      }
      if (bytes.length !== end - start) throw unreadable(`${bytes.length} bytes`);
      return bytes;
    },
  };
}

/**
 * Files as a folder whose root is the directory that holds the shallowest `config.json`, so that a
 * dropped parent folder and its contents read the same. Without one, paths stay as they are.
 */
export function folderOf(files: readonly NamedFile[], boundary: ErrorBoundary): Folder {
  const configs = files.map((file) => file.path).filter((path) => path.split('/').at(-1) === 'config.json');
  configs.sort((a, b) => a.split('/').length - b.split('/').length);
  const root = configs[0]?.slice(0, -'config.json'.length) ?? '';
  const inRoot = files.filter((file) => file.path.startsWith(root));
  return new Map(
    inRoot.map(({ path, file }) => {
      const name = path.slice(root.length);
      return [name, blobSource(name, file, boundary)];
    }),
  );
}
