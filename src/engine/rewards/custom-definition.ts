/** Custom objectives from a file or the page, validated: a fault is named by its path. */
import type { CustomObjective } from '../../protocol/config';
import { CUSTOM_LIMITS } from '../../protocol/custom';
import { configError, invalidSetting } from '../config-error';
import { compileMatch } from './custom-matches';
import { OBJECTIVES } from './objectives';

const PLACES: readonly CustomObjective['where'][] = ['response', 'reasoning', 'conclusion'];
const NAME = new RegExp(`^[A-Za-z][A-Za-z0-9_-]{0,${CUSTOM_LIMITS.name - 1}}$`);

/**
 * The same definitions, copied, each field in its type's order. Throws `config-invalid` with the
 * path of the first fault: `rewards.custom[1].match.pattern: expected …`.
 */
export function validateCustom(value: unknown): readonly CustomObjective[] {
  const { objectives } = CUSTOM_LIMITS;
  if (!Array.isArray(value) || value.length > objectives)
    throw invalidSetting('rewards.custom', `a list of at most ${objectives} objectives`, value);
  const definitions = value.map((item, index) => definition(item, `rewards.custom[${index}]`));
  const taken = new Set(OBJECTIVES.map(({ descriptor }) => descriptor.name));
  for (const [index, { name }] of definitions.entries()) {
    if (taken.has(name) || name in Object.prototype)
      throw invalidSetting(`rewards.custom[${index}].name`, 'a name that no other objective has', name);
    taken.add(name);
  }
  return definitions;
}

function definition(value: unknown, path: string): CustomObjective {
  const { name, match, where, cap, weight } = fields(value, path, [
    'name',
    'match',
    'where',
    'cap',
    'weight',
  ]);
  const most = CUSTOM_LIMITS;
  if (typeof name !== 'string' || !NAME.test(name))
    throw invalidSetting(
      `${path}.name`,
      `a letter, then letters, digits, - or _, ${most.name} at most`,
      name,
    );
  const place = PLACES.find((known) => known === where);
  if (place === undefined)
    throw invalidSetting(`${path}.where`, `one of ${PLACES.map((known) => `"${known}"`).join(', ')}`, where);
  if (!isWithin(cap, 1, most.cap) || !Number.isInteger(cap))
    throw invalidSetting(`${path}.cap`, `an integer from 1 to ${most.cap}`, cap);
  if (!isWithin(weight, -most.weight, most.weight))
    throw invalidSetting(`${path}.weight`, `a number from −${most.weight} to ${most.weight}`, weight);
  return { name, match: validMatch(match, `${path}.match`), where: place, cap, weight };
}

function validMatch(value: unknown, path: string): CustomObjective['match'] {
  const kind = (value as { kind?: unknown } | null | undefined)?.kind;
  if (kind !== 'pattern' && kind !== 'terms')
    throw invalidSetting(`${path}.kind`, 'one of "pattern", "terms"', kind);
  const given = fields(value, path, ['kind', kind]);
  const match: CustomObjective['match'] =
    kind === 'pattern'
      ? { kind, pattern: text(given.pattern, `${path}.pattern`, CUSTOM_LIMITS.pattern) }
      : { kind, terms: termList(given.terms, `${path}.terms`) };
  compileMatch(match, path);
  return match;
}

function termList(value: unknown, path: string): readonly string[] {
  const { terms, term } = CUSTOM_LIMITS;
  if (!Array.isArray(value) || value.length === 0 || value.length > terms)
    throw invalidSetting(path, `a list of 1 to ${terms} terms`, value);
  return value.map((item, index) => text(item, `${path}[${index}]`, term));
}

function text(value: unknown, path: string, most: number): string {
  if (typeof value !== 'string' || value.length === 0 || value.length > most)
    throw invalidSetting(path, `a text of 1 to ${most} characters`, value);
  return value;
}

/** The fields of an object that has no others. */
function fields(value: unknown, path: string, names: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalidSetting(path, 'an object', value);
  const unknown = Object.keys(value).find((key) => !names.includes(key));
  if (unknown !== undefined)
    throw configError(`${path}.${unknown.slice(0, 80)}: no such field; expected ${names.join(', ')}`);
  return value as Readonly<Record<string, unknown>>;
}

function isWithin(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && value >= least && value <= most;
}
