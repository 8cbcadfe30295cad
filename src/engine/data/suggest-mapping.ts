/**
 * Which columns are probably question, options and answer: from their names, and from whether their
 * values agree. A guess that could silently mark wrong answers as right is not made: numbers from 1
 * to one less than there are options may count from 0 or from 1, so they suggest no answer.
 */
import type { ColumnMapping } from '../../protocol';
import { normalized } from './clean';
import { integer, isProblem } from './fields';
import type { OptionText, Row } from './layout';
import { optionsIn, readMappedOptions, valueAt } from './mapped';

/** Names without case, spaces and marks; earlier ones are preferred. */
const QUESTION_NAMES = [
  'question',
  'openendedverifiablequestion',
  'questiontext',
  'stem',
  'questionstem',
  'problem',
  'prompt',
  'query',
  'input',
  'instruction',
  'vignette',
  'case',
  'sent1',
  'text',
];
const OPTION_LIST_NAMES = [
  'options',
  'choices',
  'answerchoices',
  'answeroptions',
  'candidates',
  'endings',
  'alternatives',
];
const OPTION_PREFIXES = ['option', 'choice', 'answer', 'ending', 'opt', 'op', 'alternative', 'candidate', ''];
const ANSWER_NAMES = [
  'answeridx',
  'answerindex',
  'answerkey',
  'answerletter',
  'correctanswer',
  'correctoption',
  'correctchoice',
  'answer',
  'groundtrueanswer',
  'groundtruth',
  'gold',
  'goldanswer',
  'label',
  'correct',
  'cop',
  'target',
  'key',
  'solution',
  'finaldecision',
  'output',
  'response',
];
const ID_NAMES = ['id', 'qid', 'questionid', 'caseid', 'pubid', 'uid', 'uuid'];
const FACET_NAMES = [
  'subject',
  'subjectname',
  'topic',
  'topicname',
  'specialty',
  'speciality',
  'category',
  'metainfo',
  'exam',
  'step',
  'system',
  'bodysystem',
  'medicaltask',
  'questiontype',
  'difficulty',
  'year',
  'source',
  'dataset',
];
const MAX_OPTIONS = 10;
/** So many of the rows must have a field, or agree with a guess. */
const MOST = 0.5;

export function suggestMapping(rows: readonly Row[]): ColumnMapping | null {
  const names = commonNames(rows);
  const question = firstNamed(names, QUESTION_NAMES);
  if (question === undefined) return null;
  const options = suggestOptions(rows, names);
  return {
    question,
    options,
    answer: suggestAnswer(rows, names, options, question),
    id: firstNamed(names, ID_NAMES) ?? null,
    facets: FACET_NAMES.flatMap((facet) => firstNamed(names, [facet]) ?? []),
  };
}

/** Field name → plain name, for fields in at least half of the rows. */
function commonNames(rows: readonly Row[]): ReadonlyMap<string, string> {
  const counts = new Map<string, number>();
  for (const row of rows) for (const name of Object.keys(row)) counts.set(name, (counts.get(name) ?? 0) + 1);
  const common = [...counts].filter(([, count]) => count >= MOST * rows.length);
  return new Map(common.map(([name]) => [name, name.toLowerCase().replace(/[^a-z0-9]/g, '')]));
}

function firstNamed(names: ReadonlyMap<string, string>, wanted: readonly string[]): string | undefined {
  for (const plain of wanted) {
    for (const [name, candidate] of names) if (candidate === plain) return name;
  }
  return undefined;
}

function suggestOptions(rows: readonly Row[], names: ReadonlyMap<string, string>): ColumnMapping['options'] {
  for (const wanted of OPTION_LIST_NAMES) {
    const field = firstNamed(names, [wanted]);
    if (field === undefined) continue;
    const readable = rows.filter((row) => !isProblem(optionsIn(valueAt(row, field), field)));
    if (readable.length >= MOST * rows.length) return { kind: 'field', field };
  }
  for (const prefix of OPTION_PREFIXES) {
    for (const first of ['a', '0', '1']) {
      const fields = optionFields(names, prefix, first);
      if (fields.length >= 2) return { kind: 'fields', fields };
    }
  }
  return { kind: 'none' };
}

/** `opa`, `opb`, … or `ending0`, `ending1`, …: as many as follow each other. */
function optionFields(names: ReadonlyMap<string, string>, prefix: string, first: string): readonly string[] {
  const fields: string[] = [];
  for (let index = 0; index < MAX_OPTIONS; index++) {
    const suffix = String.fromCharCode(first.charCodeAt(0) + index);
    const field = firstNamed(names, [prefix + suffix]);
    if (field === undefined) break;
    fields.push(field);
  }
  return fields;
}

function suggestAnswer(
  rows: readonly Row[],
  names: ReadonlyMap<string, string>,
  options: ColumnMapping['options'],
  question: string,
): ColumnMapping['answer'] {
  const taken = new Set([question, ...(options.kind === 'fields' ? options.fields : [])]);
  for (const wanted of ANSWER_NAMES) {
    const field = firstNamed(names, [wanted]);
    if (field === undefined || taken.has(field)) continue;
    const kind = options.kind === 'none' ? openKind(rows, field) : answerKind(rows, field, options);
    if (kind !== null) return { field, kind };
  }
  return null;
}

type AnswerKind = NonNullable<ColumnMapping['answer']>['kind'];

function openKind(rows: readonly Row[], field: string): AnswerKind | null {
  const texts = rows.filter((row) => typeof valueAt(row, field) === 'string');
  return texts.length >= MOST * rows.length ? 'text' : null;
}

/** How a field names the gold option, if its values say it clearly. */
function answerKind(
  rows: readonly Row[],
  field: string,
  options: ColumnMapping['options'],
): AnswerKind | null {
  const fits = { letter: 0, text: 0, number: 0 };
  const range = { lowest: Number.POSITIVE_INFINITY, reachesCount: false, passesCount: false };
  let answered = 0;
  for (const row of rows) {
    const value = valueAt(row, field);
    const choices = readMappedOptions(row, options);
    if (value === undefined || value === null || isProblem(choices)) continue;
    answered++;
    const position = integer(value);
    if (position !== undefined && position >= 0) {
      fits.number++;
      range.lowest = Math.min(range.lowest, position);
      range.reachesCount ||= position === choices.length;
      range.passesCount ||= position > choices.length;
    }
    if (isLetterOf(value, choices)) fits.letter++;
    if (isTextOf(value, choices)) fits.text++;
  }
  if (answered === 0) return null;
  const enough = MOST * answered;
  // Options that are single letters or numbers would fit by accident: their text is the surer sign.
  if (fits.letter > enough && fits.letter >= fits.text) return 'letter';
  if (fits.text > enough) return 'text';
  if (fits.number <= enough || range.passesCount) return null;
  if (range.lowest === 0) return range.reachesCount ? null : 'zero-based';
  return range.reachesCount ? 'one-based' : null;
}

function isLetterOf(value: unknown, options: readonly OptionText[]): boolean {
  const single: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  if (typeof single !== 'string') return false;
  const letter = single.trim().toUpperCase();
  return options.some(([candidate]) => candidate === letter);
}

function isTextOf(value: unknown, options: readonly OptionText[]): boolean {
  if (typeof value !== 'string' && typeof value !== 'number') return false;
  const key = normalized(String(value));
  return options.some(([, text]) => normalized(text) === key);
}
