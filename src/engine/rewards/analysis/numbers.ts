/**
 * Numbers and what they measure: ages, durations, vital signs, laboratory values, others with a unit.
 * Section 3.1 of the specification, step 1. Linear: each number looks at a few tokens around it.
 */
import {
  AGE_UNITS,
  COUNTED_THINGS,
  FILLERS,
  GESTATION_WORDS,
  SATURATION_FOLLOWERS,
  TIME_UNITS,
} from '../words/numbers';
import { type Measure, measureById } from './lexicon';
import type { MeasureMention, Mention } from './passage';
import { formWords } from './scan';
import type { Token } from './tokens';
import { standBehind, unitBehind } from './units';

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

/** Words between a label and its value, at most. */
const MAX_LABEL_DISTANCE = 8;
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
const MAX_SCORE = 10;
const SATURATION_TAILS = SATURATION_FOLLOWERS.map(formWords);
const TEMPERATURE_UNITS = ['degc', 'degf', 'c', 'f'];

export interface Numbers {
  readonly numbers: readonly NumberMention[];
  readonly inReferenceRange: Uint8Array;
}

export function readNumbers(
  tokens: readonly Token[],
  stream: readonly Token[],
  measures: readonly MeasureMention[],
): Numbers {
  return new NumberReader(tokens, stream, measures).read();
}

export function parseNumber(text: string): number {
  return Number.parseFloat(text.includes(',') ? text.replaceAll(',', '') : text);
}

/** A mention without what follows from its tokens. */
type Found = Pick<NumberMention, 'kind' | 'label' | 'values' | 'unit'> &
  Partial<Pick<NumberMention, 'measure' | 'written'>> & {
    /** Tokens of the mention, and of its value if that starts later. */
    readonly first: number;
    readonly last: number;
    readonly valueFirst?: number;
  };

