/**
 * What one number of a text can be: an age, a score, a value behind its label, a value that its unit
 * explains. “What is read from the case” in docs/objectives.md.
 */
import {
  AGE_UNITS,
  COUNTED_THINGS,
  GESTATION_WORDS,
  SATURATION_FOLLOWERS,
  TIME_UNITS,
} from '../words/numbers';
import { type Measure, measureById } from './lexicon';
import type { MeasureMention, Mention } from './passage';
import { formWords } from './scan';
import type { Token } from './tokens';
import { standBehind, type Unit } from './units';

export interface NumberMention extends Mention {
  readonly kind: 'age' | 'time' | 'vital' | 'lab' | 'other';
  /** The id of its measure, `age`, `time`, `gestation`, `pain score`, `gravida para`; empty if unknown. */
  readonly label: string;
  readonly measure: Measure | null;
  /** Temperatures in °C; two for a blood pressure or another ratio. */
  readonly values: readonly number[];
  /** A temperature as written, and values of a conversion in parentheses. */
  readonly written: readonly number[];
  readonly unit: string;
  /** The tokens of the value with its unit; `first` may be a label before it. */
  readonly value: { readonly first: number; readonly last: number };
}

/** A mention without what follows from its tokens. */
export type Found = Pick<NumberMention, 'kind' | 'label' | 'values' | 'unit'> &
  Partial<Pick<NumberMention, 'measure' | 'written'>> & {
    /** Tokens of the mention, and of its value if that starts later. */
    readonly first: number;
    readonly last: number;
    readonly valueFirst?: number;
  };

/** Of a score such as "7/10". */
export const MAX_SCORE = 10;
/** Above, a temperature without a unit is in °F. */
const HOTTEST_CELSIUS = 60;
/** Outside, a number behind the label is something else. Bounds included. */
const PLAUSIBLE: Readonly<Record<string, readonly [number, number]>> = {
  temp: [25, 45],
  spo2: [30, 100],
  pulse: [20, 300],
  resp: [4, 90],
  bmi: [10, 80],
};
const SATURATION_TAILS = SATURATION_FOLLOWERS.map(formWords);

export function parseNumber(text: string): number {
  return Number.parseFloat(text.includes(',') ? text.replaceAll(',', '') : text);
}

/** "Three days", "G2P1". */
export function readSpelledNumber(stream: readonly Token[], token: Token): Found | null {
  const { count, lower } = token.word;
  const unit = count === undefined ? undefined : after(stream, token, 1);
  if (count !== undefined && unit !== undefined && TIME_UNITS.has(unit.word.stem)) {
    if (after(stream, token, 2)?.word.lower === 'old') return null;
    const at = { first: token.index, last: unit.index };
    return { kind: 'time', label: 'time', values: [count], unit: unit.word.stem, ...at };
  }
  const pregnancies = lower.startsWith('g') ? /^g(\d{1,4})p(\d{1,4})$/.exec(lower) : null;
  if (pregnancies === null) return null;
  const values = [Number(pregnancies[1]), Number(pregnancies[2])];
  return { kind: 'other', label: 'gravida para', values, unit: 'gp', first: token.index, last: token.index };
}

/** "21-year-old", "30 yo", "aged 50". */
export function readAge(stream: readonly Token[], token: Token): Found | null {
  const [one, two, three] = [after(stream, token, 1), after(stream, token, 2), after(stream, token, 3)];
  const age = (unit: string, last: Token): Found => ({
    kind: 'age',
    label: 'age',
    values: [parseNumber(token.text)],
    unit,
    first: token.index,
    last: last.index,
  });
  if (one !== undefined && two !== undefined && AGE_UNITS.has(one.word.stem)) {
    const ofAge = two.word.lower === 'of' && three?.word.lower === 'age';
    const unit = one.word.stem === 'yr' ? 'year' : one.word.stem;
    if (two.word.lower === 'old' || ofAge) return age(unit, two);
  }
  if (one?.word.lower === 'yo') return age('year', one);
  if (one?.word.lower === 'y' && two?.text === '/' && three?.word.lower === 'o') return age('year', one);
  const before = stream[token.position - 1];
  return before?.sentence === token.sentence && before.word.lower === 'aged' ? age('year', token) : null;
}

