/**
 * A dataset layout: how one published set writes its rows. A layout describes itself (label,
 * licence, citation, bounds), recognises its rows by their fields, and turns a row into a draft;
 * what holds for every layout (cleaning, checks, bounds) is done once, here.
 */
import type { ClinicalCase } from '../../protocol';
import { cleanOption, cleanQuestion, normalized, type TextRepair } from './clean';

/** One parsed record: an object with unknown fields. Read own fields only, by `field`. */
export type Row = Readonly<Record<string, unknown>>;

/** What is known of a layout before a file is read by it. */
export interface LayoutDescription {
  /** Stable, e.g. `medqa`. */
  readonly name: string;
  /** For a person, e.g. `MedQA`. */
  readonly label: string;
  /** The fields of a row, for the sentence that says what was expected. */
  readonly fields: string;
  /** null: not known, as of a file whose columns were mapped by hand. */
  readonly licence: string | null;
  readonly citation: string | null;
  readonly bounds: LayoutBounds;
}

export interface Layout extends LayoutDescription {
  read(row: Row): Draft | Problem;
}

/** Recognises the rows of a published set. */
export interface Recogniser extends LayoutDescription {
  /** Whether the row is of this layout; its values may still be wrong. */
  recognise(row: Row): boolean;
}

/** A layout whose rows mean different things in different files, so that a file is looked at first. */
export interface SurveyedLayout extends Recogniser {
  survey(): Survey;
}

export interface Survey {
  /** Takes note of a row of this layout. @returns whether enough rows were seen */
  see(row: Row): boolean;
  /**
   * @param name of the file, for messages
   * @throws StudioError when the rows leave open how to read them, and nobody said it
   */
  settle(name: string, choices: ReadingChoices): Layout;
}

/** What a person decides where a file leaves it open. */
export interface ReadingChoices {
  /** MedMCQA: whether `cop` counts the options from 0 or from 1. */
  readonly copBase?: 0 | 1;
}

export interface LayoutBounds {
  readonly minOptions: number;
  readonly maxOptions: number;
  readonly maxQuestionCharacters: number;
  readonly maxOptionCharacters: number;
}

/** More than any published question or option has. */
export const TEXT_BOUNDS = { maxQuestionCharacters: 50_000, maxOptionCharacters: 5_000 };

export type OptionText = readonly [letter: string, text: string];

/** A row's content by meaning, texts not yet cleaned. */
export interface Draft {
  readonly id: string | null;
  readonly question: string;
  /** Letter and text, in the row's order. */
  readonly options: readonly OptionText[];
  /** Gold letter; null: unlabelled. */
  readonly answer: string | null;
  /** The gold option's text, where the layout repeats it. */
  readonly answerText?: string;
  /** Gold text of an open question, which has no options. */
  readonly openAnswer?: string;
  /** The row comes with pictures. */
  readonly hasImages?: boolean;
  readonly facets?: Readonly<Record<string, string>>;
}

/** Why a row cannot be used. */
export interface Problem {
  readonly problem: string;
  /** One sentence: expected, received. */
  readonly message: string;
}

export type Repair = TextRepair | 'options-reordered' | 'answer-letter-written-otherwise';

export interface CleanCase {
  readonly case: ClinicalCase;
  readonly hasImages: boolean;
  readonly repairs: ReadonlySet<Repair>;
}

/** A, B, C, … for 0, 1, 2, … */
export function letterAt(index: number): string {
  return String.fromCharCode(65 + index);
}

export function problem(kind: string, message: string): Problem {
  return { problem: kind, message };
}

/** A row's own field; undefined for inherited names such as `constructor`. */
export function field(row: Row, name: string): unknown {
  return Object.hasOwn(row, name) ? row[name] : undefined;
}

export function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** For messages: what a value is, with the value itself where it is short. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  const shown = JSON.stringify(value);
  return `the ${typeof value} ${shown.length > 40 ? `${shown.slice(0, 40)}…` : shown}`;
}

/** Where a row stands, and what it is called if nothing in it is an id. */
interface RowPlace {
  readonly line: number;
  readonly ordinal: number;
  /** Its name in a container that names its rows: then that is its id. */
  readonly key?: string | undefined;
}

