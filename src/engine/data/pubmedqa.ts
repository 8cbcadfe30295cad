/**
 * PubMedQA: abstracts and a question, answered with yes, no or maybe. The repository's file is one
 * object keyed by PubMed id (`QUESTION`, `CONTEXTS`, `final_decision`), the Hugging Face rehost has
 * `question` and the nested `context.contexts`. The contexts stand before the question. The abstract's
 * own conclusion (`LONG_ANSWER`, `long_answer`) gives the answer away, as do the recorded
 * predictions; none of them is read.
 */
import { isProblem, readFacets, readId, readText, wrongField } from './fields';
import {
  field,
  isRow,
  type Layout,
  type OptionText,
  type Problem,
  problem,
  type Recogniser,
  type Row,
  TEXT_BOUNDS,
} from './layout';

const DECISIONS: readonly OptionText[] = [
  ['A', 'yes'],
  ['B', 'no'],
  ['C', 'maybe'],
];

export const pubmedqa: Layout & Recogniser = {
  name: 'pubmedqa',
  label: 'PubMedQA',
  fields:
    'QUESTION, CONTEXTS […], final_decision (yes, no or maybe), keyed by PubMed id; or question, context {contexts […]}, final_decision, pubid',
  licence: 'MIT (PubMedQA)',
  citation:
    'Jin et al. 2019, PubMedQA: A Dataset for Biomedical Research Question Answering, EMNLP-IJCNLP, 2567-2577',
  bounds: { minOptions: 3, maxOptions: 3, ...TEXT_BOUNDS },

  recognise(row) {
    if (Object.hasOwn(row, 'QUESTION')) return Object.hasOwn(row, 'CONTEXTS');
    const context = field(row, 'context');
    return Object.hasOwn(row, 'question') && isRow(context) && Object.hasOwn(context, 'contexts');
  },

  read(row) {
    const isKeyed = Object.hasOwn(row, 'QUESTION');
    const question = readText(row, isKeyed ? 'QUESTION' : 'question');
    if (isProblem(question)) return question;
    const contexts = isKeyed
      ? readTexts(field(row, 'CONTEXTS'), 'CONTEXTS')
      : readTexts(nested(row, 'context', 'contexts'), 'context.contexts');
    if (isProblem(contexts)) return contexts;
    const answer = readDecision(field(row, 'final_decision'));
    if (isProblem(answer)) return answer;
    return {
      id: readId(field(row, 'pubid')),
      question: [...contexts, question].join('\n'),
      options: DECISIONS,
      answer,
      ...readFacets(row, { year: 'YEAR' }),
    };
  },
};

function nested(row: Row, outer: string, inner: string): unknown {
  const value = field(row, outer);
  return isRow(value) ? field(value, inner) : undefined;
}

function readTexts(value: unknown, name: string): readonly string[] | Problem {
  const isTexts = Array.isArray(value) && value.every((text) => typeof text === 'string');
  return isTexts ? value : wrongField(name, 'a list of texts', value);
}

function readDecision(decision: unknown): string | null | Problem {
  if (decision === undefined || decision === null || decision === '') return null;
  if (typeof decision !== 'string') return wrongField('final_decision', 'yes, no or maybe', decision);
  const said = decision.trim().toLowerCase();
  const letter = DECISIONS.find(([, text]) => text === said)?.[0];
  return (
    letter ??
    problem(
      'answer-not-an-option',
      `Expected yes, no or maybe, received ${JSON.stringify(decision.slice(0, 40))}.`,
    )
  );
}