/** "7 out of 10". */
export function readScore(stream: readonly Token[], token: Token): Found | null {
  const value = parseNumber(token.text);
  const ten = after(stream, token, 3);
  if (value > MAX_SCORE || ten?.text !== String(MAX_SCORE)) return null;
  if (after(stream, token, 1)?.word.lower !== 'out' || after(stream, token, 2)?.word.lower !== 'of')
    return null;
  const at = { first: token.index, last: ten.index };
  return { kind: 'other', label: 'pain score', values: [value], unit: '/10', ...at };
}

/** A value behind the label of its vital sign or laboratory test. */
export function readMeasured(
  stream: readonly Token[],
  token: Token,
  label: MeasureMention,
  { unit, last }: Unit,
): Found | null {
  const { measure } = label;
  const next = after(stream, token, 1);
  if (next !== undefined && TIME_UNITS.has(next.word.stem) && measure.id !== 'pt') return null;
  const value = parseNumber(token.text);
  const found = { label: measure.id, measure, first: label.first, valueFirst: token.index };
  if (measure.id === 'temp') {
    const celsius = isFahrenheit(value, unit) ? ((value - 32) * 5) / 9 : value;
    if (!isPlausible('temp', celsius)) return null;
    return { ...found, kind: 'vital', values: [celsius], written: [value], unit: 'c', last };
  }
  if (measure.kind === 'vital') {
    // A blood pressure of one number says nothing.
    if (!isPlausible(measure.id, value)) return null;
    return { ...found, kind: 'vital', values: [value], unit: measure.id, last };
  }
  if (measure.id === 'urine protein' || measure.id === 'urine blood') {
    // "Protein" and "blood" are many things, but "protein 2+" is urine.
    if (next?.text !== '+') return null;
    return { ...found, kind: 'lab', values: [value], unit, last: next.index };
  }
  if (unit === '' && next !== undefined && COUNTED_THINGS.has(next.word.stem)) return null;
  return { ...found, kind: 'lab', values: [value], unit, last };
}

/** A value that its unit, or the words behind it, explain. */
export function readByUnit(
  tokens: readonly Token[],
  stream: readonly Token[],
  token: Token,
  { unit, last }: Unit,
): Found | null {
  const values = [parseNumber(token.text)];
  const at = { values, first: token.index, last };
  const vital = (id: string): Found => ({
    kind: 'vital',
    label: id,
    unit: id,
    measure: measureById(id),
    ...at,
  });
  if (unit === 'beats/min') return vital('pulse');
  if (unit === 'breaths/min') return vital('resp');
  if (unit === '%' && SATURATION_TAILS.some((tail) => standBehind(tokens, last, tail))) {
    return vital('spo2');
  }
  const [one, two] = [after(stream, token, 1), after(stream, token, 2)];
  if (one?.word.stem === 'week' && two !== undefined && GESTATION_WORDS.has(two.word.stem)) {
    return { kind: 'other', label: 'gestation', unit: 'week', ...at, last: two.index };
  }
  if (one !== undefined && TIME_UNITS.has(one.word.stem)) {
    return { kind: 'time', label: 'time', unit: one.word.stem, ...at, last: one.index };
  }
  // A lone C or F is no unit without a temperature.
  return unit === '' || unit === 'c' || unit === 'f' ? null : { kind: 'other', label: '', unit, ...at };
}

function isFahrenheit(value: number, unit: string): boolean {
  return unit === 'degf' || unit === 'f' || (unit !== 'degc' && unit !== 'c' && value > HOTTEST_CELSIUS);
}

function isPlausible(id: string, value: number): boolean {
  const bounds = PLAUSIBLE[id];
  return bounds !== undefined && value >= bounds[0] && value <= bounds[1];
}

/** The token `steps` behind in the word stream, if it is in the same sentence. */
function after(stream: readonly Token[], token: Token, steps: number): Token | undefined {
  const other = stream[token.position + steps];
  return other?.sentence === token.sentence ? other : undefined;
}
