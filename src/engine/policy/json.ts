/** JSON files of a model folder, read with bounds and messages that name the file and the field. */
import { StudioError } from '../../protocol/errors';
import type { ByteSource } from '../files';

/** config.json has kilobytes; the index of a large sharded model has some hundred. */
const MAX_JSON_BYTES = 32 * 2 ** 20;

/** Reads a field, or throws a `StudioError`. A fallback stands for a field that is absent or null. */
export interface FieldReader {
  value(key: string): unknown;
  number(key: string, min: number, max: number, fallback?: number): number;
  integer(key: string, min: number, max: number, fallback?: number): number;
  boolean(key: string, fallback: boolean): boolean;
  /** A nested object; null: absent or null. */
  section(key: string): FieldReader | null;
}

export async function readJsonText(source: ByteSource): Promise<string> {
  if (source.size > MAX_JSON_BYTES) {
    throw jsonError(
      source.name,
      'json-too-large',
      `expected at most ${MAX_JSON_BYTES} bytes, received ${source.size}`,
    );
  }
  const bytes = await source.read(0, source.size);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw jsonError(source.name, 'json-not-utf8', 'expected UTF-8 text, received other bytes');
  }
}

export function parseJson(text: string, fileName: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw jsonError(fileName, 'json-invalid', `expected JSON, received text that is none (${why})`);
  }
}

/** `section` is the path before the keys in messages, e.g. `rope_scaling.`. */
export function fieldReader(json: unknown, fileName: string, section = ''): FieldReader {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    const where = section === '' ? 'a JSON object' : `${section.slice(0, -1)} to be an object`;
    throw jsonError(fileName, 'json-field', `expected ${where}, received ${shown(json)}`);
  }
  const values = new Map<string, unknown>(Object.entries(json));
  const read = <T>(
    key: string,
    expectation: string,
    valid: (value: unknown) => value is T,
    fallback?: T,
  ): T => {
    const value = values.get(key) ?? fallback;
    if (valid(value)) return value;
    const received = value === undefined ? 'nothing' : shown(value);
    throw jsonError(
      fileName,
      'json-field',
      `expected ${section}${key} to be ${expectation}, received ${received}`,
    );
  };
  const within = (min: number, max: number) => (value: unknown) =>
    typeof value === 'number' && value >= min && value <= max;
  return {
    value: (key) => values.get(key),
    number: (key, min, max, fallback) =>
      read(
        key,
        `a number from ${min} to ${max}`,
        within(min, max) as (value: unknown) => value is number,
        fallback,
      ),
    integer: (key, min, max, fallback) => {
      const valid = (value: unknown): value is number => within(min, max)(value) && Number.isInteger(value);
      return read(key, `an integer from ${min} to ${max}`, valid, fallback);
    },
    boolean: (key, fallback) =>
      read(key, 'true or false', (value): value is boolean => typeof value === 'boolean', fallback),
    section: (key) => {
      const value = values.get(key) ?? null;
      return value === null ? null : fieldReader(value, fileName, `${section}${key}.`);
    },
  };
}

export function jsonError(file: string, code: string, expectation: string): StudioError {
  return new StudioError({
    boundary: 'model',
    code,
    message: `${file}: ${expectation}.`,
    action: 'Fetch this file of the model again; it may be damaged or of another kind.',
    file,
  });
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 80);
}
