import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_RECORD_BYTES, placeIn } from '../../../src/engine/data/records';
import { type Delimiter, table } from '../../../src/engine/data/tables';
import { contents, encode, split } from './splitting';

const csv = table({ delimiter: ',', fields: ['q', 'a'], hasHeader: true });
const held = async (text: string) => contents(csv, await split(csv, text));

/** As RFC 4180 has it, every field in quotes. */
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

describe('a table', () => {
  it('gives back what was written, whatever the texts and wherever the chunks are cut', async () => {
    const character = fc.constantFrom('a', 'é', '🩺', '"', ',', '\t', ';', '\n', '\r\n', ' ', '\ufeff');
    const cell = fc.array(character, { maxLength: 8 }).map((parts) => parts.join(''));
    const rows = fc.array(fc.tuple(cell, cell), { maxLength: 5 });
    const end = fc.constantFrom('\n', '\r\n');
    const delimiters = fc.constantFrom<Delimiter[]>(',', '\t', ';');
    await fc.assert(
      fc.asyncProperty(
        rows,
        end,
        delimiters,
        fc.array(fc.nat(150)),
        async (written, lineEnd, delimiter, cuts) => {
          const lines = [['q', 'a'], ...written].map((row) => row.map(quoted).join(delimiter) + lineEnd);
          const container = table({ delimiter, fields: ['q', 'a'], hasHeader: true });
          const records = await split(container, lines.join(''), cuts);
          expect(contents(container, records)).toEqual(
            written.map(([q, a]) => ({ q: q || null, a: a || null })),
          );
          const text = lines.join('');
          const offsets = lines.slice(1).map((_, index) => encode(lines.slice(0, index + 1).join('')).length);
          expect(records.map(({ byteOffset }) => byteOffset)).toEqual(offsets);
          const lineOf = (offset: number) =>
            new TextDecoder('utf-8', { ignoreBOM: true }).decode(encode(text).slice(0, offset)).split('\n')
              .length;
          expect(records.map(({ line }) => line)).toEqual(offsets.map(lineOf));
        },
      ),
      { seed: 41, numRuns: 400 },
    );
  });

  it.each([
    [
      'plain fields',
      'q,a\nWhat?,B\nWhich?,C',
      [
        { q: 'What?', a: 'B' },
        { q: 'Which?', a: 'C' },
      ],
    ],
    ['a byte order mark and a quoted header', '\ufeff"q",a\n1,2\n', [{ q: '1', a: '2' }]],
    [
      'blank lines',
      'q,a\n\n1,2\r\n\r\n3,4\n',
      [
        { q: '1', a: '2' },
        { q: '3', a: '4' },
      ],
    ],
    ['quotes inside an unquoted field', 'q,a\na 5" nail,"B"\n', [{ q: 'a 5" nail', a: 'B' }]],
    [
      'two quotes at the end of an unquoted field',
      'q,a\nsay "no"",1\nx,2',
      [
        { q: 'say "no""', a: '1' },
        { q: 'x', a: '2' },
      ],
    ],
    ['too few fields', 'q,a\none\n1,2\n', ['field-count', { q: '1', a: '2' }]],
    ['too many fields', 'q,a\n1,2,3\n1,2\n', ['field-count', { q: '1', a: '2' }]],
    ['text behind a closing quote', 'q,a\n"x"y,2\n1,2\n', ['quotes-unbalanced', { q: '1', a: '2' }]],
    [
      'a quoted field that the file cuts off',
      'q,a\n1,2\n3,"4 and',
      [{ q: '1', a: '2' }, 'quotes-unbalanced'],
    ],
  ])('with %s', async (_, text, expected) => {
    expect(await held(text)).toEqual(expected);
  });

  it('places faults, also behind line breaks inside fields', async () => {
    const [record] = await split(csv, 'q,a\n"one\ntwo"x,1\n');
    expect(record).toMatchObject({ ordinal: 1, line: 2, column: 1, byteOffset: 4 });
    const parsed = csv.parse(record!);
    if (!('fault' in parsed)) throw new Error('expected a fault');
    // The x stands on line 3 behind two" (4 characters).
    expect(placeIn(record!, parsed.fault.position!)).toEqual({ line: 3, column: 5 });
  });

  it('goes on at the next line when a quoted field never ends', async () => {
    const filler = `${'x'.repeat(999)}\n`.repeat(4_500);
    expect(encode(filler).length).toBeGreaterThan(MAX_RECORD_BYTES);
    const found = await held(`q,a\n1,2\n"never,1\n${filler}3,4\n5,6\n`);
    expect(found[0]).toEqual({ q: '1', a: '2' });
    expect(found[1]).toBe('too-long');
    expect(found.slice(-2)).toEqual([
      { q: '3', a: '4' },
      { q: '5', a: '6' },
    ]);
  });

  it('lets a column called __proto__ change nothing', async () => {
    const odd = table({ delimiter: ',', fields: ['__proto__', 'a'], hasHeader: false });
    const [row] = contents(odd, await split(odd, 'x,y')) as object[];
    expect(Object.entries(row!)).toEqual([
      ['__proto__', 'x'],
      ['a', 'y'],
    ]);
  });
});