/** Reads one row by its layout, then cleans and checks it. */
export function readCase(layout: Layout, row: Row, place: RowPlace): CleanCase | Problem {
  const draft = layout.read(row);
  return 'problem' in draft ? draft : cleanCase(draft, layout.bounds, place);
}

function cleanCase(draft: Draft, bounds: LayoutBounds, place: RowPlace): CleanCase | Problem {
  const repairs = new Set<Repair>();
  // Before cleaning, so that an enormous text is not worked on.
  if (draft.question.length > bounds.maxQuestionCharacters) {
    return tooLong('question', bounds.maxQuestionCharacters, draft.question.length);
  }
  for (const text of [draft.openAnswer ?? '', ...draft.options.map(([, option]) => option)]) {
    if (text.length > bounds.maxOptionCharacters)
      return tooLong('option', bounds.maxOptionCharacters, text.length);
  }

  const question = cleanQuestion(draft.question, repairs);
  if (question === '') return problem('question-empty', 'Expected a question, received an empty text.');

  const options = draft.options.map(([letter, text]) => [letter, cleanOption(text, repairs)] as const);
  if (options.length < bounds.minOptions || options.length > bounds.maxOptions) {
    const { minOptions: least, maxOptions: most } = bounds;
    const range = least === most ? String(least) : `${least} to ${most}`;
    return problem('option-count', `Expected ${range} options, received ${options.length}.`);
  }
  if (!areInOrder(options)) {
    options.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    if (!areInOrder(options)) {
      const expected = options.map((_, index) => letterAt(index)).join(', ');
      const received = draft.options.map(([letter]) => letter).join(', ');
      return problem('option-letters', `Expected the option letters ${expected}, received ${received}.`);
    }
    repairs.add('options-reordered');
  }
  const empty = options.find(([, text]) => text === '');
  if (empty !== undefined) return problem('option-empty', `Option ${empty[0]} has no text.`);

  const answer = draft.answer?.trim().toUpperCase() ?? null;
  if (answer !== draft.answer) repairs.add('answer-letter-written-otherwise');
  const fault = answer === null ? null : checkAnswer(answer, options, draft.answerText);
  if (fault !== null) return fault;
  const openAnswer = draft.openAnswer === undefined ? undefined : cleanOption(draft.openAnswer, repairs);
  if (openAnswer === '') return problem('answer-empty', 'Expected an answer, received an empty text.');
  return {
    case: {
      id: place.key ?? draft.id ?? String(place.ordinal),
      line: place.line,
      question,
      options: Object.fromEntries(options),
      answer,
      ...(openAnswer === undefined ? {} : { openAnswer }),
      ...(draft.facets === undefined ? {} : { facets: draft.facets }),
    },
    hasImages: draft.hasImages ?? false,
    repairs,
  };
}

function areInOrder(options: readonly OptionText[]): boolean {
  return options.every(([letter], index) => letter === letterAt(index));
}

function checkAnswer(
  answer: string,
  options: readonly (readonly [string, string])[],
  answerText: string | undefined,
): Problem | null {
  const gold = options.find(([letter]) => letter === answer)?.[1];
  if (gold === undefined) {
    const letters = `A to ${options.at(-1)![0]}`;
    return problem(
      'answer-not-an-option',
      `The answer is ${describe(answer)}, but the options are ${letters}.`,
    );
  }
  const goldKey = normalized(gold);
  const twin = options.find(([letter, text]) => letter !== answer && normalized(text) === goldKey);
  if (twin !== undefined) {
    return problem(
      'answer-ambiguous',
      `The options ${answer} (the answer) and ${twin[0]} have the same text.`,
    );
  }
  // The repeated text carries the same faults as the option, so both are compared clean.
  if (answerText !== undefined && normalized(cleanOption(answerText, new Set())) !== goldKey) {
    return problem(
      'answer-text-disagrees',
      `The answer's text is ${describe(answerText)}, but option ${answer} is ${describe(gold)}.`,
    );
  }
  return null;
}

function tooLong(what: 'question' | 'option', limit: number, received: number): Problem {
  return problem(
    `${what}-too-long`,
    `Expected ${what === 'option' ? 'an option' : 'a question'} of at most ${limit} characters, received ${received}.`,
  );
}
