/**
 * MedQA (USMLE): `question`, `options` {A: …, …}, `answer_idx` (gold letter), `answer` (its text),
 * `meta_info` (exam step). The five-option file and the four-option one (`phrases_no_exclude_*`,
 * which adds `metamap_phrases`) share the layout; their letters differ, so a file is read as it is.
 */
import { isProblem, readFacets, readId, readLetteredOptions, readText, wrongField } from './fields';
import {
  type Draft,
  field,
  isRow,
  type Layout,
  type Problem,
  type Recogniser,
  type Row,
  TEXT_BOUNDS,
} from './layout';

const OPTION_LETTER = /^[A-Z]$/;

export const MEDQA_CITATION =
  'Jin et al. 2021, What Disease Does This Patient Have? A Large-Scale Open Domain Question Answering Dataset from Medical Exams, Applied Sciences 11(14):6421';

export const medqa: Layout & Recogniser = {
  name: 'medqa',
  label: 'MedQA',
  fields:
    'question, options {"A": …, "B": …}, answer_idx (the letter), and optionally answer (its text), meta_info, id',
  licence: 'MIT (MedQA repository); the four-option rehost by GBaker is CC-BY-4.0',
  citation: MEDQA_CITATION,
  bounds: { minOptions: 2, maxOptions: 10, ...TEXT_BOUNDS },

  recognise(row) {
    const options = field(row, 'options');
    // `label` is another layout's name for the gold letter.
    if (!Object.hasOwn(row, 'question') || !isRow(options) || Object.hasOwn(row, 'label')) return false;
    return Object.keys(options).every((letter) => OPTION_LETTER.test(letter));
  },

  read(row) {
    const question = readText(row, 'question');
    if (isProblem(question)) return question;
    const options = readLetteredOptions(field(row, 'options'), 'options');
    if (isProblem(options)) return options;
    const answer = readAnswer(row);
    if (isProblem(answer)) return answer;
    const answerText = field(row, 'answer');
    if (answerText !== undefined && answerText !== null && typeof answerText !== 'string') {
      return wrongField('answer', 'a text', answerText);
    }
    const draft: Draft = {
      id: readId(field(row, 'id')),
      question,
      options,
      answer,
      ...(typeof answerText === 'string' ? { answerText } : {}),
      ...readFacets(row, { exam: 'meta_info' }),
    };
    return draft;
  },
};

/** The gold letter; null when the row says that there is none, or says nothing of an answer. */
function readAnswer(row: Row): string | null | Problem {
  const letter = field(row, 'answer_idx');
  if (typeof letter === 'string') return letter;
  if (letter === null) return null;
  const answer = field(row, 'answer');
  if (letter === undefined && (answer === undefined || answer === null)) return null;
  return wrongField('answer_idx', 'a letter', letter);
}
