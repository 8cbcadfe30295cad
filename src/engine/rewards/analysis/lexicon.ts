/** The word data, ready for matching: concepts, measurements, cues and negation by their first word. */
import { BEHAVIOUR_CUES, type Behaviour } from '../words/behaviours';
import { CONCEPTS, type ConceptId, type ConceptKind } from '../words/concepts';
import { CUES, type CueKind } from '../words/cues';
import { forms } from '../words/lists';
import { LABS, VITALS } from '../words/measurements';
import { NEGATION_TRIGGERS, PSEUDO_TRIGGERS } from '../words/negation';
import { type PhraseTable, phraseTable } from './phrase-table';
import { formWords } from './scan';
import { stem } from './stem';

export interface ConceptForm {
  readonly id: ConceptId;
  readonly kind: ConceptKind;
  /** The form denies the concept by itself: afebrile. */
  readonly denies: boolean;
}

/** A vital sign or laboratory value. */
export interface Measure {
  readonly kind: 'vital' | 'lab';
  readonly id: string;
  /** For a person. */
  readonly name: string;
  readonly low?: { readonly below: number; readonly concept: ConceptId };
  readonly high?: { readonly from: number; readonly concept: ConceptId };
}

export type Cue = CueKind | Behaviour;

export interface CueForm {
  /** One bit of a sentence's cues. */
  readonly bit: number;
  readonly startsSentence: boolean;
}

/** Marks a form that denies its concept. */
const DENIES = '~';
/** Marks a cue that counts only at the start of a sentence. */
const STARTS = '^';

export const CONCEPT_FORMS: PhraseTable<ConceptForm> = phraseTable(
  CONCEPTS.flatMap(({ id, kind, forms }) =>
    forms.map((form) => {
      const denies = form.startsWith(DENIES);
      return { words: formStems(denies ? form.slice(DENIES.length) : form), value: { id, kind, denies } };
    }),
  ),
);

const MEASURES: readonly { readonly measure: Measure; readonly forms: readonly string[] }[] = (
  [
    ['vital', VITALS],
    ['lab', LABS],
  ] as const
).flatMap(([kind, entries]) =>
  entries.map(({ forms: text, ...entry }) => {
    const names = forms(text);
    return { measure: { kind, name: names[0]!, ...entry }, forms: names };
  }),
);

export const MEASURE_FORMS: PhraseTable<Measure> = phraseTable(
  MEASURES.flatMap(({ measure, forms }) => forms.map((form) => ({ words: formStems(form), value: measure }))),
);

/** The measure with that id; it exists. */
export function measureById(id: string): Measure {
  return MEASURES.find(({ measure }) => measure.id === id)!.measure;
}

const CUE_TABLES: readonly (readonly [Cue, readonly string[]])[] = [
  ...(Object.entries(CUES) as [CueKind, readonly string[]][]),
  ...(Object.entries(BEHAVIOUR_CUES) as [Behaviour, readonly string[]][]),
];

export const CUE_BITS = Object.fromEntries(CUE_TABLES.map(([cue], index) => [cue, 1 << index])) as Readonly<
  Record<Cue, number>
>;

export const CUE_FORMS: PhraseTable<CueForm> = phraseTable(
  CUE_TABLES.flatMap(([cue, sequences]) =>
    sequences.map((sequence) => {
      const startsSentence = sequence.startsWith(STARTS);
      const words = formWords(startsSentence ? sequence.slice(STARTS.length) : sequence);
      return { words, value: { bit: CUE_BITS[cue], startsSentence } };
    }),
  ),
);

/** Value: whether it denies what follows; a pseudo-trigger does not. */
export const NEGATION_FORMS: PhraseTable<boolean> = phraseTable([
  ...PSEUDO_TRIGGERS.map((form) => ({ words: formWords(form), value: false })),
  ...NEGATION_TRIGGERS.map((form) => ({ words: formWords(form), value: true })),
]);

function formStems(form: string): string[] {
  return formWords(form).map(stem);
}
