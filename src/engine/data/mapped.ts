/**
 * Rows of no published layout, read by a mapping that a person made: which field is the question,
 * which the options, which the answer and how it names the gold option.
 */
import { type ColumnMapping, StudioError } from '../../protocol';
import { normalized } from './clean';
import { isProblem, MAX_FACET_CHARACTERS, readId, readOptions, readPosition, wrongField } from './fields';
import { parseJson } from './json';
import {
  type Draft,
  describe,
  isRow,
  type Layout,
  letterAt,
  type OptionText,
  type Problem,
  problem,
  type Row,
  TEXT_BOUNDS,
} from './layout';

const MAX_OPTIONS = 10;

/** @throws StudioError `mapping-impossible` when the mapping contradicts itself */
export function mappedLayout(mapping: ColumnMapping, name: string): Layout {
  refuseImpossible(mapping, name);
  const isOpen = mapping.options.kind === 'none';
  return {
    name: 'mapped',
    label: 'Mapped columns',
    fields: mapping.question,
    licence: null,
    citation: null,
    bounds: { minOptions: isOpen ? 0 : 2, maxOptions: isOpen ? 0 : MAX_OPTIONS, ...TEXT_BOUNDS },
    read: (row) => readMapped(row, mapping),
  };
}

/** The value at a path: a field of that very name, else names joined by dots, from the outside in. */
export function valueAt(row: Row, path: string): unknown {
  if (Object.hasOwn(row, path)) return row[path];
  let value: unknown = row;
  for (const name of path.split('.')) {
    if (!isRow(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/** Options in one field: a list or an object, or either as JSON in a table's cell. */
export function optionsIn(value: unknown, path: string): readonly OptionText[] | Problem {
  if (typeof value !== 'string') return readOptions(value, path);
  const parsed = parseJson(value);
  return 'value' in parsed ? readOptions(parsed.value, path) : wrongField(path, 'a list of texts', value);
}

function readMapped(row: Row, mapping: ColumnMapping): Draft | Problem {
  const question = readQuestion(valueAt(row, mapping.question), mapping.question);
  if (isProblem(question)) return question;
  const options = readMappedOptions(row, mapping.options);
  if (isProblem(options)) return options;
  const draft: Draft = {
    id: mapping.id === null ? null : readId(valueAt(row, mapping.id)),
    question,
    options,
    answer: null,
    ...readMappedFacets(row, mapping.facets),
  };
  const given = mapping.answer === null ? undefined : valueAt(row, mapping.answer.field);
  if (mapping.answer === null || given === undefined || given === null) return draft;
  if (mapping.options.kind === 'none') {
    const isText = typeof given === 'string' || typeof given === 'number';
    return isText
      ? { ...draft, openAnswer: String(given) }
      : wrongField(mapping.answer.field, 'a text', given);
  }
  const answer = readAnswer(given, mapping.answer, options);
  return isProblem(answer) ? answer : { ...draft, answer };
}

/** A text, or a list of texts such as an abstract's parts, one below the other. */
function readQuestion(value: unknown, path: string): string | Problem {
  if (typeof value === 'string') return value;
  const isTexts = Array.isArray(value) && value.every((text) => typeof text === 'string');
  return isTexts ? value.join('\n') : wrongField(path, 'a text', value);
}

/** The options as the mapping finds them. */
export function readMappedOptions(
  row: Row,
  options: ColumnMapping['options'],
): readonly OptionText[] | Problem {
  switch (options.kind) {
    case 'none':
      return [];
    case 'field':
      return optionsIn(valueAt(row, options.field), options.field);
    case 'fields':
      return readSeparateOptions(row, options.fields);
    default:
      return options satisfies never;
  }
}

/** One option per field; rows may leave the last ones empty. */
function readSeparateOptions(row: Row, paths: readonly string[]): readonly OptionText[] | Problem {
  const values = paths.map((path) => valueAt(row, path) ?? null);
  while (values.at(-1) === null) values.pop();
  const options: OptionText[] = [];
  for (const [index, value] of values.entries()) {
    if (typeof value !== 'string' && typeof value !== 'number') {
      return wrongField(paths[index]!, 'a text', value ?? undefined);
    }
    options.push([letterAt(index), String(value)]);
  }
  return options;
}

function readAnswer(
  given: unknown,
  { field: path, kind }: NonNullable<ColumnMapping['answer']>,
  options: readonly OptionText[],
): string | null | Problem {
  const single: unknown = Array.isArray(given) && given.length === 1 ? given[0] : given;
  switch (kind) {
    case 'letter':
      return typeof single === 'string' ? bareLetter(single) : wrongField(path, 'a letter', given);
    case 'zero-based':
      return readPosition(single, path, { first: 0, count: options.length });
    case 'one-based':
      return readPosition(single, path, { first: 1, count: options.length });
    case 'text':
      return typeof single === 'string' || typeof single === 'number'
        ? letterOfText(String(single), options)
        : wrongField(path, 'a text', given);
    default:
      return kind satisfies never;
  }
}

/** `B` of `B`, `(b)`, `B.` and the like; another text stays, to be refused with its own words. */
function bareLetter(text: string): string {
  return /^\(?\s*([A-Za-z])\s*[).:]?$/.exec(text.trim())?.[1]?.toUpperCase() ?? text;
}

function letterOfText(text: string, options: readonly OptionText[]): string | Problem {
  const key = normalized(text);
  const letter = options.find(([, option]) => normalized(option) === key)?.[0];
  return letter ?? problem('answer-not-an-option', `The answer is ${describe(text)}, which no option says.`);
}

function readMappedFacets(row: Row, paths: readonly string[]): Pick<Draft, 'facets'> {
  const facets = paths.flatMap((path) => {
    const value = valueAt(row, path);
    const text = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
    return text === '' || text.length > MAX_FACET_CHARACTERS ? [] : [[path, text] as const];
  });
  return facets.length === 0 ? {} : { facets: Object.fromEntries(facets) };
}

function refuseImpossible({ question, options, answer, facets }: ColumnMapping, name: string): void {
  const answerField = answer?.field;
  const fault =
    options.kind === 'none' && answer !== null && answer.kind !== 'text'
      ? 'an answer that names an option of a question without options'
      : options.kind === 'fields' && (options.fields.length < 2 || options.fields.length > MAX_OPTIONS)
        ? `${options.fields.length} option fields`
        : answerField === question
          ? 'the same field as question and answer'
          : answerField !== undefined && facets.includes(answerField)
            ? 'the answer among the facets, which are shown beside the case'
            : null;
  if (fault === null) return;
  throw new StudioError({
    boundary: 'data',
    code: 'mapping-impossible',
    message: `${name}: expected a mapping of columns to a question, its options (2 to ${MAX_OPTIONS}, or none) and its answer, received ${fault}.`,
    action: 'Change the mapping under Data.',
    file: name,
  });
}
