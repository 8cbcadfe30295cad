/**
 * MedXpertQA: `question`, `options` {A … J}, `label` (gold letter), `medical_task`, `body_system`,
 * `question_type`; the repository's own form has `options` as a list of `{letter, content}` and
 * `label` as `["A"]`. Questions end with their options once more ("Answer Choices: (A) …"), which
 * is taken away: a prompt has them below. The multimodal half names `images`; such rows are flagged.
 */
import { isProblem, readFacets, readId, readOptions, readText, wrongField } from './fields';
import { field, type Layout, type Problem, type Recogniser, TEXT_BOUNDS } from './layout';

const APPENDED = 'Answer Choices:';

export const medxpertqa: Layout & Recogniser = {
  name: 'medxpertqa',
  label: 'MedXpertQA',
  fields:
    'question, options {"A": …, "B": …} or [{letter, content}], label (the letter), and optionally medical_task, body_system, question_type, id',
  licence: 'MIT (MedXpertQA)',
  citation:
    'Zuo et al. 2025, MedXpertQA: Benchmarking Expert-Level Medical Reasoning and Understanding, ICML, arXiv:2501.18362',
  bounds: { minOptions: 2, maxOptions: 10, ...TEXT_BOUNDS },

  recognise(row) {
    const options = field(row, 'options');
    const hasOptions = typeof options === 'object' && options !== null;
    return Object.hasOwn(row, 'question') && hasOptions && Object.hasOwn(row, 'label');
  },

  read(row) {
    const question = readText(row, 'question');
    if (isProblem(question)) return question;
    const options = readOptions(field(row, 'options'), 'options');
    if (isProblem(options)) return options;
    const answer = readLabel(field(row, 'label'));
    if (isProblem(answer)) return answer;
    const images = field(row, 'images');
    return {
      id: readId(field(row, 'id')),
      question: withoutAppendedOptions(question),
      options,
      answer,
      hasImages: Array.isArray(images) && images.length > 0,
      ...readFacets(row, { task: 'medical_task', system: 'body_system', type: 'question_type' }),
    };
  },
};

function readLabel(label: unknown): string | null | Problem {
  if (label === undefined || label === null) return null;
  const letter: unknown = Array.isArray(label) && label.length === 1 ? label[0] : label;
  return typeof letter === 'string' ? letter : wrongField('label', 'one letter', label);
}

function withoutAppendedOptions(question: string): string {
  const at = question.lastIndexOf(APPENDED);
  const isList = at > 0 && /^\s*\(A\)/.test(question.slice(at + APPENDED.length, at + APPENDED.length + 20));
  return isList ? question.slice(0, at).trimEnd() : question;
}
