import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeExactJson, encodeExactJson } from '../../../src/engine/checkpoint/exact-json';
import { StudioError } from '../../../src/protocol/errors';

const roundTrip = (value: unknown) => decodeExactJson(encodeExactJson(value), 'state.json');

function codeOf(text: string): string {
  try {
    decodeExactJson(text, 'resume/state.json');
  } catch (error) {
    expect(error).toBeInstanceOf(StudioError);
    expect((error as StudioError).record).toMatchObject({ boundary: 'model', file: 'resume/state.json' });
    return (error as StudioError).record.code;
  }
  return 'none';
}

describe('exact JSON', () => {
  it('gives every number back, also those that JSON lacks', () => {
    fc.assert(
      fc.property(fc.array(fc.double()), (numbers) => {
        const back = roundTrip({ numbers }) as { numbers: number[] };
        expect(back.numbers.every((number, i) => Object.is(number, numbers[i]))).toBe(true);
      }),
      { seed: 4, numRuns: 300 },
    );
    expect(encodeExactJson([Number.NaN, -0, 0.1])).toBe('[{"$number":"NaN"},{"$number":"-0"},0.1]');
  });

  it('gives every other value back', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        expect(roundTrip(value)).toEqual(value);
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  it('leaves objects alone that only look like a number', () => {
    for (const value of [{ $number: '1' }, { $number: 'NaN', more: 1 }, { $number: null }]) {
      expect(roundTrip(value)).toEqual(value);
    }
  });

  it('refuses what is cut, and what is nested without end', () => {
    expect(codeOf('{"a":1')).toBe('json-invalid');
    expect(codeOf(`${'['.repeat(64)}${']'.repeat(64)}`)).toBe('none');
    expect(codeOf(`${'['.repeat(65)}${']'.repeat(65)}`)).toBe('json-too-deep');
    expect(codeOf('{"a":'.repeat(1e6))).toBe('json-too-deep');
    expect(codeOf(JSON.stringify({ text: '[{"\\'.repeat(1000) }))).toBe('none'); // brackets inside a string
  });

  it('a __proto__ key stays a key', () => {
    const value = decodeExactJson('{"__proto__":{"polluted":true}}', 'state.json') as object;
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect({}).not.toHaveProperty('polluted');
  });
});
