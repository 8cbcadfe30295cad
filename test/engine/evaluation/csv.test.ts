import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvLine } from '../../../src/engine/evaluation/csv';

/** Reads one record of RFC 4180, independently of the writer. */
function readLine(line: string): string[] {
  const fields: string[] = [];
  let at = 0;
  while (at < line.length - 2) {
    let text = '';
    if (line[at] === '"') {
      for (at++; !(line[at] === '"' && line[at + 1] !== '"'); at++) {
        if (line[at] === '"') at++;
        text += line[at];
      }
      at++;
    } else {
      while (line[at] !== ',' && !(line[at] === '\r' && at === line.length - 2)) text += line[at++];
    }
    fields.push(text);
    if (line[at] === ',' && at === line.length - 3) fields.push('');
    at++;
  }
  return fields;
}

describe('csvLine', () => {
  it('quotes what needs it and leaves the rest', () => {
    expect(csvLine(['plain', 'a,b', 'say "no"', 'two\nlines', 1.5, -2, true, null])).toBe(
      'plain,"a,b","say ""no""","two\nlines",1.5,-2,true,\r\n',
    );
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx', ' =1', '\n=1', '＝1', '＠x', '\u0000=1'])(
    'lets no spreadsheet calculate %j',
    (text) => {
      const [field] = readLine(csvLine([text, 'end']));
      expect(field).toBe(`'${text}`);
    },
  );

  it('keeps every text, but for the apostrophe', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 2, maxLength: 6 }), (cells) => {
        const read = readLine(csvLine([...cells, 'end']));
        expect(read.slice(0, -1).map((text, i) => (text === cells[i] ? text : text.slice(1)))).toEqual(cells);
      }),
      { seed: 12 },
    );
  });
});
