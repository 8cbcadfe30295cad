/** Browser blobs as the engine's `ByteSource` and `Folder`. */

import { rootOf } from '../src/engine/checkpoint/sources';
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

/** Chosen or dropped files as a folder; a directory around all of them is taken off. */
export function folderOf(files: readonly NamedFile[], boundary: ErrorBoundary): Folder {
  return rootOf(new Map(files.map(({ path, file }) => [path, blobSource(path, file, boundary)])));
}
