/**
 * The baseline in an isolate of its own: an entry. It must not reach '../tensor/index' by any import,
 * or else tfjs would no longer be tfjs' own.
 */
import { chooseBackend } from '../tensor/backend';
import { tf } from '../tensor/tf';
import { CASES, type IsolateRequest, type IsolateResult } from './cases';
import { measure } from './measure';
import { plainSide } from './plain-side';

export async function measureHere(request: IsolateRequest): Promise<IsolateResult> {
  const { caseName, backend, tensors, repeats, host } = request;
  const { adapter } = await chooseBackend(backend, tensors);
  // Set for software adapters by `chooseBackend`; the baseline multiplies as tfjs would by itself.
  if (backend === 'webgpu') tf.env().set('WEBGPU_MATMUL_PROGRAM_TYPE', -1);
  const side = plainSide(CASES[caseName]);
  const measurement = await measure(side, repeats, host);
  side.dispose();
  return { adapter, measurement };
}
