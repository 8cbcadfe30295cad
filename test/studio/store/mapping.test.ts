import { describe, expect, it } from 'vitest';
import type { ColumnMapping, ColumnReport } from '../../../src/protocol';
import {
  checkMapping,
  controlOf,
  draftMapping,
  type MappingDraft,
  mappingOf,
} from '../../../src/studio/store/mapping';

const mapping: ColumnMapping = {
  question: 'stem',
  options: { kind: 'fields', fields: ['x', 'y'] },
  answer: { field: 'gold', kind: 'one-based' },
  id: 'key',
  facets: ['topic'],
};
const report = (suggestion: ColumnMapping | null): ColumnReport => ({
  name: 'own.csv',
  container: 'csv',
  fields: [],
  rowsLookedAt: 2,
  suggestion,
});
const draft = (changes: Partial<MappingDraft> = {}): MappingDraft => ({
  ...draftMapping(report(mapping)),
  ...changes,
});

describe('a draft', () => {
  it('of a suggestion is that mapping, and of none is empty', () => {
    const list = { ...mapping, options: { kind: 'field', field: 'choices' } } as const;
    const open = { ...mapping, options: { kind: 'none' }, answer: { field: 'gold', kind: 'text' } } as const;
    const unlabelled = { ...mapping, answer: null, id: null, facets: [] };
    for (const each of [mapping, list, open, unlabelled]) {
      const drafted = draftMapping(report(each));
      expect(mappingOf(drafted)).toEqual(each);
      expect(checkMapping(drafted).size).toBe(0);
    }
    expect([...checkMapping(draftMapping(report(null))).keys()]).toEqual(['question', 'options']);
  });

  it('becomes an open question when it has no options: its answer is a text then', () => {
    expect(mappingOf(draft({ optionsKind: 'none' })).answer).toEqual({ field: 'gold', kind: 'text' });
  });

  it.each<[Partial<MappingDraft>, string]>([
    [{ question: '' }, 'question'],
    [{ optionFields: ['x', ''] }, 'options'],
    [{ optionFields: ['x', 'x'] }, 'options'],
    [{ optionFields: ['x', 'stem'] }, 'options'],
    [{ optionsKind: 'field', optionsField: '' }, 'options'],
    [{ answer: 'stem' }, 'answer'],
    [{ facets: ['gold'] }, 'facets'],
  ])('%j has a problem beside its control: %s', (changes, control) => {
    expect([...checkMapping(draft(changes)).keys()]).toEqual([control]);
  });
});

describe('controlOf', () => {
  it.each([
    ['stem-missing', 'Expected a text in the field stem, received nothing.', 'question'],
    ['y-wrong-type', 'Expected a text in the field y, received null.', 'options'],
    ['gold-wrong-type', 'Expected a whole number in the field gold, received the string "B".', 'answer'],
    ['answer-not-an-option', 'The answer is number 7, but the options are numbered 1 to 2.', 'answer'],
    ['option-count', 'Expected 2 to 10 options, received 1.', 'options'],
    ['question-empty', 'Expected a question, received an empty text.', 'question'],
  ])('%s is about the %s', (kind, message, control) => {
    expect(controlOf({ line: 3, kind, message }, mapping)).toBe(control);
  });

  it('does not take a field for another that begins like it', () => {
    const question = { ...mapping, question: 'go' };
    const message = 'Expected a whole number in the field gold, received null.';
    expect(controlOf({ line: 1, kind: 'gold-wrong-type', message }, question)).toBe('answer');
  });
});
