/**
 * JSON that gives back the same numbers, for state that must resume bit for bit. Plain JSON writes
 * NaN and ±Infinity as `null` and −0 as `0`; here they are written `{"$number":"NaN"}`. Every other
 * double survives JSON as it is. Reading bounds the nesting, which `JSON.parse` does not.
 */
import { StudioError } from '../../protocol/errors';

const MAX_DEPTH = 64;
const TAG = '$number';
const TAGGED: ReadonlyMap<unknown, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['-0', -0],
]);

export function encodeExactJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member !== 'number') return member;
    if (Object.is(member, -0)) return { [TAG]: '-0' };
    return Number.isFinite(member) ? member : { [TAG]: String(member) };
  });
}

/** Rejects text that is not JSON, or nested deeper than 64, with an error of boundary `model` that names `file`. */
export function decodeExactJson(text: string, file: string): unknown {
  if (exceedsDepth(text)) {
    throw jsonError('json-too-deep', file, `expected at most ${MAX_DEPTH} levels of nesting, received more`);
  }
  try {
    return JSON.parse(text, (_key, member: unknown) => untag(member));
  } catch (cause) {
    const received = cause instanceof Error ? cause.message : String(cause);
    throw jsonError('json-invalid', file, `expected JSON, received what does not parse: ${received}`);
  }
}

function untag(member: unknown): unknown {
  if (typeof member !== 'object' || member === null || !(TAG in member)) return member;
  const value = TAGGED.get(member[TAG]);
  return value !== undefined && Object.keys(member).length === 1 ? value : member;
}

function exceedsDepth(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i);
    if (inString) {
      if (character === 0x5c) i++;
      else if (character === 0x22) inString = false;
    } else if (character === 0x22) inString = true;
    else if (character === 0x7b || character === 0x5b) {
      if (++depth > MAX_DEPTH) return true;
    } else if (character === 0x7d || character === 0x5d) depth--;
  }
  return false;
}

function jsonError(code: string, file: string, expectation: string): StudioError {
  const action = 'The file was changed or damaged since it was written; use another copy.';
  return new StudioError({ boundary: 'model', code, message: `${file}: ${expectation}.`, action, file });
}
