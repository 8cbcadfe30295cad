/**
 * Batched matrix products on wasm. tfjs-wasm hands a single pair of matrices to XNNPACK and runs
 * batches through plain loops, 11 times slower at attention's shapes (14.4 against 1.3 GFLOPS for
 * [32, 512, 32] · [32, 32, 256]). This gives XNNPACK each pair of a batch as a view into the two
 * tensors' memory; nothing is copied.
 *
 * It relies on members of the 4.22.0 backend that tfjs does not document: `dataIdMap`, `makeOutput`,
 * `wasm.tfjs.registerTensor` and `disposeData`, and the C function `BatchMatMul`.
 */
import { tf } from './tf';
import { assertRoom } from './wasm-heap';

export interface WasmBackend {
  readonly dataIdMap: { get(id: object): { readonly memoryOffset: number } };
  makeOutput(
    shape: readonly number[],
    dtype: 'float32',
    memoryOffset?: number,
    values?: Float32Array,
  ): tf.TensorInfo;
  readonly wasm: {
    readonly HEAPU8: Uint8Array;
    _malloc(bytes: number): number;
    _free(address: number): void;
    cwrap(name: string, result: null, parameters: readonly string[]): BatchMatMul;
    readonly tfjs: {
      registerTensor(id: number, values: number, byteOffset: number): void;
      disposeData(id: number): void;
    };
  };
}

type BatchMatMul = (
  aId: number,
  aShapeAddress: number,
  aRank: number,
  bId: number,
  bShapeAddress: number,
  bRank: number,
  transposeA: number,
  transposeB: number,
  outId: number,
) => void;

/** Ids of the views. tfjs numbers its tensors upwards from 1 and never gets here. */
const VIEW_IDS = { a: 0x7ffffffd, b: 0x7ffffffe, out: 0x7fffffff };
/** Of a float32 value, and of a size in a shape. */
const BYTES = 4;

/** Replaces the wasm kernel for batches that gain by it; all else goes to the kernel that was there. */
export function installWasmBatches(): void {
  const original = tf.getKernel('BatchMatMul', 'wasm');
  let multiply: BatchMatMul | undefined;
  tf.unregisterKernel('BatchMatMul', 'wasm');
  tf.registerKernel({
    ...original,
    setupFunc: (backend) => {
      original.setupFunc?.(backend);
      multiply = multiplier(backend as unknown as WasmBackend);
    },
    kernelFunc: (call) => {
      const { a, b } = call.inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
      const transposed = call.attrs!.transposeA || call.attrs!.transposeB;
      assertRoomFor(b, call.backend as WasmBackend);
      if (transposed || multiply === undefined || !gains(a.shape, b.shape)) return original.kernelFunc(call);
      return multiplyPairs(call.backend as WasmBackend, multiply, a, b);
    },
  });
}

/** Matrices b that XNNPACK holds packed, by tensor: it keeps them as long as the tensor lives. Of batches it keeps none. */
const packed = new WeakSet<object>();

/** XNNPACK packs b at its first product, a matrix at a time: columns in groups, and a bias. */
function assertRoomFor({ dataId, shape }: tf.TensorInfo, backend: WasmBackend): void {
  if (packed.has(dataId)) return;
  const [k, n] = shape.slice(-2) as [number, number];
  assertRoom(backend, (k + 8) * (n + 16) * BYTES);
  if (tf.util.sizeFromShape(shape) === k * n) packed.add(dataId);
}

/** The C function of this backend's module. */
export function multiplier({ wasm }: WasmBackend): BatchMatMul {
  // Numbers only, so that Emscripten hands out the bare function: its wrapper costs more than a small product.
  return wasm.cwrap('BatchMatMul', null, new Array<string>(9).fill('number'));
}

/**
 * XNNPACK repacks b for every pair (about 1.8 scalar multiply-adds per value, measured) and each
 * pair costs a few microseconds (3,600 multiply-adds), so it must have enough to multiply.
 */
function gains(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== 3 || b.length !== 3 || a[0] !== b[0] || a[0] === 1) return false;
  const [, m, k] = a as [number, number, number];
  const n = b[2]!;
  return a[2] === b[1] && m * k * n > 1.8 * k * n + 3600;
}

/** a · b, pair by pair: [pairs, m, k] · [pairs, k, n] → [pairs, m, n]. */
export function multiplyPairs(
  backend: WasmBackend,
  multiply: BatchMatMul,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
): tf.TensorInfo {
  const { wasm } = backend;
  const { registerTensor, disposeData } = wasm.tfjs;
  const [pairs, m, k] = a.shape as [number, number, number];
  const n = b.shape[2]!;
  const out = backend.makeOutput([pairs, m, n], 'float32');
  const [aAddress, bAddress, outAddress] = [a, b, out].map(
    ({ dataId }) => backend.dataIdMap.get(dataId).memoryOffset,
  ) as [number, number, number];
  const shapes = wasm._malloc(6 * BYTES);
  new Int32Array(wasm.HEAPU8.buffer, shapes, 6).set([1, m, k, 1, k, n]);
  for (let pair = 0; pair < pairs; pair++) {
    registerTensor(VIEW_IDS.a, m * k, aAddress + pair * m * k * BYTES);
    registerTensor(VIEW_IDS.b, k * n, bAddress + pair * k * n * BYTES);
    registerTensor(VIEW_IDS.out, m * n, outAddress + pair * m * n * BYTES);
    multiply(VIEW_IDS.a, shapes, 3, VIEW_IDS.b, shapes + 3 * BYTES, 3, 0, 0, VIEW_IDS.out);
    disposeData(VIEW_IDS.a);
    disposeData(VIEW_IDS.b); // and with it the operator that XNNPACK kept for this b
    disposeData(VIEW_IDS.out);
  }
  wasm._free(shapes);
  return out;
}
