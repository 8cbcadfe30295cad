import { describe, expect, it } from 'vitest';
import type { ClinicalCase, ColumnMapping } from '../../../src/protocol';
import { failureOf, read, readRows } from './support';

const BASE: ColumnMapping = {
  question: 'stem',
  options: { kind: 'field', field: 'choices' },
  answer: { field: 'gold', kind: 'zero-based' },
  id: null,
  facets: [],
};

const row = {
  stem: 'Which drug?',
  choices: ['Aspirin', 'Heparin', 'Warfarin'],
  gold: 1,
  why: 'it is heparin',
};

/** The case of a row changed so, or its issue's kind; beside a sound row. */
async function mapped(change: object, mapping: Partial<ColumnMapping> = {}): Promise<ClinicalCase | string> {
  const rows = [
    { ...row, stem: 'Sound?' },
    { ...row, ...change },
  ];
  const { cases, summary } = await readRows([...rows], { mapping: { ...BASE, ...mapping } });
  return cases.find(({ line }) => line === 2) ?? summary.issues.find(({ line }) => line === 2)!.kind;
}

describe('mapped columns', () => {
  it('make a case of a row of no known layout', async () => {
    const mapping: ColumnMapping = { ...BASE, id: 'meta.key', facets: ['meta.field'] };
    const { cases, summary } = await readRows([{ ...row, meta: { key: 'k7', field: 'haematology' } }], {
      mapping,
    });
    expect(cases).toEqual([
      {
        id: 'k7',
        line: 1,
        question: 'Which drug?',
        options: { A: 'Aspirin', B: 'Heparin', C: 'Warfarin' },
        answer: 'B',
        facets: { 'meta.field': 'haematology' },
      },
    ]);
    expect(summary).toMatchObject({ layout: 'mapped', layoutLabel: 'Mapped columns, 3 options', mapping });
    expect(summary).not.toHaveProperty('licence');
    expect(JSON.stringify(cases)).not.toContain('it is heparin');
  });

  it.each([
    ['zero-based', 2, 'C'],
    ['zero-based', '0', 'A'],
    ['zero-based', -1, null],
    ['zero-based', 3, 'answer-not-an-option'],
    ['zero-based', 'A', 'gold-wrong-type'],
    ['one-based', 3, 'C'],
    ['one-based', 0, 'answer-not-an-option'],
    ['letter', 'c', 'C'],
    ['letter', '(B)', 'B'],
    ['letter', ['B'], 'B'],
    ['letter', 'Heparin', 'answer-not-an-option'],
    ['letter', 1, 'gold-wrong-type'],
    ['text', ' heparin', 'B'],
    ['text', 'Insulin', 'answer-not-an-option'],
    ['text', null, null],
  ] as const)('by %s take %j as %j', async (kind, gold, expected) => {
    const { cases, summary } = await readRows(
      [row, { ...row, stem: 'Other?', gold }].map((each, index) =>
        index === 0 ? { ...each, gold: null } : each,
      ),
      { mapping: { ...BASE, answer: { field: 'gold', kind } } },
    );
    const found = cases.find(({ line }) => line === 2);
    expect(found === undefined ? summary.issues[0]!.kind : found.answer).toBe(expected);
  });

  it('find options in a list, an object, a list of letters and contents, JSON in a cell, or fields', async () => {
    const options = { A: 'Aspirin', B: 'Heparin' };
    expect(await mapped({ choices: ['Aspirin', 'Heparin'] })).toMatchObject({ options });
    expect(await mapped({ choices: options })).toMatchObject({ options });
    expect(
      await mapped({ choices: Object.entries(options).map(([letter, content]) => ({ letter, content })) }),
    ).toMatchObject({ options });
    expect(await mapped({ choices: '["Aspirin", "Heparin"]' })).toMatchObject({ options });
    expect(await mapped({ choices: 'Aspirin or Heparin' })).toBe('choices-wrong-type');
    const { cases } = await read('stem,a,b,c,gold\nWhich?,Aspirin,Heparin,,1\nWho?,1,2,3,0\n', 'own.csv', {
      mapping: { ...BASE, options: { kind: 'fields', fields: ['a', 'b', 'c'] } },
    });
    expect(cases).toMatchObject([{ options }, { options: { A: '1', B: '2', C: '3' }, answer: 'A' }]);
  });

  it('make open questions without options', async () => {
    const open: ColumnMapping = {
      ...BASE,
      options: { kind: 'none' },
      answer: { field: 'why', kind: 'text' },
    };
    const { cases, summary } = await readRows([row, { ...row, stem: 'Other?', why: null }], {
      mapping: open,
    });
    expect(cases[0]).toMatchObject({ options: {}, answer: null, openAnswer: 'it is heparin' });
    expect(cases[1]).not.toHaveProperty('openAnswer');
    expect([summary.open, summary.unlabelled]).toEqual([1, 1]);
  });

  it('read no answer where none is mapped', async () => {
    expect(await mapped({}, { answer: null })).toMatchObject({ answer: null });
  });

  it('join a question of several texts', async () => {
    expect(await mapped({ stem: ['We rested.', 'Did it help?'] })).toMatchObject({
      question: 'We rested.\nDid it help?',
    });
    expect(await mapped({ stem: 4 })).toBe('stem-wrong-type');
  });

  it('prefer a field of the very name to a path', async () => {
    expect(await mapped({ 'a.b': 'by name', a: { b: 'by path' } }, { id: 'a.b' })).toMatchObject({
      id: 'by name',
    });
    expect(await mapped({ a: { b: 'by path' } }, { id: 'a.b' })).toMatchObject({ id: 'by path' });
    expect(await mapped({}, { id: 'constructor.name' })).toMatchObject({ id: '2' });
  });

  it('win over a layout that is known', async () => {
    const known = {
      question: 'Which?',
      options: { A: 'x', B: 'y' },
      answer_idx: 'A',
      stem: 'Which other?',
      choices: ['p', 'q'],
      gold: 1,
    };
    const { cases } = await readRows([known], { mapping: BASE });
    expect(cases).toMatchObject([{ question: 'Which other?', answer: 'B' }]);
  });

  it.each([
    ['a letter for an open question', { options: { kind: 'none' } }, 'without options'],
    ['one option field', { options: { kind: 'fields', fields: ['a'] } }, '1 option field'],
    ['the answer as question', { answer: { field: 'stem', kind: 'text' } }, 'same field'],
    ['the answer as facet', { facets: ['gold'] }, 'facets'],
  ] as [string, Partial<ColumnMapping>, string][])('are refused with %s', async (_, change, hint) => {
    const { record } = await failureOf(readRows([row], { mapping: { ...BASE, ...change } }));
    expect(record).toMatchObject({ boundary: 'data', code: 'mapping-impossible' });
    expect(record.message).toContain(hint);
  });

  it('that fit no row say why', async () => {
    const { record } = await failureOf(readRows([row], { mapping: { ...BASE, question: 'text' } }));
    expect(record.code).toBe('dataset-no-usable-row');
    expect(record.message).toContain('in the field text, received nothing');
  });
});
