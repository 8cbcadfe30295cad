/**
 * Numbers and what they measure: ages, durations, vital signs, laboratory values, others with a unit.
 * “What is read from the case” in docs/objectives.md. Linear: each number looks at a few tokens around it.
 */
import { FILLERS } from '../words/numbers';
import { measureById } from './lexicon';
import {
  type Found,
  MAX_SCORE,
  type NumberMention,
  parseNumber,
  readAge,
  readByUnit,
  readMeasured,
  readScore,
  readSpelledNumber,
} from './number-mentions';
import type { MeasureMention } from './passage';
import type { Token } from './tokens';
import { unitBehind } from './units';

/** Words between a label and its value, at most. */
const MAX_LABEL_DISTANCE = 8;
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
        const spelled = readSpelledNumber(this.stream, token);
        if (spelled !== null) this.add(spelled);
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

  /** The position to go on from. */
  private readNumber(token: Token): number {
    const next = token.position + 1;
    const found = readAge(this.stream, token);
    if (found !== null) {
      this.add(found);
      return next;
    }
    const pair = this.readRatio(token) ?? readScore(this.stream, token);
    if (pair !== null) {
      this.add(pair);
      return this.tokens[pair.last]!.position + 1;
    }
    const unit = unitBehind(this.tokens, token.index);
    if (this.convertsPrevious(token, unit.unit)) {
      this.extendPrevious(token, unit.last);
      return next;
    }
    const label = this.labelBefore(token);
    const quantity =
      (label && readMeasured(this.stream, token, label, unit)) ??
      readByUnit(this.tokens, this.stream, token, unit);
    if (quantity !== null) this.add(quantity);
    return next;
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
    if (label?.measure.id === 'bp' || unitBehind(this.tokens, second.index).unit === 'mmhg') {
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
}
