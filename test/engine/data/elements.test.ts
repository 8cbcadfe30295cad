import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonArray, jsonObject } from '../../../src/engine/data/elements';
import { MAX_RECORD_BYTES, placeIn } from '../../../src/engine/data/records';
import { contents, encode, split } from './splitting';

const held = async (text: string) => contents(jsonArray, await split(jsonArray, text));
const heldByKey = async (text: string) => contents(jsonObject, await split(jsonObject, text));

const json = fc.jsonValue({ maxDepth: 4, stringUnit: 'grapheme' });
const indent = fc.constantFrom(undefined, 1, 2, '\t');

describe('elements of a JSON array', () => {
  it('are those that JSON.parse finds, however the file is indented and its chunks are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(json, { maxLength: 5 }),
        indent,
        fc.array(fc.nat(400)),
        async (rows, by, cuts) => {
          const records = await split(jsonArray, JSON.stringify(rows, null, by), cuts);
          expect(contents(jsonArray, records)).toEqual(JSON.parse(JSON.stringify(rows)));
          expect(records.map(({ ordinal }) => ordinal)).toEqual(rows.map((_, index) => index + 1));
        },
      ),
      { seed: 31, numRuns: 500 },
    );
  });

  it('stand where the file has them', async () => {
    // Line 2 begins at byte 2; "🩺" is one character of two code units and four bytes.
    const text = '[\n {"a": "🩺"}, {"b": 2},\n\n  3]';
    expect(await split(jsonArray, text)).toMatchObject([
      { ordinal: 1, line: 2, column: 2, byteOffset: 3, text: '{"a": "🩺"}' },
      { ordinal: 2, line: 2, column: 15, byteOffset: 18, text: '{"b": 2}' },
      { ordinal: 3, line: 4, column: 3, byteOffset: 31, text: '3' },
    ]);
    const [, marked] = await split(jsonArray, `\ufeff${text}`);
    expect(marked).toMatchObject({ line: 2, column: 15, byteOffset: 21 });
    expect(await split(jsonArray, '\ufeff[1, 2]')).toMatchObject([{ column: 2 }, { column: 5 }]);
  });

  it('place a fault inside them by line and column', async () => {
    const [record] = await split(jsonArray, '[\n  {\n    "a": 1,\n    "b": NaN\n  }\n]');
    const parsed = jsonArray.parse(record!);
    if (!('fault' in parsed)) throw new Error('expected a fault');
    expect(placeIn(record!, parsed.fault.position!)).toEqual({ line: 4, column: 10 });
    expect(placeIn(record!, 0)).toEqual({ line: 2, column: 3 });
  });

  it.each([
    ['a comma is missing', '[{"a":1}\n{"a":2}]', [{ a: 1 }, { a: 2 }]],
    ['a comma stands at the end', '[{"a":1},\n]', [{ a: 1 }]],
    ['a brace is missing', '[\n{"a":1,\n{"a":2},\n{"a":3}\n]', ['json-invalid', { a: 2 }, { a: 3 }]],
    ['a bracket is missing', '[\n{"a":["x"},\n{"a":2}\n]', ['json-invalid', { a: 2 }]],
    ['a quote is missing', '[\n{"a":"x},\n{"a":2},\n{"a":3}\n]', ['json-invalid', { a: 2 }, { a: 3 }]],
    ['a row is cut off', '[\n{"a":"x", "b": {"c"\n,{"a":2}\n]', ['json-invalid']],
    ['a row is no object', '[1, "two", null, {"a":4}]', [1, 'two', null, { a: 4 }]],
    ['a bracket is too many', '[{"a":1}}, {"a":2}]', ['json-invalid', { a: 2 }]],
    ['a value is NaN', '[{"a":NaN}, {"a":2}]', ['json-invalid', { a: 2 }]],
    ['text follows', '[{"a":1}]\n{"a":2}, [', [{ a: 1 }, 'text-after-end']],
    ['lines end with CR LF', '[\r\n{"a":1},\r\n{"a":2}\r\n]\r\n', [{ a: 1 }, { a: 2 }]],
    ['a key repeats', '[{"a":1,"a":2}]', [{ a: 2 }]],
    ['it is empty', ' [ \n ] ', []],
  ])('are read on where %s', async (_, text, expected) => {
    expect(await held(text)).toEqual(expected);
  });

  it('keep those before the end of a file that is cut off, and say that it is', async () => {
    const rows = [{ a: 'x, [é' }, { b: [1, { c: '}' }] }, { d: '"' }];
    const bytes = encode(JSON.stringify(rows));
    const ends = rows.map((_, index) => encode(JSON.stringify(rows.slice(0, index + 1))).length - 1);
    for (let length = 1; length < bytes.length; length++) {
      const found = contents(jsonArray, await split(jsonArray, bytes.slice(0, length)));
      const whole = ends.filter((end) => end <= length).length;
      expect(found.slice(0, whole)).toEqual(rows.slice(0, whole));
      expect(found.slice(whole), `cut at ${length}`).toEqual([
        expect.stringMatching(/^(json-invalid|utf8-invalid|file-cut-off)$/),
      ]);
    }
  });

  it('outlive their neighbours, wherever those break off', async () => {
    const rows = [0, 1, 2, 3, 4].map((index) => ({ a: `x "${index}" \\`, b: { c: 'é', d: '{' }, e: index }));
    const lines = rows.map((row) => JSON.stringify(row));
    const cutting = fc.dictionary(fc.constantFrom('0', '1', '2', '3', '4'), fc.nat(lines[0]!.length - 1));
    await fc.assert(
      fc.asyncProperty(cutting, async (cuts) => {
        const damaged = lines.map((line, index) => line.slice(0, cuts[index] ?? line.length));
        const found = await held(`[\n${damaged.join(',\n')}\n]`);
        for (const [index, row] of rows.entries()) if (!(index in cuts)) expect(found).toContainEqual(row);
      }),
      { seed: 33, numRuns: 500 },
    );
    expect(await held('[\n{"a":"\\\n{"a":2},\n{"a":3}\n]')).toEqual(['json-invalid', { a: 2 }, { a: 3 }]);
  });

  it('are skipped when too long, and the next is found where the lines begin alike', async () => {
    const long = `{"a": "${'x'.repeat(MAX_RECORD_BYTES)}"}`;
    expect(await held(`[${long}, {"a":2}]`)).toEqual(['too-long', { a: 2 }]);
    // The brace of the first is missing in an array inside it, where another object may stand.
    const open = `{"a": [${`\n    {"b": "${'x'.repeat(1000)}"},`.repeat(4400)}`;
    expect(await held(`[\n  ${open}\n  {"a":2},\n  {"a":3}\n]`)).toEqual(['too-long', { a: 2 }, { a: 3 }]);
  });

  it('cost no more than themselves when they nest without end', async () => {
    expect(await held(`[\n${'['.repeat(100_000)},\n{"a":2}\n]`)).toEqual(['json-too-deep', { a: 2 }]);
    expect(await held(`[\n{"a":${'['.repeat(1_000)}},\n{"a":2},\n{"a":3}\n]`)).toEqual([
      'json-too-deep',
      { a: 2 },
      { a: 3 },
    ]);
  });

  it('are reported when they are not UTF-8', async () => {
    const bytes = encode('[{"a":"?"}, {"a":2}]');
    bytes[7] = 0xe9;
    expect(contents(jsonArray, await split(jsonArray, bytes))).toEqual(['utf8-invalid', { a: 2 }]);
  });
});

