/**
 * safetensors: eight bytes of header length (u64, little-endian), a JSON header, then the tensors'
 * bytes. Files come from strangers, so the reader is stricter than the reference one: the header
 * starts with `{`, is at most 100 MB and inside the file, holds no key twice; the tensors lie end to
 * end from its last byte to the file's; shape × dtype is the span. Nothing is allocated before the
 * numbers that size it have been checked against the file.
 *
 * Little-endian hosts only, as every WebGPU and WebAssembly host is.
 * Format: https://huggingface.co/docs/safetensors
 */
import { StudioError } from '../../protocol/errors';
import type { ByteSource, NamedArray } from '../files';
import { type HeaderTensor, parseHeader, safetensorsError } from './safetensors-header';

export interface SafetensorsFile {
  readonly source: ByteSource;
  readonly tensors: ReadonlyMap<string, TensorSpan>;
  readonly metadata: ReadonlyMap<string, string>;
}

interface TensorSpan {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Absolute bytes in the file. */
  readonly start: number;
  readonly end: number;
}

const PREFIX_BYTES = 8;
const MAX_HEADER_BYTES = 100_000_000;
/** How much of a tensor is read and converted at a time. */
const PIECE_BYTES = 16 * 2 ** 20;

const BYTES_PER_VALUE: ReadonlyMap<string, number> = new Map([
  ['BOOL', 1],
  ['U8', 1],
  ['I8', 1],
  ['F8_E5M2', 1],
  ['F8_E4M3', 1],
  ['F8_E8M0', 1],
  ['U16', 2],
  ['I16', 2],
  ['F16', 2],
  ['BF16', 2],
  ['U32', 4],
  ['I32', 4],
  ['F32', 4],
  ['U64', 8],
  ['I64', 8],
  ['F64', 8],
  ['C64', 8],
]);

/** Reads and checks the header; tensors stay in the file. Rejects with a `StudioError` of boundary `model`. */
export async function openSafetensors(source: ByteSource): Promise<SafetensorsFile> {
  const { name, size } = source;
  if (size < PREFIX_BYTES) {
    throw safetensorsError('safetensors-too-short', name, `expected at least 8 bytes, received ${size}`);
  }
  const prefix = await readExactly(source, 0, PREFIX_BYTES);
  const view = new DataView(prefix.buffer, prefix.byteOffset, PREFIX_BYTES);
  const headerBytes = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
  if (headerBytes > MAX_HEADER_BYTES) {
    const expectation = `expected a header of at most ${MAX_HEADER_BYTES} bytes, received a length of ${headerBytes}`;
    throw safetensorsError('safetensors-header-too-large', name, expectation);
  }
  const dataStart = PREFIX_BYTES + headerBytes;
  if (dataStart > size) {
    const expectation = `expected a header of ${headerBytes} bytes, received only ${size - PREFIX_BYTES} bytes after the length`;
    throw safetensorsError('safetensors-header-truncated', name, expectation);
  }
  const header = parseHeader(decodeHeader(await readExactly(source, PREFIX_BYTES, dataStart), name), name);
  return { source, tensors: placeTensors(header.tensors, dataStart, size, name), metadata: header.metadata };
}

/**
 * A tensor's values, row-major: all of them in new memory or, with `into`, those from index `from` on,
 * as many as it holds. F32 comes as stored; F16 and BF16 convert exactly.
 */
export async function readFloat32(
  file: SafetensorsFile,
  name: string,
  into?: Float32Array<ArrayBuffer>,
  from = 0,
): Promise<Float32Array<ArrayBuffer>> {
  const span = file.tensors.get(name);
  if (span === undefined) {
    throw safetensorsError(
      'safetensors-missing-tensor',
      file.source.name,
      `expected the tensor ${name}, received none`,
      {
        action: 'Check that all files of the model are there and belong together.',
      },
    );
  }
  const convert = CONVERTERS.get(span.dtype);
  if (convert === undefined) {
    throw new StudioError({
      boundary: 'model',
      code: 'safetensors-unsupported-dtype',
      message: `${file.source.name}: expected the tensor ${name} in F32, F16 or BF16, received ${span.dtype}.`,
      action: 'Convert the model to one of these types; quantised weights cannot be trained.',
      file: file.source.name,
    });
  }
  const width = BYTES_PER_VALUE.get(span.dtype)!;
  const values = into ?? allocate((span.end - span.start) / width, name, file.source.name);
  const first = span.start + from * width;
  const last = first + values.length * width;
  for (let start = first; start < last; start += PIECE_BYTES) {
    const end = Math.min(start + PIECE_BYTES, last);
    convert(await readExactly(file.source, start, end), values, (start - first) / width);
  }
  return values;
}

