/** A model folder in memory. */
import { encodeSafetensors } from '../../../src/engine/checkpoint/safetensors';
import { bytesSource, type Folder, type NamedArray } from '../../../src/engine/files';
import type { PolicyConfig } from '../../../src/engine/policy';

export function memoryFolder(config: PolicyConfig, weights: readonly NamedArray[]): Folder {
  const json = new TextEncoder().encode(JSON.stringify(config.json));
  return new Map([
    ['config.json', bytesSource('config.json', json)],
    ['model.safetensors', bytesSource('model.safetensors', encodeSafetensors(weights, {}))],
  ]);
}