describe('members of a JSON object', () => {
  it('are those that JSON.parse finds, with their names', async () => {
    // Names like 7 change places in an object of JavaScript, so the file's order is told by hand.
    const member = fc.tuple(fc.string({ unit: 'grapheme', maxLength: 8 }), json);
    await fc.assert(
      fc.asyncProperty(fc.array(member, { maxLength: 5 }), fc.array(fc.nat(300)), async (members, cuts) => {
        const written = members.map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`);
        const records = await split(jsonObject, `{${written.join(',\n')}}`, cuts);
        const parsed = records.map((record) => jsonObject.parse(record));
        expect(parsed).toEqual(
          members.map(([key, value]) => ({ key, value: JSON.parse(JSON.stringify(value)) })),
        );
      }),
      { seed: 32, numRuns: 300 },
    );
  });

  it('place faults, and keep what stands before the end', async () => {
    expect(await heldByKey('{"1": {"a":1}, "2": {"a"')).toEqual([{ a: 1 }, 'json-invalid']);
    expect(await heldByKey('{"1": {"a":1}, "2" {"a":2}, 3: 4, "5": 5}')).toEqual([
      { a: 1 },
      'json-invalid',
      'json-invalid',
      5,
    ]);
    const [, second] = await split(jsonObject, '{"1": 1,\n "2": {"a" 2}}');
    const parsed = jsonObject.parse(second!);
    if (!('fault' in parsed)) throw new Error('expected a fault');
    expect(parsed.fault.message).toContain("expected ':' after the field name");
    // The second line: a space, "2": and a space, {"a" and a space make 11 characters before the 2.
    expect(placeIn(second!, parsed.fault.position!)).toEqual({ line: 2, column: 12 });
  });

  it('may be called __proto__ and harm nothing', async () => {
    expect(await heldByKey('{"__proto__": {"polluted": true}}')).toEqual([{ polluted: true }]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});
