/**
 * What the wasm heap cannot hold is an error with a name. The module can address 4 GiB, but near the end all
 * goes wrong in silence: a request that would pass it is granted space that is not there, tfjs-wasm 4.22.0
 * writes to address 0 where `malloc` refuses, and XNNPACK leaves out a product that it has no room for, with a
 * warning on the console. So the heap ends earlier, by more than one request may ask for, and it is asked
 * before XNNPACK asks it.
 */
import { StudioError } from '../../protocol/errors';

const GIB = 2 ** 30;
/** Of the heap, and of one tensor: together less than 4 GiB. */
const MOST = 3.25 * GIB;
const MOST_AT_ONCE = 0.7 * GIB;
const PAGE = 2 ** 16;
/** With which the module expects a memory that others made. */
const INITIAL = 16 * 2 ** 20;

interface Memory {
  readonly buffer: { readonly byteLength: number };
  grow(pages: number): number;
}

/** What Emscripten makes of the module. */
interface Heap {
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(address: number): void;
  /** Of a module of one thread; that of many is given its memory (`sharedMemory`). */
  readonly asm?: { readonly memory?: Memory };
}

interface WasmBackend {
  readonly wasm: Heap;
}

const guarded = new WeakSet<Heap>();

/** From now on the backend's allocations succeed or throw; addresses beyond 2 GiB are positive, too. */
export function guardHeap(backend: object): void {
  const heap = (backend as WasmBackend).wasm;
  if (guarded.has(heap)) return;
  guarded.add(heap);
  const memory = heap.asm?.memory;
  if (memory !== undefined) limitGrowth(memory);
  heap._free(heap._malloc(1)); // Emscripten puts the function itself there when it is first called
  const malloc = heap._malloc;
  heap._malloc = (bytes) => {
    const address = bytes <= MOST_AT_ONCE ? malloc(bytes) >>> 0 : 0;
    if (address === 0) throw outOfMemory(bytes, heap.HEAPU8.length);
    return address;
  };
}

/** Throws where the heap of a guarded backend has no room for so many bytes. */
export function assertRoom(backend: object, bytes: number): void {
  const heap = (backend as WasmBackend).wasm;
  heap._free(heap._malloc(bytes));
}

/** The memory of a module with threads. */
export function sharedMemory(): object {
  const { WebAssembly } = globalThis as unknown as {
    WebAssembly: { Memory: new (size: { initial: number; maximum: number; shared: true }) => object };
  };
  return new WebAssembly.Memory({ initial: INITIAL / PAGE, maximum: MOST / PAGE, shared: true });
}

/** Emscripten tries less when `grow` throws, and then tells `malloc` that there is no more. */
function limitGrowth(memory: Memory): void {
  const grow = memory.grow.bind(memory);
  memory.grow = (pages) => {
    if (memory.buffer.byteLength + pages * PAGE > MOST) throw new RangeError('the heap ends here');
    return grow(pages);
  };
}

function outOfMemory(bytes: number, held: number): StudioError {
  const gib = (count: number) => `${(count / GIB).toFixed(2)} GiB`;
  return new StudioError({
    boundary: 'device',
    code: 'wasm-out-of-memory',
    message: `WebAssembly's memory has grown to ${gib(held)} and has no room for ${gib(bytes)} more: it ends at ${gib(MOST)}, and one tensor at ${gib(MOST_AT_ONCE)}.`,
    action:
      'Choose LoRA instead of all weights, a smaller model, or fewer and shorter completions; on WebGPU the GPU’s memory is the limit.',
  });
}
