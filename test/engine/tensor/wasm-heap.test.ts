import { beforeAll, describe, expect, it } from 'vitest';
import { matmul, tf } from '../../../src/engine/tensor';
import { useBackend } from '../crpo/backends';
import { tensor } from './numbers';

const MIB = 2 ** 20;
/** Nothing is written into a block, so the machine gives no memory for it. */
const BLOCK = 700 * MIB;

const refusal = expect.objectContaining({
  record: expect.objectContaining({ boundary: 'device', code: 'wasm-out-of-memory' }),
});

interface Heap {
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(address: number): void;
}

describe('the wasm heap', () => {
  let heap: Heap;
  beforeAll(async () => {
    await useBackend('wasm');
    heap = (tf.backend() as unknown as { readonly wasm: Heap }).wasm;
  });

  /** Blocks and, in what they leave between them, smaller ones; freed afterwards. */
  async function holding(sizes: readonly number[], use: (addresses: readonly number[]) => Promise<void>) {
    const addresses = sizes.map((bytes) => heap._malloc(bytes));
    try {
      await use(addresses);
    } finally {
      for (const address of addresses) heap._free(address);
    }
  }

  async function product(): Promise<Float32Array> {
    const [a, b] = [tensor<tf.Rank.R3>([2, 40, 64], 1), tensor<tf.Rank.R3>([2, 64, 48], 2)];
    const [c, d] = [
      matmul(a, b),
      matmul(tf.reshape<tf.Rank.R2>(a, [80, 64]), tensor<tf.Rank.R2>([64, 48], 3)),
    ];
    const values = [...(await c.data<'float32'>()), ...(await d.data<'float32'>())];
    tf.dispose([a, b, c, d]);
    return Float32Array.from(values);
  }

  it('computes beyond 2 GiB as below', async () => {
    const below = await product();
    expect(Math.max(...below)).toBeGreaterThan(1);
    const filler = new Array<number>(100).fill(MIB);
    await holding([BLOCK, BLOCK, BLOCK, ...filler], async (addresses) => {
      expect(Math.max(...addresses)).toBeGreaterThan(2 ** 31);
      expect(await product()).toEqual(below);
    });
  });

  it('refuses what does not fit, and goes on', async () => {
    const kept = tf.tensor1d([1, 2, 3]);
    const before = tf.memory().numTensors;
    for (const gib of [1, 2, 3, 4, 5])
      expect(() => heap._malloc(gib * 2 ** 30)).toThrow(`no room for ${gib}.00 GiB more`);
    await holding([BLOCK, BLOCK, BLOCK, BLOCK], async () => {
      const fill = () => tf.fill([(600 * MIB) / 4], 1);
      expect(fill).toThrow('no room for 0.59 GiB more');
      expect(fill).toThrow(refusal);
      expect(Array.from(await kept.data())).toEqual([1, 2, 3]);
      expect(tf.memory().numTensors).toBe(before);
    });
    expect(heap.HEAPU8.length).toBeLessThanOrEqual(3.25 * 2 ** 30);
    heap._free(heap._malloc(600 * MIB));
    kept.dispose();
  });

  it('refuses a product for which XNNPACK has no room, and takes it when there is', async () => {
    const a = tf.fill<tf.Rank.R2>([2, 1024], 1);
    const first = async (product: tf.Tensor) => {
      const [value] = await product.data<'float32'>();
      product.dispose();
      return value;
    };
    const full: number[] = [];
    const fillUp = () => {
      for (;;) full.push(heap._malloc(16 * MIB));
    };
    expect(fillUp).toThrow(refusal);
    for (const address of full.splice(-6)) heap._free(address); // room for one of 60 MiB
    const tight = tf.fill<tf.Rank.R2>([1024, (60 * MIB) / 4096], 2 ** -10);
    expect(() => matmul(a, tight)).toThrow(refusal);
    tight.dispose();
    for (const address of full) heap._free(address);
    const b = tf.fill<tf.Rank.R2>([1024, (60 * MIB) / 4096], 2 ** -10);
    expect(await first(matmul(a, b))).toBe(1);
    await holding([BLOCK, BLOCK, BLOCK], async () => {
      expect(await first(matmul(a, b)), 'it is packed already').toBe(1);
    });
    tf.dispose([a, b]);
  });
});
