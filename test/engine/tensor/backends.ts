/** The backends that run in Node. */
import { tf } from '../../../src/engine/tensor';

export const NODE_BACKENDS = ['cpu', 'wasm'] as const;

export async function useBackend(name: (typeof NODE_BACKENDS)[number]): Promise<void> {
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  if (!(await tf.setBackend(name))) throw new Error(`the backend ${name} did not start`);
}
