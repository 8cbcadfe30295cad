import { describe, expect, it } from 'vitest';
import { describeColumns } from '../../../src/engine/data/columns';
import { bytesSource } from '../../../src/engine/files';
import { encode } from './splitting';
import { failureOf, medqaLines } from './support';

const describeText = (text: string, name = 'own.jsonl') =>
  describeColumns(bytesSource(name, encode(text)), name);

describe('describeColumns', () => {
  it('names fields in their order, nested ones behind their owner, with examples', async () => {
    const rows = [
      { stem: 'Why?', context: { contexts: ['a', 'b'], year: 2001 }, gold: 0 },
      { stem: 'How?', gold: 1, note: null },
      { stem: 'Why?', gold: 2 },
      { stem: `${'x'.repeat(100)}`, gold: 3 },
    ];
    const report = await describeText(rows.map((row) => JSON.stringify(row)).join('\n'));
    expect(report).toMatchObject({ name: 'own.jsonl', container: 'jsonl', rowsLookedAt: 4 });
    expect(report.fields).toEqual([
      { path: 'stem', rows: 4, examples: ['Why?', 'How?', `${'x'.repeat(79)}…`] },
      { path: 'context', rows: 1, examples: ['{"contexts":["a","b"],"year":2001}'] },
      { path: 'context.contexts', rows: 1, examples: ['["a","b"]'] },
      { path: 'context.year', rows: 1, examples: ['2001'] },
      { path: 'gold', rows: 4, examples: ['0', '1', '2'] },
      { path: 'note', rows: 1, examples: [] },
    ]);
  });

  it('reads every container, and rows that are bad not at all', async () => {
    const csv = await describeText('stem,right\nWhy?,1\nHow?\nWho?,2\n', 'own.csv');
    expect(csv).toMatchObject({ container: 'csv', rowsLookedAt: 2 });
    expect(csv.fields.map(({ path }) => path)).toEqual(['stem', 'right']);
    expect(await describeText('[{"a": 1}, {"a": }, 3]')).toMatchObject({
      container: 'json-array',
      rowsLookedAt: 1,
    });
    expect(await describeText('{"x": {"a": 1}, "y": {"a": 2}}')).toMatchObject({
      container: 'json-object',
      rowsLookedAt: 2,
    });
  });

  it('looks at a thousand rows at most, and at few when they are long', async () => {
    expect((await describeText(medqaLines(3_000).join('\n'))).rowsLookedAt).toBe(1_000);
    const long = JSON.stringify({ stem: 'x'.repeat(1_000_000) });
    const { rowsLookedAt } = await describeText(`${long}\n`.repeat(12));
    expect(rowsLookedAt).toBeGreaterThan(7);
    expect(rowsLookedAt).toBeLessThan(11);
  });

  it('names two hundred fields at most', async () => {
    const wide = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`f${index}`, index]));
    expect((await describeText(JSON.stringify(wide))).fields).toHaveLength(200);
  });

  it.each([
    ['', 'dataset-empty'],
    ['only words\nand more', 'dataset-no-usable-row'],
    ['[1, 2]', 'dataset-no-usable-row'],
    ['PK\u0003\u0004', 'dataset-is-zip'],
  ])('refuses %j', async (text, code) => {
    expect((await failureOf(describeText(text))).record).toMatchObject({ code, file: 'own.jsonl' });
  });
});
