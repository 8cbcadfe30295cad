/** How layouts read the fields of a row: each gives the value, or a problem that says what stood there. */
import { describe, field, isRow, letterAt, type OptionText, type Problem, problem, type Row } from './layout';

const OPTION_LETTER = /^[A-Z]$/;
const INTEGER = /^-?\d{1,9}$/;
/** Of a value to slice results by; longer texts are no facets. */
export const MAX_FACET_CHARACTERS = 60;
const MAX_ID_CHARACTERS = 200;

export function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'problem' in value;
}

export function wrongField(name: string, expected: string, received: unknown): Problem {
  const [outer = name] = name.split('.');
  const kind = outer.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return problem(
    `${kind}-${received === undefined ? 'missing' : 'wrong-type'}`,
    `Expected ${expected} in the field ${name}, received ${describe(received)}.`,
  );
}

export function readText(row: Row, name: string): string | Problem {
  const value = field(row, name);
  return typeof value === 'string' ? value : wrongField(name, 'a text', value);
}

/** A text or a short number; null for anything else. */
export function readId(value: unknown): string | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const text = String(value).trim();
  return text === '' || text.length > MAX_ID_CHARACTERS ? null : text;
}

/** A whole number, also as tables write it; undefined for anything else. */
export function integer(value: unknown): number | undefined {
  if (typeof value === 'string' && INTEGER.test(value.trim())) return Number(value);
  return Number.isInteger(value) ? (value as number) : undefined;
}

/** Facet → field: those that hold a short text. Never name a field that explains the answer. */
export function readFacets(
  row: Row,
  fields: Readonly<Record<string, string>>,
): { readonly facets?: Readonly<Record<string, string>> } {
  const facets: Record<string, string> = {};
  for (const [facet, name] of Object.entries(fields)) {
    const value = field(row, name);
    if (typeof value !== 'string' && typeof value !== 'number') continue;
    const text = String(value).trim();
    if (text !== '' && text.length <= MAX_FACET_CHARACTERS) facets[facet] = text;
  }
  return Object.keys(facets).length === 0 ? {} : { facets };
}

/** Options as an object of letters and texts. */
export function readLetteredOptions(value: unknown, name: string): readonly OptionText[] | Problem {
  if (!isRow(value)) return wrongField(name, 'an object of letters and texts', value);
  const options: OptionText[] = [];
  for (const [letter, text] of Object.entries(value)) {
    if (!OPTION_LETTER.test(letter)) {
      return problem(
        'option-letters',
        `Expected capital letters as option names, received ${describe(letter)}.`,
      );
    }
    if (typeof text !== 'string') return wrongField(`${name}.${letter}`, 'a text', text);
    options.push([letter, text]);
  }
  return options;
}

/** Options as such an object, as a list of texts, or as a list of `{letter, content}`. */
export function readOptions(value: unknown, name: string): readonly OptionText[] | Problem {
  if (!Array.isArray(value)) return readLetteredOptions(value, name);
  const options: OptionText[] = [];
  for (const [index, item] of value.entries()) {
    const [letter, text] = isRow(item) ? [item.letter, item.content] : [letterAt(index), item];
    if (typeof letter !== 'string' || typeof text !== 'string') {
      return wrongField(`${name}.${index}`, 'a text, or an object of letter and content', item);
    }
    options.push([letter, text]);
  }
  return options;
}

/** Options in fields of their own, in the order given; the first two must be there, the rest may end early. */
export function readOptionFields(row: Row, names: readonly string[]): readonly OptionText[] | Problem {
  const options: OptionText[] = [];
  for (const [index, name] of names.entries()) {
    const value = field(row, name);
    if (value === undefined && index >= 2) break;
    if (typeof value !== 'string') return wrongField(name, 'a text', value);
    options.push([letterAt(index), value]);
  }
  return options;
}

/** The gold letter by its position among the options; null where there is none, or it is negative. */
export function readPosition(
  value: unknown,
  name: string,
  { first, count }: { readonly first: 0 | 1; readonly count: number },
): string | null | Problem {
  if (value === undefined || value === null) return null;
  const position = integer(value);
  if (position === undefined) return wrongField(name, 'a whole number', value);
  if (position < 0) return null;
  const index = position - first;
  if (index >= 0 && index < count) return letterAt(index);
  const range = `${first} to ${count - 1 + first}`;
  return problem(
    'answer-not-an-option',
    `The answer is number ${position}, but the options are numbered ${range}.`,
  );
}
