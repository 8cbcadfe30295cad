/**
 * Optimizer moments between the flat buffers, where a linear weight lies [out, in], and the layout in
 * which they are stored with a checkpoint, where it lies [in, out] as in the plain learner. So a run
 * can go on with either.
 */
import { sizeOf, type WeightSpec } from '../policy/parameters';
import type { FlatBuffers } from './flat';

type Spec = Pick<WeightSpec, 'name' | 'shape' | 'linear'>;

export async function toLayout(
  flat: FlatBuffers,
  specs: readonly Spec[],
): Promise<Float32Array<ArrayBuffer>> {
  const values = new Float32Array(specs.reduce((sum, { shape }) => sum + sizeOf(shape), 0));
  let at = 0;
  for (const { name, shape, linear } of specs) {
    const tensor = await flat.read(name);
    values.set(linear ? transposed(tensor, shape[0]!, shape[1]!) : tensor, at);
    at += tensor.length;
  }
  return values;
}

export function fromLayout(flat: FlatBuffers, specs: readonly Spec[], values: Float32Array): void {
  let at = 0;
  for (const { name, shape, linear } of specs) {
    const tensor = values.subarray(at, at + sizeOf(shape));
    flat.write(name, linear ? transposed(tensor, shape[1]!, shape[0]!) : tensor);
    at += tensor.length;
  }
}

/** [rows, columns] → [columns, rows] */
function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const turned = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      turned[column * rows + row] = values[row * columns + column]!;
  return turned;
}