/** Every tensor of the file, in the header's order. */
export async function readTensors(file: SafetensorsFile): Promise<readonly NamedArray[]> {
  const tensors: NamedArray[] = [];
  for (const [name, { shape }] of file.tensors)
    tensors.push({ name, shape, data: await readFloat32(file, name) });
  return tensors;
}

/** Writes F32 tensors in the order given; the header is padded with spaces so that the data is 8-byte aligned. */
export function encodeSafetensors(
  tensors: readonly NamedArray[],
  metadata?: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const header = encodeSafetensorsHeader(tensors, metadata);
  let offset = header.length;
  const file = new Uint8Array(offset + tensors.reduce((bytes, { data }) => bytes + data.byteLength, 0));
  file.set(header);
  for (const { data } of tensors) {
    file.set(bytesOf(data), offset);
    offset += data.byteLength;
  }
  return file;
}

/** The length and header alone, for writers that send the tensors' bytes after it themselves. */
export function encodeSafetensorsHeader(
  tensors: readonly NamedArray[],
  metadata?: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const members: string[] = [];
  if (metadata !== undefined) members.push(`"__metadata__":${JSON.stringify(metadata)}`);
  const names = new Set(['__metadata__']);
  let offset = 0;
  for (const { name, shape, data } of tensors) {
    if (names.has(name))
      throw encodeError('duplicate-tensor', `tensor names to differ, received ${name} twice`);
    if (shape.reduce((product, size) => product * size, 1) !== data.length) {
      throw encodeError(
        'tensor-shape',
        `${name} of shape [${shape.join(', ')}], received ${data.length} values`,
      );
    }
    names.add(name);
    const end = offset + data.byteLength;
    members.push(
      `${JSON.stringify(name)}:${JSON.stringify({ dtype: 'F32', shape, data_offsets: [offset, end] })}`,
    );
    offset = end;
  }
  const json = new TextEncoder().encode(`{${members.join(',')}}`);
  const paddedBytes = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(PREFIX_BYTES + paddedBytes).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(paddedBytes), true);
  header.set(json, PREFIX_BYTES);
  return header;
}

