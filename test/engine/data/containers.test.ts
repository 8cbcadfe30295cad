import { describe, expect, it } from 'vitest';
import { HEAD_BYTES, recogniseContainer } from '../../../src/engine/data/containers';
import { encode } from './splitting';
import { medqaLines, medqaRow, read } from './support';

function containerOf(text: string): string {
  const found = recogniseContainer(encode(text).slice(0, HEAD_BYTES));
  return 'mistake' in found ? found.mistake.code : found.name;
}

const rows = [medqaRow(0), medqaRow(1), medqaRow(2)];
const keyed = { q1: rows[0], q2: rows[1], q3: rows[2] };
const nested = { context: { contexts: ['a', 'b'] }, question: 'Is it?', final_decision: 'yes' };
const long = { context: { contexts: ['x'.repeat(HEAD_BYTES)] }, question: 'Is it?' };

describe('the container', () => {
  it.each([
    ['lines', medqaLines(3).join('\n'), 'jsonl'],
    ['a single line', medqaLines(1)[0]!, 'jsonl'],
    ['a line that begins with a nested object', JSON.stringify(nested), 'jsonl'],
    ['lines longer than the head', `${JSON.stringify(long)}\n${JSON.stringify(long)}`, 'jsonl'],
    ['lines that are objects of objects', `${JSON.stringify(keyed)}\n${JSON.stringify(keyed)}`, 'jsonl'],
    ['lines behind a lone bracket', ['[', ...medqaLines(4)].join('\n'), 'jsonl'],
    ['an array', JSON.stringify(rows), 'json-array'],
    ['an array over lines', JSON.stringify(rows, null, 2), 'json-array'],
    ['an array with one row per line', `[\n${medqaLines(3).join(',\n')}\n]`, 'json-array'],
    ['an array of one row, which stands on a line', `[\n${medqaLines(1)[0]}\n]`, 'json-array'],
    ['an array behind a byte order mark', `\ufeff ${JSON.stringify(rows)}`, 'json-array'],
    ['an array cut off', JSON.stringify(rows).slice(0, -20), 'json-array'],
    ['an object of rows', JSON.stringify(keyed), 'json-object'],
    ['an object of rows over lines', JSON.stringify(keyed, null, 4), 'json-object'],
    ['an object of rows cut off', JSON.stringify(keyed).slice(0, -20), 'json-object'],
    [
      'a long object of rows',
      JSON.stringify(Object.fromEntries(medqaLines(300).map((line, i) => [i, JSON.parse(line)]))),
      'json-object',
    ],
    [
      'an object of rows, the first damaged',
      `{"q0": {"question": }, ${JSON.stringify(keyed).slice(1)}`,
      'json-object',
    ],
    [
      'one row over lines, pretty-printed after another',
      `${JSON.stringify(rows[0], null, 2)}\n`.repeat(2),
      'dataset-is-json-object',
    ],
    ['one row over lines', JSON.stringify(rows[0], null, 2), 'dataset-is-json-object'],
    ['CSV', 'question,A,B,answer\n"What, then?",one,two,A\n', 'csv'],
    ['CSV with semicolons', 'question;A;B;answer\nWhat, then?;one;two;A\n', 'csv'],
    ['CSV with a line break in a field', 'question,answer\n"Na 139\nK 4,1",A\n"Cl",B\n', 'csv'],
    ['TSV', 'question\tA\tB\nWhat, then?\tone\ttwo\n', 'tsv'],
    ['prose', 'These are my questions:\nWhat is it?\n', 'jsonl'],
    ['one line of words', 'question,answer,options', 'jsonl'],
  ])('of %s', (_, text, expected) => {
    expect(containerOf(text)).toBe(expected);
  });

  it('changes nothing about the cases', async () => {
    const lines = await read(medqaLines(3).join('\n'));
    const array = await read(JSON.stringify(rows), 'cases.json');
    const spread = await read(JSON.stringify(rows, null, 2), 'cases.json');
    const object = await read(JSON.stringify(keyed), 'cases.json');
    expect(array.cases).toEqual(lines.cases.map((row) => ({ ...row, line: 1 })));
    expect(spread.cases.map(({ line }) => line)).toEqual([2, 15, 28]);
    expect(spread.cases.map(({ line: _, ...row }) => row)).toEqual(
      lines.cases.map(({ line: _, ...row }) => row),
    );
    // The names of the rows are their ids.
    expect(object.cases).toEqual(lines.cases.map((row, index) => ({ ...row, line: 1, id: `q${index + 1}` })));
    expect([lines, array, spread, object].map(({ summary }) => summary.container)).toEqual([
      'jsonl',
      'json-array',
      'json-array',
      'json-object',
    ]);
  });

  it('keeps ids unique where all rows stand on one line, or share a name', async () => {
    const same = [1, 2, 3].map((i) => ({ ...medqaRow(i), id: 'same' }));
    const { cases } = await read(JSON.stringify(same), 'cases.json');
    expect(cases.map(({ id }) => id)).toEqual(['same', 'same@2', 'same@3']);
    const repeated = `{"q": ${JSON.stringify(medqaRow(1))}, "q": ${JSON.stringify(medqaRow(2))}}`;
    expect((await read(repeated, 'cases.json')).cases.map(({ id }) => id)).toEqual(['q', 'q@2']);
  });

  it('places issues, and keeps the bad rows as they stood', async () => {
    const bad = { ...medqaRow(1), answer_idx: 'Z' };
    const text = JSON.stringify([medqaRow(0), bad, medqaRow(2)]);
    const { summary, bad: kept, badLinesKept } = await read(text, 'cases.json');
    expect(summary.issues).toMatchObject([
      {
        line: 1,
        column: text.indexOf(JSON.stringify(bad)) + 1,
        byteOffset: text.indexOf(JSON.stringify(bad)),
        kind: 'answer-not-an-option',
      },
    ]);
    expect([kept, badLinesKept]).toEqual([`${JSON.stringify(bad)}\n`, 1]);
  });

  it('that is cut off between rows is an issue of its own', async () => {
    const { summary, bad, badLinesKept } = await read(`[${medqaLines(2).join(',')},`, 'cases.json');
    expect([summary.rows, summary.badLines, bad, badLinesKept]).toEqual([2, 1, '', 0]);
    expect(summary.issues[0]).toMatchObject({ kind: 'file-cut-off' });
  });
});
