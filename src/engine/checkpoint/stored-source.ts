/** A stored file as a `ByteSource` over its chunks, each of which is checked against its hash. */
import { StudioError } from '../../protocol/errors';
import type { ByteSource } from '../files';
import { sha256 } from './hash';
import type { StoredFile } from './manifest';

export class ChunkReader {
  /** The chunk read last: files are read in order, in smaller steps than a chunk. */
  private last: { readonly hash: string; readonly bytes: Promise<Uint8Array<ArrayBuffer>> } | null = null;

  /** `fetchChunk` gives what the database has under a hash. */
  constructor(
    private readonly checkpoint: string,
    private readonly chunkBytes: number,
    private readonly fetchChunk: (hash: string) => Promise<unknown>,
  ) {}

  source(file: StoredFile): ByteSource {
    return {
      name: file.path,
      size: file.bytes,
      read: async (start, end) => {
        const bytes = new Uint8Array(end - start);
        for (let at = start; at < end; ) {
          const index = Math.floor(at / this.chunkBytes);
          const chunk = await this.chunk(file, index);
          const from = at - index * this.chunkBytes;
          const piece = chunk.subarray(from, from + end - at);
          if (piece.length === 0) throw this.fault('chunk-damaged', file, 'a shorter piece');
          bytes.set(piece, at - start);
          at += piece.length;
        }
        return bytes;
      },
    };
  }

  private chunk(file: StoredFile, index: number): Promise<Uint8Array<ArrayBuffer>> {
    const hash = file.chunks[index];
    if (hash === undefined) throw this.fault('chunk-missing', file, 'none in its manifest');
    if (this.last?.hash !== hash) this.last = { hash, bytes: this.load(file, hash) };
    return this.last.bytes;
  }

  private async load(file: StoredFile, hash: string): Promise<Uint8Array<ArrayBuffer>> {
    const value = await this.fetchChunk(hash);
    if (value === undefined) throw this.fault('chunk-missing', file, 'nothing');
    const bytes = value instanceof ArrayBuffer ? new Uint8Array(value) : null;
    if (bytes === null || (await sha256(bytes)) !== hash)
      throw this.fault('chunk-damaged', file, 'other bytes');
    return bytes;
  }

  private fault(code: string, { path }: StoredFile, received: string): StudioError {
    return new StudioError({
      boundary: 'storage',
      code,
      message: `The checkpoint ${this.checkpoint} is damaged: expected a piece of ${path} as it was saved, received ${received}.`,
      action: 'Open another checkpoint, or import this one from an exported zip; delete the damaged one.',
      file: path,
    });
  }
}
