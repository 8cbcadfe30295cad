/** The parity fixtures: Hugging Face folders with `reference.json`, computed elsewhere in float64. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { bytesSource, type Folder } from '../../../src/engine/files';
import { tf } from '../../../src/engine/tensor';

export interface Reference {
  readonly input_ids: readonly (readonly number[])[];
  readonly attention_mask: readonly (readonly number[])[];
  /** Of token s + 1 at s: 1 where it is in the loss. */
  readonly completion_mask_on_targets: readonly (readonly number[])[];
  readonly prompt_length: number;
  readonly temperature: number;
  /** [N][S][V] */
  readonly logits: readonly (readonly (readonly number[])[])[];
  /** Of token s + 1 at s. */
  readonly ref_logprobs: readonly (readonly number[])[];
  readonly old_logprobs: readonly (readonly number[])[];
  readonly advantages: readonly number[];
  readonly greedy: { readonly prompt_ids: readonly number[]; readonly ids: readonly number[] };
  readonly lora: {
    readonly rank: number;
    readonly alpha: number;
    readonly logits: readonly (readonly (readonly number[])[])[];
    readonly loss_settings: {
      readonly eps_low: number;
      readonly eps_high: number;
      readonly beta: number;
      readonly kl: 'k3';
      readonly aggregation: 'token-mean' | 'sequence-mean';
      readonly max_grad_norm: number;
    };
    readonly adamw: {
      readonly lr: number;
      readonly beta1: number;
      readonly beta2: number;
      readonly eps: number;
      readonly weight_decay: number;
    };
    readonly steps: readonly {
      readonly loss: number;
      readonly grad_norm: number;
      /** A and B of the first adapted module, B of the last one, in the file's orientation. */
      readonly first_grad: readonly (readonly number[])[];
      readonly first_B_grad: readonly (readonly number[])[];
      readonly last_grad: readonly (readonly number[])[];
    }[];
    /** HF module path → its factors. */
    readonly after_3_steps: Readonly<Record<string, { readonly A: number[][]; readonly B: number[][] }>>;
  };
  readonly full: { readonly loss: number; readonly grad_norms: Readonly<Record<string, number>> };
}

/** Names of the fixture folders, from $MODEL_FIXTURES when that is set. */
export const modelsFolder =
  process.env.MODEL_FIXTURES ?? new URL('../../fixtures/models', import.meta.url).pathname;

export const modelNames = readdirSync(modelsFolder).filter((name) =>
  existsSync(join(modelsFolder, name, 'reference.json')),
);

export function readReference(name: string): Reference {
  return JSON.parse(readFileSync(join(modelsFolder, name, 'reference.json'), 'utf8'));
}

export function modelFolder(name: string): Folder {
  const folder = join(modelsFolder, name);
  const files = readdirSync(folder).filter((file) => statSync(join(folder, file)).isFile());
  return new Map(
    files.map((file) => [file, bytesSource(file, new Uint8Array(readFileSync(join(folder, file))))]),
  );
}

/** Activates a backend that runs in Node. */
export async function useBackend(name: 'cpu' | 'wasm'): Promise<void> {
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  await tf.setBackend(name);
  if (tf.getBackend() !== name) throw new Error(`expected the backend ${name}, received ${tf.getBackend()}`);
}
