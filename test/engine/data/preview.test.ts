import { describe, expect, it } from 'vitest';
import { previewMapping } from '../../../src/engine/data/preview';
import { bytesSource } from '../../../src/engine/files';
import type { ColumnMapping } from '../../../src/protocol';
import { failureOf } from './support';

const mapping: ColumnMapping = {
  question: 'stem',
  options: { kind: 'field', field: 'choices' },
  answer: { field: 'gold', kind: 'text' },
  id: 'key',
  facets: ['topic'],
};
const row = (n: number, changes: object = {}) =>
  JSON.stringify({
    stem: `Case ${n}?`,
    choices: ['Yes', 'No'],
    gold: 'no',
    key: `k${n}`,
    topic: 'x',
    ...changes,
  });
const preview = (lines: readonly string[], changes: Partial<ColumnMapping> = {}) =>
  previewMapping(bytesSource('own.jsonl', new TextEncoder().encode(lines.join('\n'))), 'own.jsonl', {
    ...mapping,
    ...changes,
  });

describe('previewMapping', () => {
  it('reads the first rows, and tells the first that it cannot read', async () => {
    const lines = [row(1, { stem: 7 }), row(2), row(3), row(4, { gold: 'perhaps' })];
    expect(await preview(lines)).toEqual({
      case: {
        id: 'k2',
        line: 2,
        question: 'Case 2?',
        options: { A: 'Yes', B: 'No' },
        answer: 'B',
        facets: { topic: 'x' },
      },
      rowsLookedAt: 4,
      rowsRead: 2,
      problem: { line: 1, kind: 'stem-wrong-type', message: expect.stringContaining('in the field stem,') },
    });
  });

  it('looks at twenty rows and no further; what is no row says nothing of the mapping', async () => {
    const lines = ['{"stem": "cut', ...Array.from({ length: 100 }, (_, n) => row(n))];
    expect(await preview(lines)).toMatchObject({ rowsLookedAt: 20, rowsRead: 20, problem: null });
  });

  it('refuses a mapping that contradicts itself', async () => {
    const same = { answer: { field: 'stem', kind: 'text' } } as const;
    expect((await failureOf(preview([row(1)], same))).record.code).toBe('mapping-impossible');
  });
});
