/**
 * Flat buffers: many tensors in one GPU buffer, so that an optimizer update is one dispatch, with a
 * second level: groups of tensors without gaps between them, so that one product reads them all (the
 * query, key and value weights of a layer). A matrix lies as in a Hugging Face file, [out, in].
 * Where a device cannot hold all in one buffer there are several parts; a group is never cut.
 */
import { StudioError } from '../../protocol/errors';
import { ALIGNMENT, type Gpu, partOf, type View } from '../gpu';

export interface FlatTensor {
  readonly name: string;
  /** A vector has one row. */
  readonly rows: number;
  readonly columns: number;
  /** Rows and columns with the zeros that alignment asks for; the tensor's own if left out. */
  readonly paddedRows?: number;
  readonly stride?: number;
}

/** Name of a group → its tensors, in the order in which they lie. */
export type FlatGroups = ReadonlyMap<string, readonly FlatTensor[]>;

interface Place extends FlatTensor {
  readonly part: number;
  /** In values, from the start of the part. */
  readonly offset: number;
}

interface GroupPlace {
  readonly part: number;
  readonly offset: number;
  readonly size: number;
}

export interface FlatLayout {
  /** Values of each part, multiples of 64. */
  readonly parts: readonly number[];
  readonly tensors: ReadonlyMap<string, Place>;
  readonly groups: ReadonlyMap<string, GroupPlace>;
}

/** Throws `tensor-too-large` when a group exceeds what the device binds at once. */
export function flatLayout(groups: FlatGroups, gpu: Pick<Gpu, 'limits'>): FlatLayout {
  const bound = Math.floor(gpu.limits.maxStorageBufferBindingSize / 4 / ALIGNMENT) * ALIGNMENT;
  const parts: number[] = [];
  const tensors = new Map<string, Place>();
  const places = new Map<string, GroupPlace>();
  let used = 0;
  for (const [name, members] of groups) {
    const size = members.reduce((sum, tensor) => sum + spanOf(tensor), 0);
    if (size > bound) throw tooLarge(name, size * 4, gpu.limits.maxStorageBufferBindingSize);
    if (used + size > bound) {
      parts.push(used);
      used = 0;
    }
    const part = parts.length;
    places.set(name, { part, offset: used, size });
    let offset = used;
    for (const tensor of members) {
      tensors.set(tensor.name, { ...tensor, part, offset });
      offset += spanOf(tensor);
    }
    used = Math.ceil((used + size) / ALIGNMENT) * ALIGNMENT;
  }
  if (used > 0) parts.push(used);
  return { parts, tensors, groups: places };
}

function spanOf({ rows, columns, paddedRows = rows, stride = columns }: FlatTensor): number {
  return paddedRows * stride;
}

/** Values on the device in a flat layout. */
export class FlatBuffers {
  readonly layout: FlatLayout;
  readonly parts: readonly View[];
  readonly #gpu: Gpu;

  constructor(gpu: Gpu, layout: FlatLayout, label: string) {
    this.#gpu = gpu;
    this.layout = layout;
    this.parts = layout.parts.map((values) => gpu.allocate(values, label));
  }

  /** New buffers in the same layout: gradients, moments. */
  like(label: string): FlatBuffers {
    return new FlatBuffers(this.#gpu, this.layout, label);
  }

  /** The whole group as one matrix, or undefined where there is none of that name. */
  group(name: string): View | undefined {
    const place = this.layout.groups.get(name);
    return place && partOf(this.parts[place.part]!, place.offset, place.size);
  }

  /** Writes values of a tensor, which has rows × columns, from its value `from` on. */
  write(name: string, values: Float32Array, from = 0): void {
    const place = this.layout.tensors.get(name)!;
    const { columns, stride = columns } = place;
    const positionOf = (value: number) => Math.floor(value / columns) * stride + (value % columns);
    const start = positionOf(from);
    const spread = stride === columns ? values : spreadRows(values, from % columns, columns, stride);
    this.#gpu.write(partOf(this.parts[place.part]!, place.offset + start, spread.length), spread);
  }

  /** A copy of one tensor's values, rows × columns. */
  async read(name: string): Promise<Float32Array<ArrayBuffer>> {
    const place = this.layout.tensors.get(name)!;
    const { rows, columns, stride = columns } = place;
    const span = await this.#gpu.readFloats(partOf(this.parts[place.part]!, place.offset, rows * stride));
    if (stride === columns) return span;
    const values = new Float32Array(rows * columns);
    for (let row = 0; row < rows; row++)
      values.set(span.subarray(row * stride, row * stride + columns), row * columns);
    return values;
  }

  copyTo(other: FlatBuffers): void {
    this.parts.forEach((part, index) => {
      this.#gpu.copy(part, other.parts[index]!, this.layout.parts[index]!);
    });
  }

  clear(): void {
    for (const part of this.parts) this.#gpu.clear(part);
  }

  dispose(): void {
    this.#gpu.free(...this.parts);
  }
}

/** Rows of `columns` values, `stride` apart with zeros between them; the first begins at its column `at`. */
function spreadRows(values: Float32Array, at: number, columns: number, stride: number): Float32Array {
  const rows = Math.ceil((at + values.length) / columns);
  const padding = stride - columns;
  const spread = new Float32Array(values.length + (rows - 1) * padding);
  for (let row = 0; row < rows; row++) {
    const start = Math.max(0, row * columns - at);
    spread.set(values.subarray(start, (row + 1) * columns - at), start + row * padding);
  }
  return spread;
}

function tooLarge(name: string, bytes: number, limit: number): StudioError {
  return new StudioError({
    boundary: 'device',
    code: 'tensor-too-large',
    message: `Expected tensors that the GPU binds at once, at most ${limit} bytes; ${name} has ${bytes}.`,
    action: 'Plain TensorFlow.js ops train this model instead, more slowly.',
  });
}
