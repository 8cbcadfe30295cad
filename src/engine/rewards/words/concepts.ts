/**
 * The concepts: what a vignette can say about a patient, each with its surface forms.
 *
 * A line reads `id: 'form | form | …'`. A form is words, matched by their stems (so plurals and
 * British spellings need no form of their own); `*` stands for up to two words in between; `~` marks
 * a form that denies the concept by itself (`~afebrile`). The longest form wins, and no form belongs
 * to two concepts. A file is a kind.
 */
import { DRUGS } from './drugs';
import { HISTORY } from './history';
import { forms } from './lists';
import { SIGNS } from './signs';
import { SOCIAL } from './social';
import { SYMPTOMS } from './symptoms';

const KINDS = { symptom: SYMPTOMS, sign: SIGNS, history: HISTORY, drug: DRUGS, social: SOCIAL } as const;

export type ConceptKind = keyof typeof KINDS;

export type ConceptId =
  | keyof typeof SYMPTOMS
  | keyof typeof SIGNS
  | keyof typeof HISTORY
  | keyof typeof DRUGS
  | keyof typeof SOCIAL;

export interface Concept {
  readonly id: ConceptId;
  readonly kind: ConceptKind;
  readonly forms: readonly string[];
}

export const CONCEPTS: readonly Concept[] = Object.entries(KINDS).flatMap(([kind, table]) =>
  Object.entries(table).map(([id, text]) => ({
    id: id as ConceptId,
    kind: kind as ConceptKind,
    forms: forms(text),
  })),
);
