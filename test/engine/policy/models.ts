/** The parity fixtures on disk: Hugging Face folders with a `reference.json`. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bytesSource, type Folder } from '../../../src/engine/files';
import type { Reference } from './parity';

/** $MODEL_FIXTURES, or the project's own. */
export const modelsFolder =
  process.env.MODEL_FIXTURES ?? fileURLToPath(new URL('../../fixtures/models', import.meta.url));

export const modelNames = readdirSync(modelsFolder).filter((name) =>
  existsSync(join(modelsFolder, name, 'reference.json')),
);

export function modelFiles(name: string): readonly string[] {
  const folder = join(modelsFolder, name);
  return readdirSync(folder).filter((file) => statSync(join(folder, file)).isFile());
}

export function modelFolder(name: string): Folder {
  const read = (file: string) => new Uint8Array(readFileSync(join(modelsFolder, name, file)));
  return new Map(modelFiles(name).map((file) => [file, bytesSource(file, read(file))]));
}

export function readReference(name: string): Reference {
  return JSON.parse(readFileSync(join(modelsFolder, name, 'reference.json'), 'utf8'));
}
