/**
 * MedMCQA: `question`, `opa` … `opd`, `cop` (which option is correct), `subject_name`, `topic_name`,
 * `choice_type`, `exp` (an explanation that names the answer: never read into a case).
 *
 * `cop` counts from 1 in the published files and from 0 in the Hugging Face rehost, and nothing in a
 * row says which. So the file decides: a 0 counts from 0, a 4 from 1; where there is neither, or
 * both, the letters that explanations announce ("Ans. is 'c'") are compared; else the person is
 * asked. −1, null or no `cop` means unlabelled and decides nothing. Rows of `choice_type` "multi"
 * have one correct option all the same.
 */
import { StudioError } from '../../protocol';
import { integer, isProblem, readFacets, readId, readOptionFields, readPosition, readText } from './fields';
import {
  field,
  type Layout,
  type LayoutDescription,
  type Row,
  type Survey,
  type SurveyedLayout,
  TEXT_BOUNDS,
} from './layout';

type Base = 0 | 1;

const OPTIONS = ['opa', 'opb', 'opc', 'opd'];
/** A 0 and a 4 in one file contradict each other: so many labelled rows are looked at for both. */
const SURVEYED_ROWS = 1_000;
/** The announced letters agree with one base this many times as often as with the other. */
const CLEAR_MAJORITY = 4;
const ANNOUNCEMENT_CHARACTERS = 80;
const ANNOUNCED_LETTER = new RegExp(
  [
    String.raw`\bans(?:wer)?\b`,
    String.raw`[\s.:;,-]*(?:is\b)?[\s.:;,-]*`,
    // Opening quotes and brackets.
    String.raw`['"‘’“”\x60([]*`,
    // The letter, and no word that begins with it.
    '([a-d])(?![a-z0-9])',
  ].join(''),
  'i',
);

const description: LayoutDescription = {
  name: 'medmcqa',
  label: 'MedMCQA',
  fields:
    'question, opa, opb, opc, opd, cop (the number of the correct option), and optionally subject_name, topic_name, id',
  licence: 'MIT (MedMCQA repository); the Hugging Face rehost is Apache-2.0',
  citation:
    'Pal et al. 2022, MedMCQA: A Large-scale Multi-Subject Multi-Choice Dataset for Medical domain Question Answering, CHIL, PMLR 174:248-260',
  bounds: { minOptions: 4, maxOptions: 4, ...TEXT_BOUNDS },
};

export const medmcqa: SurveyedLayout = {
  ...description,
  recognise: (row) =>
    Object.hasOwn(row, 'question') && Object.hasOwn(row, 'opa') && Object.hasOwn(row, 'opb'),
  survey: () => new BaseSurvey(),
};

function countingFrom(base: Base): Layout {
  return {
    ...description,
    label: `MedMCQA (answers count from ${base})`,
    read(row) {
      const question = readText(row, 'question');
      if (isProblem(question)) return question;
      const options = readOptionFields(row, OPTIONS);
      if (isProblem(options)) return options;
      const answer = readPosition(field(row, 'cop'), 'cop', { first: base, count: options.length });
      if (isProblem(answer)) return answer;
      return {
        id: readId(field(row, 'id')),
        question,
        options,
        answer,
        ...readFacets(row, { subject: 'subject_name', topic: 'topic_name' }),
      };
    },
  };
}

class BaseSurvey implements Survey {
  #labelled = 0;
  #zeros = 0;
  #fours = 0;
  /** Rows whose announced letter is the correct option if options count from 0, and from 1. */
  readonly #agreements: [number, number] = [0, 0];

  see(row: Row): boolean {
    const cop = integer(field(row, 'cop'));
    if (cop === undefined || cop < 0) return false;
    this.#labelled++;
    if (cop === 0) this.#zeros++;
    if (cop === 4) this.#fours++;
    const announced = announcedOption(field(row, 'exp'));
    if (announced !== null) {
      if (announced === cop) this.#agreements[0]++;
      if (announced === cop - 1) this.#agreements[1]++;
    }
    return this.#labelled >= SURVEYED_ROWS && this.#zeros > 0 !== this.#fours > 0;
  }

  settle(name: string, { copBase }: { readonly copBase?: Base }): Layout {
    // Without an answer in the file, either base reads the same.
    if (this.#labelled === 0) return { ...countingFrom(1), label: description.label };
    const base = copBase ?? this.#base();
    if (base !== null) return countingFrom(base);
    const [fromZero, fromOne] = this.#agreements;
    const numbers = this.#zeros > 0 ? 'both 0 and 4' : 'neither 0 nor 4';
    throw new StudioError({
      boundary: 'data',
      code: 'answer-base-unknown',
      message: `${name}: expected answer numbers (cop) that show whether they count from 0 or from 1, received ${numbers}; of the explanations, ${fromZero} agree with counting from 0 and ${fromOne} with counting from 1.`,
      action:
        'Say whether cop counts from 0 (the Hugging Face files) or from 1 (the original files), then open the file again.',
      file: name,
    });
  }

  #base(): Base | null {
    if (this.#zeros > 0 !== this.#fours > 0) return this.#zeros > 0 ? 0 : 1;
    const [fromZero, fromOne] = this.#agreements;
    if (fromZero > 0 && fromZero >= CLEAR_MAJORITY * fromOne) return 0;
    if (fromOne > 0 && fromOne >= CLEAR_MAJORITY * fromZero) return 1;
    return null;
  }
}

/** Index of the option whose letter the beginning of an explanation announces; null if none. */
function announcedOption(explanation: unknown): number | null {
  if (typeof explanation !== 'string') return null;
  const letter = ANNOUNCED_LETTER.exec(explanation.slice(0, ANNOUNCEMENT_CHARACTERS))?.[1];
  return letter === undefined ? null : letter.toLowerCase().charCodeAt(0) - 97;
}
