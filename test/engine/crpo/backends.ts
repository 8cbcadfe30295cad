/** The backends on which the tensor tests run in Node; webgpu has the browser tests. */
import { afterAll, beforeAll, describe } from 'vitest';
import { chooseBackend, tf } from '../../../src/engine/tensor';

const BACKENDS = ['cpu', 'wasm'] as const;
type Backend = (typeof BACKENDS)[number];

export async function useBackend(name: Backend): Promise<void> {
  if (name === 'wasm') await chooseBackend('wasm', { gpu: undefined, wasmFolder: undefined });
  else await tf.setBackend('cpu');
}

/** The same tests on every backend, each with its own tensors disposed at the end. */
export function describeOnBackends(name: string, tests: (backend: Backend) => void): void {
  describe.each(BACKENDS)(`${name} (%s)`, (backend) => {
    beforeAll(async () => {
      await useBackend(backend);
      tf.engine().startScope();
    });
    afterAll(() => tf.engine().endScope());
    tests(backend);
  });
}
