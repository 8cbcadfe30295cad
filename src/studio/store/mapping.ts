/**
 * A column mapping while a person makes it: what is chosen so far, what is still missing, and which
 * control a row's problem is about.
 */
import type { ColumnMapping, ColumnReport, MappingPreview } from '../../protocol';

export type OptionsKind = ColumnMapping['options']['kind'];
export type AnswerKind = NonNullable<ColumnMapping['answer']>['kind'];

/** As `ColumnMapping`, with room for choices that are not made or not in use; `''`: none. */
export interface MappingDraft {
  readonly question: string;
  readonly optionsKind: OptionsKind;
  readonly optionFields: readonly string[];
  readonly optionsField: string;
  readonly answer: string;
  readonly answerKind: AnswerKind;
  readonly id: string;
  readonly facets: readonly string[];
}

export type MappingControl = 'question' | 'options' | 'answer' | 'id' | 'facets';

/** Option letters end with the engine's tenth. */
export const MOST_OPTIONS = 10;

/** The suggestion, or nothing chosen. */
export function draftMapping({ suggestion }: ColumnReport): MappingDraft {
  const options = suggestion?.options ?? { kind: 'fields', fields: ['', ''] };
  return {
    question: suggestion?.question ?? '',
    optionsKind: options.kind,
    optionFields: options.kind === 'fields' ? options.fields : ['', ''],
    optionsField: options.kind === 'field' ? options.field : '',
    answer: suggestion?.answer?.field ?? '',
    answerKind: suggestion?.answer?.kind ?? 'letter',
    id: suggestion?.id ?? '',
    facets: suggestion?.facets ?? [],
  };
}

/** What keeps the draft from being a mapping, beside the control that it is about. */
export function checkMapping(draft: MappingDraft): ReadonlyMap<MappingControl, string> {
  const { question, optionsKind, optionFields, optionsField, answer, facets } = draft;
  const problems = new Map<MappingControl, string>();
  if (question === '') problems.set('question', 'Choose the field that holds the question.');
  if (optionsKind === 'field' && optionsField === '')
    problems.set('options', 'Choose the field that holds them.');
  if (optionsKind === 'fields') {
    if (optionFields.includes('')) problems.set('options', 'Choose a field for each option.');
    else if (new Set(optionFields).size < optionFields.length)
      problems.set('options', 'Two options have the same field.');
    else if (optionFields.includes(question)) problems.set('options', 'The question is no option.');
  }
  if (answer !== '' && answer === question) problems.set('answer', 'The question is not its answer.');
  if (answer !== '' && facets.includes(answer))
    problems.set('facets', 'The answer cannot be shown beside the case.');
  return problems;
}

/** The mapping that a draft without problems stands for. */
export function mappingOf(draft: MappingDraft): ColumnMapping {
  const { question, answer, answerKind, id, facets } = draft;
  const isOpen = draft.optionsKind === 'none';
  return {
    question,
    options: optionsOf(draft),
    answer: answer === '' ? null : { field: answer, kind: isOpen ? 'text' : answerKind },
    id: id === '' ? null : id,
    facets,
  };
}

function optionsOf({ optionsKind, optionFields, optionsField }: MappingDraft): ColumnMapping['options'] {
  switch (optionsKind) {
    case 'fields':
      return { kind: 'fields', fields: optionFields };
    case 'field':
      return { kind: 'field', field: optionsField };
    case 'none':
      return { kind: 'none' };
    default:
      return optionsKind satisfies never;
  }
}

/** The control to change for a row's problem: by the field that its message names, else by its kind. */
export function controlOf(
  { kind, message }: NonNullable<MappingPreview['problem']>,
  mapping: ColumnMapping,
): MappingControl {
  const { options, answer, question } = mapping;
  const optionPaths =
    options.kind === 'fields' ? options.fields : options.kind === 'field' ? [options.field] : [];
  const names = (path: string) =>
    message.includes(`in the field ${path},`) || message.includes(`in the field ${path}.`);
  if (names(question)) return 'question';
  if (optionPaths.some(names)) return 'options';
  if (answer !== null && names(answer.field)) return 'answer';
  if (kind.startsWith('answer')) return 'answer';
  return kind.startsWith('option') ? 'options' : 'question';
}