class NumberReader {
  private readonly numbers: NumberMention[] = [];
  private readonly inReferenceRange: Uint8Array;
  /** How many of `measures` start before the token at hand. */
  private labels = 0;
  /** The last position of the last mention. */
  private lastPosition = -1;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly stream: readonly Token[],
    private readonly measures: readonly MeasureMention[],
  ) {
    this.inReferenceRange = new Uint8Array(tokens.length);
  }

  read(): Numbers {
    /** The sentence in which a reference range is open: "(N = 75-115)", "normal range: …". */
    let rangeSentence = -1;
    let position = 0;
    while (position < this.stream.length) {
      const token = this.stream[position]!;
      if (token.text === ')') rangeSentence = -1;
      if (token.kind === 'word') {
        if (this.opensRange(token)) rangeSentence = token.sentence;
        this.readWord(token);
        position++;
      } else if (token.kind !== 'number') {
        position++;
      } else if (rangeSentence === token.sentence) {
        this.inReferenceRange[token.index] = 1;
        position++;
      } else {
        position = this.readNumber(token);
      }
    }
    return { numbers: this.numbers, inReferenceRange: this.inReferenceRange };
  }

  private opensRange({ text, word, position }: Token): boolean {
    if (text !== 'N' && word.lower !== 'normal' && word.lower !== 'reference') return false;
    const next = this.stream[position + 1]?.word.lower ?? '';
    return next === ':' || next === '=' || (text !== 'N' && (next === 'range' || next === 'value'));
  }

  /** "Three days", "G2P1". */
  private readWord(token: Token): void {
    const { count, lower } = token.word;
    const unit = count === undefined ? undefined : this.after(token, 1);
    if (count !== undefined && unit !== undefined && TIME_UNITS.has(unit.word.stem)) {
      if (this.stream[token.position + 2]?.word.lower === 'old') return;
      this.add({
        kind: 'time',
        label: 'time',
        values: [count],
        unit: unit.word.stem,
        first: token.index,
        last: unit.index,
      });
      return;
    }
    const pregnancies = lower.startsWith('g') ? /^g(\d{1,4})p(\d{1,4})$/.exec(lower) : null;
    if (pregnancies !== null) {
      const values = [Number(pregnancies[1]), Number(pregnancies[2])];
      const at = { first: token.index, last: token.index };
      this.add({ kind: 'other', label: 'gravida para', values, unit: 'gp', ...at });
    }
  }

  /** The position to go on from. */
  private readNumber(token: Token): number {
    const next = token.position + 1;
    const found = this.readAge(token);
    if (found !== null) {
      this.add(found);
      return next;
    }
    const pair = this.readRatio(token) ?? this.readScore(token);
    if (pair !== null) {
      this.add(pair);
      return this.tokens[pair.last]!.position + 1;
    }
    const { unit, last } = unitBehind(this.tokens, token.index) ?? { unit: '', last: token.index };
    if (this.convertsPrevious(token, unit)) {
      this.extendPrevious(token, last);
      return next;
    }
    const quantity = this.readMeasured(token, unit, last) ?? this.readByUnit(token, unit, last);
    if (quantity !== null) this.add(quantity);
    return next;
  }

  private readAge(token: Token): Found | null {
    const [one, two, three] = [this.after(token, 1), this.after(token, 2), this.after(token, 3)];
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
    const before = this.stream[token.position - 1];
    return before?.sentence === token.sentence && before.word.lower === 'aged' ? age('year', token) : null;
  }

  /** 118/76: a blood pressure if it is called one or has its unit. */
  private readRatio(token: Token): Found | null {
    const slash = this.tokens[token.index + 1];
    const second = this.tokens[token.index + 2];
    if (slash?.text !== '/' || second?.kind !== 'number') return null;
    if (slash.start !== token.end || second.start !== slash.end) return null;
    const values = [parseNumber(token.text), parseNumber(second.text)];
    const at = { first: token.index, last: second.index };
    const label = this.labelBefore(token);
    if (label?.measure.id === 'bp' || unitBehind(this.tokens, second.index)?.unit === 'mmhg') {
      const measure = measureById('bp');
      const first = label?.first ?? token.index;
      return {
        kind: 'vital',
        label: 'bp',
        values,
        unit: 'mmhg',
        measure,
        ...at,
        first,
        valueFirst: token.index,
      };
    }
    if (values[1] === MAX_SCORE && values[0]! <= MAX_SCORE) {
      return { kind: 'other', label: 'pain score', values: [values[0]!], unit: '/10', ...at };
    }
    return { kind: 'other', label: '', values, unit: 'ratio', ...at };
  }

  /** "7 out of 10". */
  private readScore(token: Token): Found | null {
    const value = parseNumber(token.text);
    const ten = this.after(token, 3);
    if (value > MAX_SCORE || ten?.text !== String(MAX_SCORE)) return null;
    if (this.after(token, 1)?.word.lower !== 'out' || this.after(token, 2)?.word.lower !== 'of') return null;
    const at = { first: token.index, last: ten.index };
    return { kind: 'other', label: 'pain score', values: [value], unit: '/10', ...at };
  }

  /** A value behind the label of its vital sign or laboratory test. */
  private readMeasured(token: Token, unit: string, last: number): Found | null {
    const label = this.labelBefore(token);
    if (label === null) return null;
    const { measure } = label;
    const next = this.after(token, 1);
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
  private readByUnit(token: Token, unit: string, last: number): Found | null {
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
    if (unit === '%' && SATURATION_TAILS.some((tail) => standBehind(this.tokens, last, tail))) {
      return vital('spo2');
    }
    const [one, two] = [this.after(token, 1), this.after(token, 2)];
    if (one?.word.stem === 'week' && two !== undefined && GESTATION_WORDS.has(two.word.stem)) {
      return { kind: 'other', label: 'gestation', unit: 'week', ...at, last: two.index };
    }
    if (one !== undefined && TIME_UNITS.has(one.word.stem)) {
      return { kind: 'time', label: 'time', unit: one.word.stem, ...at, last: one.index };
    }
    // A lone C or F is no unit without a temperature.
    return unit === '' || unit === 'c' || unit === 'f' ? null : { kind: 'other', label: '', unit, ...at };
  }

  /** The nearest label to the left in the sentence, if only fillers and no number stand between. */
  private labelBefore(token: Token): MeasureMention | null {
    while (this.labels < this.measures.length && this.measures[this.labels]!.first < token.index)
      this.labels++;
    const label = this.measures[this.labels - 1];
    if (label === undefined || label.sentence !== token.sentence) return null;
    if (token.position - label.to > MAX_LABEL_DISTANCE || label.to <= this.lastPosition) return null;
    for (let at = label.to; at < token.position; at++) {
      const { word } = this.stream[at]!;
      if (!FILLERS.has(word.stem) && !FILLERS.has(word.lower)) return null;
    }
    return label;
  }

  /** "37.8 °C (100 °F)": the same in another unit. */
  private convertsPrevious(token: Token, unit: string): boolean {
    const previous = this.numbers.at(-1);
    if (previous === undefined || unit === '') return false;
    if (this.stream[token.position - 1]?.text !== '(' || token.position - 2 > this.lastPosition) return false;
    if (previous.label === 'temp') return TEMPERATURE_UNITS.includes(unit);
    const weights = ['kg', 'lb'];
    return previous.unit === 'cm' || (weights.includes(previous.unit) && weights.includes(unit));
  }

  private extendPrevious(token: Token, last: number): void {
    const previous = this.numbers.pop()!;
    const written = [...previous.written, parseNumber(token.text)];
    const end = this.tokens[last + 1]?.text === ')' ? last + 1 : last;
    this.numbers.push({ ...previous, written, last: end });
    this.lastPosition = token.position;
  }

  private add(found: Found): void {
    const {
      kind,
      label,
      measure = null,
      values,
      written = [],
      unit,
      first,
      last,
      valueFirst = first,
    } = found;
    const { sentence, position } = this.tokens[last]!;
    const value = { first: valueFirst, last };
    this.numbers.push({ kind, label, measure, values, written, unit, first, last, sentence, value });
    this.lastPosition = position;
  }

  /** The token `steps` behind in the word stream, if it is in the same sentence. */
  private after(token: Token, steps: number): Token | undefined {
    const other = this.stream[token.position + steps];
    return other?.sentence === token.sentence ? other : undefined;
  }
}

function isFahrenheit(value: number, unit: string): boolean {
  return unit === 'degf' || unit === 'f' || (unit !== 'degc' && unit !== 'c' && value > HOTTEST_CELSIUS);
}

function isPlausible(id: string, value: number): boolean {
  const bounds = PLAUSIBLE[id];
  return bounds !== undefined && value >= bounds[0] && value <= bounds[1];
}
