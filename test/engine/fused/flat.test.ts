import { expect, it } from 'vitest';
import { FlatBuffers, flatLayout } from '../../../src/engine/fused/flat';
import { describeOnGpu } from '../gpu/dawn';
import { values } from '../kernels/compare';

describeOnGpu('flat buffers', (gpu) => {
  it.each([
    ['without gaps', 5, 5],
    ['with padded rows', 3, 4],
  ])('take a tensor in parts that begin and end anywhere: %s', async (_, columns, stride) => {
    const rows = 7;
    const place = (name: string) => ({ name, rows, columns, stride });
    const flat = new FlatBuffers(
      gpu(),
      flatLayout(new Map([['both', [place('a'), place('b')]]]), gpu()),
      'test',
    );
    const [a, b] = [values(rows * columns, 1), values(rows * columns, 2)];
    flat.write('b', b);
    for (const [from, to] of [
      [0, 1],
      [1, 2],
      [2, columns + 1],
      [columns + 1, 2 * columns],
      [2 * columns, 2 * columns + 1],
      [2 * columns + 1, 5 * columns + 2],
      [5 * columns + 2, rows * columns],
    ] as const)
      flat.write('a', a.slice(from, to), from);
    expect(await flat.read('a')).toEqual(a);
    expect(await flat.read('b')).toEqual(b);
    const all = await gpu().readFloats(flat.group('both')!);
    const padding = all.filter((_value, at) => at % stride >= columns);
    expect(padding.every((value) => value === 0)).toBe(true);
    flat.dispose();
  });
});
