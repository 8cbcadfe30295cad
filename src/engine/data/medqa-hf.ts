/**
 * MedQA (USMLE) as GBaker/MedQA-USMLE-4-options-hf has it, in the shape of SWAG: `sent1` (the
 * question) and `sent2` (its end, mostly empty), `ending0` … `ending3`, `label` counting from 0.
 * A label of −1, as a hidden test set has it, leaves the row unlabelled.
 */
import { isProblem, readId, readOptionFields, readPosition, readText } from './fields';
import { field, type Layout, type Recogniser, TEXT_BOUNDS } from './layout';
import { MEDQA_CITATION } from './medqa';

const ENDINGS = Array.from({ length: 10 }, (_, index) => `ending${index}`);

export const medqaHf: Layout & Recogniser = {
  name: 'medqa-hf',
  label: 'MedQA (sentences and endings)',
  fields: 'sent1, sent2, ending0 to ending3, label (counting from 0), and optionally id',
  licence: 'CC-BY-SA-4.0 (GBaker/MedQA-USMLE-4-options-hf)',
  citation: MEDQA_CITATION,
  bounds: { minOptions: 2, maxOptions: 10, ...TEXT_BOUNDS },

  recognise: (row) => Object.hasOwn(row, 'sent1') && Object.hasOwn(row, 'ending0'),

  read(row) {
    const start = readText(row, 'sent1');
    if (isProblem(start)) return start;
    const end = field(row, 'sent2');
    const options = readOptionFields(row, ENDINGS);
    if (isProblem(options)) return options;
    const answer = readPosition(field(row, 'label'), 'label', { first: 0, count: options.length });
    if (isProblem(answer)) return answer;
    const question = typeof end === 'string' && end.trim() !== '' ? `${start} ${end}` : start;
    return { id: readId(field(row, 'id')), question, options, answer };
  },
};
