/**
 * Medical sets as rehosted for Med-U1: `problem`, `choices` or `options` {A: …, …}, `answer` (gold
 * letter), `Source` (the set a row came from).
 */
import { isProblem, readFacets, readId, readOptions, readText, wrongField } from './fields';
import { field, type Layout, type Recogniser, TEXT_BOUNDS } from './layout';

export const medU1: Layout & Recogniser = {
  name: 'med-u1',
  label: 'Med-U1',
  fields: 'problem, choices or options {"A": …, "B": …}, answer (the letter), and optionally Source, id',
  licence: 'not stated: that of the set named in Source',
  citation:
    'Zhang et al. 2025, Med-U1: Incentivizing Unified Medical Reasoning in LLMs via Large-scale Reinforcement Learning, arXiv:2506.12307',
  bounds: { minOptions: 2, maxOptions: 10, ...TEXT_BOUNDS },

  recognise: (row) =>
    Object.hasOwn(row, 'problem') && (Object.hasOwn(row, 'choices') || Object.hasOwn(row, 'options')),

  read(row) {
    const problem = readText(row, 'problem');
    if (isProblem(problem)) return problem;
    const name = Object.hasOwn(row, 'choices') ? 'choices' : 'options';
    const options = readOptions(field(row, name), name);
    if (isProblem(options)) return options;
    const answer = field(row, 'answer') ?? null;
    if (answer !== null && typeof answer !== 'string') return wrongField('answer', 'a letter', answer);
    return {
      id: readId(field(row, 'id')),
      question: problem,
      options,
      answer,
      ...readFacets(row, { source: 'Source' }),
    };
  },
};
