/**
 * medical-o1-verifiable-problem (HuatuoGPT-o1): open questions with a short true answer, no options.
 * Rehosts add `Complex_CoT` and `Response`, which answer the question; they are not read.
 */
import { isProblem, readText, wrongField } from './fields';
import { field, type Layout, type Recogniser, TEXT_BOUNDS } from './layout';

const QUESTION = 'Open-ended Verifiable Question';
const ANSWER = 'Ground-True Answer';

export const medicalO1: Layout & Recogniser = {
  name: 'medical-o1',
  label: 'medical-o1-verifiable-problem',
  fields: `${QUESTION}, ${ANSWER}`,
  licence: 'Apache-2.0 (FreedomIntelligence/medical-o1-verifiable-problem)',
  citation: 'Chen et al. 2024, HuatuoGPT-o1, Towards Medical Complex Reasoning with LLMs, arXiv:2412.18925',
  bounds: { minOptions: 0, maxOptions: 0, ...TEXT_BOUNDS },

  recognise: (row) => Object.hasOwn(row, QUESTION),

  read(row) {
    const question = readText(row, QUESTION);
    if (isProblem(question)) return question;
    const answer = field(row, ANSWER);
    const draft = { id: null, question, options: [], answer: null };
    if (answer === undefined || answer === null) return draft;
    return typeof answer === 'string'
      ? { ...draft, openAnswer: answer }
      : wrongField(ANSWER, 'a text', answer);
  },
};
