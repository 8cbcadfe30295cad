/** Random access to bytes that may be larger than memory: a browser `File`, a Node file, a zip entry. */
export interface ByteSource {
  /** For messages; a path inside its folder or zip. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Bytes [start, end); rejects with a `StudioError` when fewer come. */
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** A folder by paths relative to it, e.g. `config.json`. */
export type Folder = ReadonlyMap<string, ByteSource>;

/** The smallest `ByteSource`: bytes already in memory. */
export function bytesSource(name: string, bytes: Uint8Array<ArrayBuffer>): ByteSource {
  return { name, size: bytes.length, read: async (start, end) => bytes.subarray(start, end) };
}

/** A tensor's values on the CPU; shape in the legend's order. */
export interface NamedArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
}
