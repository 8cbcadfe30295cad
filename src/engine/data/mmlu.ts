/**
 * MMLU (the medical subjects and all others): `question`, `subject`, `choices` [four texts] and
 * `answer`, which counts from 0 or is a letter. The original tables have no field names: question,
 * four options, letter; the container names those columns `question`, `A` … `D`, `answer`.
 */
import {
  integer,
  isProblem,
  readFacets,
  readId,
  readOptionFields,
  readOptions,
  readPosition,
  readText,
  wrongField,
} from './fields';
import { field, type Layout, type Recogniser, TEXT_BOUNDS } from './layout';

const COLUMNS = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J'];

export const mmlu: Layout & Recogniser = {
  name: 'mmlu',
  label: 'MMLU',
  fields:
    'question, choices [four texts], answer (0 to 3, or a letter), and optionally subject; or the columns question, A, B, C, D, answer',
  licence: 'MIT (MMLU)',
  citation:
    'Hendrycks et al. 2021, Measuring Massive Multitask Language Understanding, ICLR, arXiv:2009.03300',
  bounds: { minOptions: 2, maxOptions: 10, ...TEXT_BOUNDS },

  recognise(row) {
    if (!Object.hasOwn(row, 'question') || !Object.hasOwn(row, 'answer')) return false;
    return Array.isArray(field(row, 'choices')) || (Object.hasOwn(row, 'A') && Object.hasOwn(row, 'B'));
  },

  read(row) {
    const question = readText(row, 'question');
    if (isProblem(question)) return question;
    const options = Object.hasOwn(row, 'choices')
      ? readOptions(field(row, 'choices'), 'choices')
      : readOptionFields(row, COLUMNS);
    if (isProblem(options)) return options;
    const given = field(row, 'answer');
    const isLetter = typeof given === 'string' && integer(given) === undefined;
    const answer = isLetter ? given : readPosition(given, 'answer', { first: 0, count: options.length });
    if (isProblem(answer))
      return answer.problem === 'answer-wrong-type'
        ? wrongField('answer', 'a whole number or a letter', given)
        : answer;
    return {
      id: readId(field(row, 'id')),
      question,
      options,
      answer,
      ...readFacets(row, { subject: 'subject' }),
    };
  },
};
