/** Policies out of model folders, and model folders out of policies. */
import { encodeSafetensors } from '../../../src/engine/checkpoint/safetensors';
import { bytesSource, type Folder, type NamedArray } from '../../../src/engine/files';
import { openPolicySource, type Policy, type PolicyChoice, readPolicy } from '../../../src/engine/policy';

export async function loadPolicy(folder: Folder, choice: PolicyChoice): Promise<Policy> {
  return readPolicy(await openPolicySource(folder, choice));
}

/** A Hugging Face folder in memory. */
export function modelFolderOf(configJson: string, weights: readonly NamedArray[]): Folder {
  return new Map([
    ['config.json', bytesSource('config.json', new TextEncoder().encode(configJson))],
    ['model.safetensors', bytesSource('model.safetensors', encodeSafetensors(weights))],
  ]);
}

/** The same of a policy's base weights; the policy is disposed of. */
export async function folderOf(policy: Policy): Promise<Folder> {
  const folder = modelFolderOf(policy.configJson, await policy.exportWeights({ merged: false }));
  policy.dispose();
  return folder;
}

/** A PEFT folder of the policy's adapter; `changes` of its config. */
export async function adapterFolderOf(
  policy: Policy,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<Folder> {
  const { config, tensors } = (await policy.exportAdapter())!;
  const json = new TextEncoder().encode(JSON.stringify({ ...config, ...changes }));
  return new Map([
    ['adapter_config.json', bytesSource('adapter_config.json', json)],
    ['adapter_model.safetensors', bytesSource('adapter_model.safetensors', encodeSafetensors(tensors))],
  ]);
}

/** A safetensors file of 16-bit values, by the format's definition. */
export function encode16(
  tensors: readonly NamedArray[],
  dtype: 'BF16' | 'F16',
  convert: (value: number) => number,
): Uint8Array<ArrayBuffer> {
  let end = 0;
  const header: Record<string, unknown> = {};
  for (const { name, shape, data } of tensors) {
    header[name] = { dtype, shape, data_offsets: [end, end + 2 * data.length] };
    end += 2 * data.length;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + end);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  let at = 8 + json.length;
  for (const { data } of tensors) {
    for (const value of data) {
      view.setUint16(at, convert(value), true);
      at += 2;
    }
  }
  return bytes;
}
