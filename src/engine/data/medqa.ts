/**
 * MedQA (USMLE): `question`, `options` {A: …, …}, `answer_idx` (gold letter), `answer` (its text),
 * `meta_info` (exam step). The five-option file and the four-option one (`phrases_no_exclude_*`,
 * which adds `metamap_phrases`) share the layout; their letters differ, so a file is read as it is.
 */
import { type Draft, describe, field, isRow, type Layout, type Problem, problem, type Row } from './layout';

const OPTION_LETTER = /^[A-Z]$/;
const MAX_FACET_CHARACTERS = 60;
const MAX_ID_CHARACTERS = 200;

export const medqa: Layout = {
  name: 'medqa',
  label: 'MedQA',
  fields:
    'question, options {"A": …, "B": …}, answer_idx (the letter), and optionally answer (its text), meta_info, id',
  licence: 'MIT (MedQA repository); the four-option rehost by GBaker is CC-BY-4.0',
  citation:
    'Jin et al. 2021, What Disease Does This Patient Have? A Large-Scale Open Domain Question Answering Dataset from Medical Exams, Applied Sciences 11(14):6421',
  bounds: { minOptions: 2, maxOptions: 10, maxQuestionCharacters: 50_000, maxOptionCharacters: 5_000 },

  recognise(row) {
    const options = field(row, 'options');
    // `label` is another layout's name for the gold letter.
    if (!Object.hasOwn(row, 'question') || !isRow(options) || Object.hasOwn(row, 'label')) return false;
    return Object.keys(options).every((letter) => OPTION_LETTER.test(letter));
  },

  read(row) {
    const question = field(row, 'question');
    if (typeof question !== 'string') return wrongField('question', 'a text', question);
    const options = field(row, 'options');
    if (!isRow(options)) return wrongField('options', 'an object of letters and texts', options);
    const entries: [string, string][] = [];
    for (const [letter, text] of Object.entries(options)) {
      if (!OPTION_LETTER.test(letter)) {
        return problem(
          'option-letters',
          `Expected capital letters as option names, received ${describe(letter)}.`,
        );
      }
      if (typeof text !== 'string') return wrongField(`options.${letter}`, 'a text', text);
      entries.push([letter, text]);
    }
    const answer = readAnswer(row);
    if (typeof answer === 'object' && answer !== null) return answer;
    const answerText = field(row, 'answer');
    if (answerText !== undefined && answerText !== null && typeof answerText !== 'string') {
      return wrongField('answer', 'a text', answerText);
    }
    const step = field(row, 'meta_info');
    const draft: Draft = {
      id: readId(field(row, 'id')),
      question,
      options: entries,
      answer,
      ...(typeof answerText === 'string' ? { answerText } : {}),
      ...(typeof step === 'string' && step.length <= MAX_FACET_CHARACTERS ? { facets: { exam: step } } : {}),
    };
    return draft;
  },
};

function readId(id: unknown): string | null {
  if (typeof id !== 'string' && typeof id !== 'number') return null;
  const text = String(id).trim();
  return text === '' || text.length > MAX_ID_CHARACTERS ? null : text;
}

/** The gold letter; null when the row says that there is none, or says nothing of an answer. */
function readAnswer(row: Row): string | null | Problem {
  const letter = field(row, 'answer_idx');
  if (typeof letter === 'string') return letter;
  if (letter === null) return null;
  const answer = field(row, 'answer');
  if (letter === undefined && (answer === undefined || answer === null)) return null;
  return wrongField('answer_idx', 'a letter', letter);
}

function wrongField(name: string, expected: string, received: unknown): Problem {
  const kind = `${name.startsWith('options.') ? 'options' : name}-${received === undefined ? 'missing' : 'wrong-type'}`;
  return problem(
    kind.replaceAll('_', '-'),
    `Expected ${expected} in the field ${name}, received ${describe(received)}.`,
  );
}