/** The bytes behind a tensor's values, not a copy. */
export function bytesOf(data: Float32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function decodeHeader(bytes: Uint8Array<ArrayBuffer>, file: string): string {
  if (bytes[0] !== 0x7b) {
    const received =
      bytes.length === 0 ? 'an empty header' : `the byte 0x${bytes[0]!.toString(16).padStart(2, '0')}`;
    throw safetensorsError(
      'safetensors-header-start',
      file,
      `expected the header to start with {, received ${received}`,
    );
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw safetensorsError(
      'safetensors-not-utf8',
      file,
      'expected the header in UTF-8, received other bytes',
    );
  }
}

/** Relative offsets → absolute spans, checked to lie end to end from the header to the end of the file. */
function placeTensors(
  tensors: ReadonlyMap<string, HeaderTensor>,
  dataStart: number,
  fileBytes: number,
  file: string,
): ReadonlyMap<string, TensorSpan> {
  const placed = new Map<string, TensorSpan>();
  const inOrder = [...tensors].sort(([, { offsets: a }], [, { offsets: b }]) => a[0] - b[0] || a[1] - b[1]);
  let cursor = 0;
  for (const [name, { dtype, shape, offsets }] of inOrder) {
    checkSpan(name, dtype, shape, offsets[1] - offsets[0], file);
    if (offsets[0] !== cursor) {
      const kind = offsets[0] < cursor ? 'safetensors-overlap' : 'safetensors-gap';
      throw safetensorsError(
        kind,
        file,
        `expected the tensor ${name} to start at byte ${cursor}, received ${offsets[0]}`,
      );
    }
    cursor = offsets[1];
  }
  const dataBytes = fileBytes - dataStart;
  if (cursor !== dataBytes) {
    const code = cursor > dataBytes ? 'safetensors-truncated' : 'safetensors-trailing-bytes';
    throw safetensorsError(code, file, `expected ${cursor} bytes of tensors, received ${dataBytes}`);
  }
  for (const [name, { dtype, shape, offsets }] of tensors) {
    placed.set(name, { dtype, shape, start: dataStart + offsets[0], end: dataStart + offsets[1] });
  }
  return placed;
}

function checkSpan(
  name: string,
  dtype: string,
  shape: readonly number[],
  spanBytes: number,
  file: string,
): void {
  const width = BYTES_PER_VALUE.get(dtype);
  if (width === undefined) {
    const known = [...BYTES_PER_VALUE.keys()].join(', ');
    const received = JSON.stringify(dtype.slice(0, 40));
    throw safetensorsError(
      'safetensors-unknown-dtype',
      file,
      `expected one of ${known} for ${name}, received ${received}`,
    );
  }
  let bytes = width;
  for (const size of shape) {
    bytes *= size;
    if (!Number.isSafeInteger(bytes)) break;
  }
  if (bytes !== spanBytes) {
    const expectation = `expected ${name} of type ${dtype} and shape [${shape.join(', ')}] to take ${bytes} bytes, received ${spanBytes}`;
    throw safetensorsError('safetensors-shape-span', file, expectation);
  }
}

async function readExactly(source: ByteSource, start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await source.read(start, end);
  if (bytes.length !== end - start) {
    const expectation = `expected ${end - start} bytes from byte ${start} on, received ${bytes.length}`;
    throw safetensorsError('safetensors-short-read', source.name, expectation);
  }
  return bytes;
}

function allocate(values: number, tensor: string, file: string): Float32Array<ArrayBuffer> {
  try {
    return new Float32Array(values);
  } catch (cause) {
    throw new StudioError(
      {
        boundary: 'model',
        code: 'safetensors-tensor-too-large',
        message: `${file}: expected the tensor ${tensor} to fit into memory, received ${values * 4} bytes as float32.`,
        action: 'Choose a smaller model, or close other tabs.',
        file,
      },
      { cause },
    );
  }
}

function encodeError(code: string, expectation: string): StudioError {
  return new StudioError({ boundary: 'internal', code, message: `internal: expected ${expectation}.` });
}

type Converter = (bytes: Uint8Array<ArrayBuffer>, into: Float32Array<ArrayBuffer>, at: number) => void;

/** dtype → bytes of whole values into float32 from index `at` on. */
const CONVERTERS: ReadonlyMap<string, Converter> = new Map<string, Converter>([
  ['F32', (bytes, into, at) => bytesOf(into).set(bytes, at * 4)],
  ['BF16', convertBfloat16],
  ['F16', convertHalf],
]);

/** A bfloat16 is the upper half of the float32 with the same value. */
function convertBfloat16(bytes: Uint8Array<ArrayBuffer>, into: Float32Array<ArrayBuffer>, at: number): void {
  const bits = new Uint32Array(into.buffer, into.byteOffset, into.length);
  for (let i = 0; i < bytes.length / 2; i++) bits[at + i] = (bytes[2 * i]! << 16) | (bytes[2 * i + 1]! << 24);
}

function convertHalf(bytes: Uint8Array<ArrayBuffer>, into: Float32Array<ArrayBuffer>, at: number): void {
  halfValues ??= Float32Array.from({ length: 2 ** 16 }, (_, bits) => halfToNumber(bits));
  for (let i = 0; i < bytes.length / 2; i++)
    into[at + i] = halfValues[bytes[2 * i]! | (bytes[2 * i + 1]! << 8)]!;
}

/** Every binary16 by its bits, made at the first use. */
let halfValues: Float32Array | undefined;

/** IEEE 754 binary16: sign, five bits of exponent (bias 15), ten of fraction. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}
