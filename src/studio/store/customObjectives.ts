/**
 * A person's own objectives while they are written: the form's texts ↔ a definition, what is wrong
 * with one, and what changed between two lists. Whether RE2 takes a pattern only the scorer can tell.
 */
import { CUSTOM_LIMITS, type CustomObjective, type ErrorRecord } from '../../protocol';

/** The parts of a definition that can be wrong, each with a control of its own. */
export type CustomField = 'name' | 'match' | 'where' | 'cap' | 'weight';
export type CustomProblems = ReadonlyMap<CustomField, string>;

/** What the controls hold. Both kinds of match are kept, so that switching between them loses neither. */
export interface CustomForm {
  readonly name: string;
  readonly kind: CustomObjective['match']['kind'];
  readonly pattern: string;
  /** One a line. */
  readonly terms: string;
  readonly where: CustomObjective['where'];
  readonly cap: string;
  readonly weight: string;
}

export const PLACES = ['response', 'reasoning', 'conclusion'] as const satisfies CustomObjective['where'][];

export const emptyForm: CustomForm = {
  name: '',
  kind: 'terms',
  pattern: '',
  terms: '',
  where: 'reasoning',
  cap: '5',
  weight: '1',
};

export function formOf({ name, match, where, cap, weight }: CustomObjective): CustomForm {
  return {
    name,
    kind: match.kind,
    pattern: match.kind === 'pattern' ? match.pattern : '',
    terms: match.kind === 'terms' ? match.terms.join('\n') : '',
    where,
    cap: String(cap),
    weight: String(weight),
  };
}

/** The definition that the form describes, right or wrong: see `customProblems`. */
export function definitionOf({
  name,
  kind,
  pattern,
  terms,
  where,
  cap,
  weight,
}: CustomForm): CustomObjective {
  const lines = terms.split('\n').map((line) => line.trim());
  return {
    name: name.trim(),
    match: kind === 'pattern' ? { kind, pattern } : { kind, terms: lines.filter((line) => line !== '') },
    where,
    cap: numberOf(cap),
    weight: numberOf(weight),
  };
}

const numberOf = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text.replace(',', '.')));

const NAME = /^[A-Za-z][A-Za-z0-9_-]*$/;

/** What is wrong with a definition, from the form or a file, in sentences for beside the controls. */
export function customProblems(definition: unknown, taken: ReadonlySet<string>): CustomProblems {
  const { name, match, where, cap, weight } = fieldsOf(definition);
  const problems: [CustomField, string | null][] = [
    ['name', nameProblem(name, taken)],
    ['match', matchProblem(match)],
    ['where', PLACES.includes(where as never) ? null : `One of: ${PLACES.join(', ')}.`],
    ['cap', numberProblem(cap, 1, CUSTOM_LIMITS.cap) ?? (Number.isInteger(cap) ? null : 'A whole number.')],
    ['weight', numberProblem(weight, -CUSTOM_LIMITS.weight, CUSTOM_LIMITS.weight)],
  ];
  return new Map(problems.filter((problem): problem is [CustomField, string] => problem[1] !== null));
}

/** The first problem of a list, with the name it belongs to; null: there is none. */
export function customListProblem(list: unknown): string | null {
  if (!Array.isArray(list)) return 'This needs a list of objectives.';
  if (list.length > CUSTOM_LIMITS.objectives) return `At most ${CUSTOM_LIMITS.objectives} objectives.`;
  const taken = new Set<string>();
  for (const [index, definition] of list.entries()) {
    const { name } = fieldsOf(definition);
    const shown = typeof name === 'string' && name !== '' ? name.slice(0, CUSTOM_LIMITS.name) : index + 1;
    for (const [field, problem] of customProblems(definition, taken)) return `${shown}, ${field}: ${problem}`;
    taken.add(name as string);
  }
  return null;
}

function nameProblem(name: unknown, taken: ReadonlySet<string>): string | null {
  if (typeof name !== 'string' || name === '') return 'It needs a name.';
  if (!NAME.test(name)) return 'A letter first, then letters, digits, - or _.';
  if (name.length > CUSTOM_LIMITS.name) return `At most ${CUSTOM_LIMITS.name} characters.`;
  if (name in Object.prototype) return 'This name cannot be used.';
  return taken.has(name) ? `There is already an objective “${name}”.` : null;
}

function matchProblem(match: unknown): string | null {
  const { kind, pattern, terms } = fieldsOf(match);
  if (kind === 'pattern') {
    if (typeof pattern !== 'string' || pattern === '') return 'It needs a pattern.';
    const { pattern: most } = CUSTOM_LIMITS;
    return pattern.length > most ? `At most ${most} characters.` : null;
  }
  if (kind !== 'terms') return 'A pattern, or terms.';
  if (!Array.isArray(terms) || terms.length === 0) return 'It needs at least one term.';
  if (terms.length > CUSTOM_LIMITS.terms)
    return `At most ${CUSTOM_LIMITS.terms} terms; these are ${terms.length}.`;
  const { term: most } = CUSTOM_LIMITS;
  const wrong = terms.findIndex((term) => typeof term !== 'string' || term === '' || term.length > most);
  return wrong === -1 ? null : `Term ${wrong + 1}: 1 to ${most} characters.`;
}

function numberProblem(value: unknown, least: number, most: number): string | null {
  if (typeof value !== 'number' || !Number.isFinite(value)) return 'This needs a number.';
  if (value < least) return `At least ${least}.`;
  return value > most ? `At most ${most}.` : null;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

/** `rewards.custom[0].match.pattern: …`, and with the name in place of the index. */
const ERROR_PATH = /^rewards\.custom(?:\[\d+\]|\.[A-Za-z][\w-]*)\.(name|match|where|cap|weight)[^:]*: /;

/** Which control the engine's refusal belongs to, with its words; null: it is about something else. */
export function refusedField({ code, message, action }: ErrorRecord): readonly [CustomField, string] | null {
  const path = code === 'config-invalid' ? ERROR_PATH.exec(message) : null;
  if (!path) return null;
  const words = `${message.slice(path[0].length)}. ${action ?? ''}`.trim();
  return [path[1] as CustomField, words[0]!.toUpperCase() + words.slice(1)];
}

/** `hedging` → `hedging-2`, or the next that is free. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  for (let number = 2; ; number++) {
    const suffix = `-${number}`;
    const candidate = name.slice(0, CUSTOM_LIMITS.name - suffix.length) + suffix;
    if (!taken.has(candidate)) return candidate;
  }
}

/** `+ cites, − hedging, brevity: weight 1 → 2`: what a run's list would become. */
export function customChanges(from: readonly CustomObjective[], to: readonly CustomObjective[]): string {
  const before = new Map(from.map((definition) => [definition.name, definition]));
  const after = new Set(to.map(({ name }) => name));
  const kept = to.flatMap((definition) => {
    const old = before.get(definition.name);
    if (!old) return [`+ ${definition.name}`];
    if (JSON.stringify(old) === JSON.stringify(definition)) return [];
    const sameButWeight =
      JSON.stringify({ ...old, weight: definition.weight }) === JSON.stringify(definition);
    const change = sameButWeight ? `weight ${old.weight} → ${definition.weight}` : 'edited';
    return [`${definition.name}: ${change}`];
  });
  const removed = from.filter(({ name }) => !after.has(name)).map(({ name }) => `− ${name}`);
  return [...kept, ...removed].join(', ') || 'another order';
}
