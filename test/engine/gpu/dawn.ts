/** A WebGPU device in Node, for tests of kernels; where there is none, their cases are skipped and counted. */
import { afterAll, beforeAll, describe } from 'vitest';
import { openDawn } from '../../../scripts/lib/dawn.mjs';
import { TfjsGpu } from '../../../src/engine/gpu';
import { chooseBackend } from '../../../src/engine/tensor';

const dawn = await openDawn();

/** tfjs on Dawn; call in Node only. */
export async function activateDawn(): Promise<void> {
  if (dawn === undefined) throw new Error('there is no WebGPU adapter in this Node');
  // tfjs looks there before it believes in WebGPU.
  Object.defineProperty(globalThis, 'navigator', { value: { gpu: dawn.gpu }, configurable: true });
  await chooseBackend('webgpu', { gpu: dawn.gpu, wasmFolder: undefined });
}

/** Tests that need a GPU; `gpu()` is the layer on its device, once they run. */
export function describeOnGpu(name: string, tests: (gpu: () => TfjsGpu) => void): void {
  describe.skipIf(dawn === undefined)(`${name} (WebGPU: ${dawn?.name ?? 'no adapter'})`, () => {
    let gpu: TfjsGpu | undefined;
    beforeAll(async () => {
      await activateDawn();
      gpu = new TfjsGpu();
    });
    afterAll(() => gpu?.dispose());
    tests(() => gpu!);
  });
}
