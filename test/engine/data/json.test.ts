import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { excerpt, MAX_DEPTH, parseJson } from '../../../src/engine/data/json';

function fault(text: string): [column: number, message: string] {
  const parsed = parseJson(text);
  if (!('fault' in parsed)) throw new Error(`expected a fault in ${text}`);
  return [parsed.fault.column, parsed.fault.message];
}

describe('parseJson', () => {
  it.each([
    ['', 1, 'expected a value, but the text ends'],
    ['{"a": 1', 8, "expected '}', but the text ends"],
    ['{"a": 1,}', 9, 'expected a field name in double quotes'],
    ["{'a': 1}", 2, 'expected a field name in double quotes'],
    ['{"a" 1}', 6, "expected ':' after the field name"],
    ['{"a": }', 7, 'expected a value'],
    ['{"a": 1 "b": 2}', 9, "expected ',' or '}'"],
    ['[1, 2', 6, "expected ']', but the text ends"],
    ['[1,]', 4, 'expected a value'],
    ['{"a": "b', 9, 'expected a closing quote, but the text ends'],
    ['{"a": "b\tc"}', 9, 'expected control characters in a string to be escaped'],
    ['{"a": "\\x"}', 9, 'expected a valid escape after the backslash'],
    ['{"a": "\\u12G4"}', 12, 'expected four hexadecimal digits'],
    ['{"a": 01}', 8, "expected ',' or '}'"],
    ['{"a": NaN}', 7, 'expected a value'],
    ['{"a": 1} x', 10, 'expected the end of the row, but text follows'],
    ['{"a": 1},', 9, 'expected the end of the row, but text follows'],
    ['{"é": 🩺}', 7, 'expected a value'],
  ])('%s: column %i', (text, column, message) => {
    expect(fault(text)).toEqual([column, message]);
  });

  it('finds a fault exactly where JSON.parse does, and where V8 names a position, the same one', () => {
    const row = JSON.stringify({ q: 'a "b" \\ é', o: { A: 'x', B: [1, -2.5e3, null, true] }, e: '' });
    const edit = fc.record({
      at: fc.nat(row.length),
      remove: fc.nat(2),
      insert: fc.constantFrom(
        '',
        '"',
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '\\',
        'x',
        '0',
        '-',
        '.',
        '\t',
        ' ',
        'nul',
        'é',
      ),
    });
    let positions = 0;
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        let text = row;
        for (const { at, remove, insert } of edits)
          text = text.slice(0, at) + insert + text.slice(at + remove);
        const parsed = parseJson(text);
        let expected: { value: unknown } | { message: string };
        try {
          expected = { value: JSON.parse(text) };
        } catch (error) {
          expected = { message: (error as Error).message };
        }
        if ('value' in expected) {
          expect(parsed).toEqual(expected);
          return;
        }
        if (!('fault' in parsed)) throw new Error(`missed: ${expected.message} in ${text}`);
        expect(parsed.fault.kind).toBe('json-invalid');
        const position = /at position (\d+)/.exec(expected.message)?.[1];
        if (position === undefined) return;
        positions++;
        // V8 reads on into a broken number or literal; ours is the place where it begins or could end.
        expect(Number(position)).toBeGreaterThanOrEqual(parsed.fault.column - 1);
        const between = text.slice(parsed.fault.column - 1, Number(position));
        expect([text, between]).toEqual([
          text,
          expect.stringMatching(/^(?:[-+.eE\d]*|n(?:ul?)?|t(?:ru?)?)$/),
        ]);
      }),
      { seed: 4, numRuns: 4000 },
    );
    expect(positions).toBeGreaterThan(500);
  });

  it('refuses deep nesting, wherever it stands, without parsing it', () => {
    const nested = (depth: number) => `{"a": ${'['.repeat(depth)}1${']'.repeat(depth)}}`;
    expect('value' in parseJson(nested(MAX_DEPTH - 1))).toBe(true);
    // 1 brace, then 64 brackets: the last of them stands at index 6 + 63, column 70.
    expect(parseJson(nested(MAX_DEPTH))).toMatchObject({ fault: { kind: 'json-too-deep', column: 70 } });
    expect(parseJson('['.repeat(5_000_000))).toMatchObject({ fault: { kind: 'json-too-deep' } });
    expect(parseJson('{"a":'.repeat(5_000_000))).toMatchObject({ fault: { kind: 'json-too-deep' } });
    // Brackets inside a string are text.
    expect(parseJson(`{"a": "${'['.repeat(1000)}\\"${'{'.repeat(1000)}"}`)).toHaveProperty('value');
  });

  it('lets a __proto__ key change nothing', () => {
    const parsed = parseJson(
      '{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}',
    );
    expect('value' in parsed).toBe(true);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe('excerpt', () => {
  it('keeps a short line whole, and cuts a long one to 120 characters around the column', () => {
    expect(excerpt('short')).toBe('short');
    const line = Array.from({ length: 100 }, (_, i) => String(i).padStart(3, '0')).join('');
    for (const column of [1, 50, 118, 119, 200, 299, 300, 301]) {
      const shown = excerpt(line, column);
      expect(shown.length).toBeLessThanOrEqual(120);
      const part = shown.replaceAll('…', '');
      const start = line.indexOf(part);
      expect(start).not.toBe(-1);
      expect(column - 1).toBeGreaterThanOrEqual(start);
      expect(column - 1).toBeLessThanOrEqual(start + part.length);
    }
  });
});
