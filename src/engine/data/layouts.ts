/** Every dataset layout that the studio recognises; the first that recognises a row decides for its file. */
import type { Layout, Recogniser, SurveyedLayout } from './layout';
import { medU1 } from './med-u1';
import { medicalO1 } from './medical-o1';
import { medmcqa } from './medmcqa';
import { medqa } from './medqa';
import { medqaHf } from './medqa-hf';
import { medxpertqa } from './medxpertqa';
import { mmlu } from './mmlu';
import { pubmedqa } from './pubmedqa';

type KnownLayout = (Layout & Recogniser) | SurveyedLayout;

export const LAYOUTS: readonly KnownLayout[] = [
  medqa,
  medmcqa,
  medxpertqa,
  pubmedqa,
  mmlu,
  medqaHf,
  medU1,
  medicalO1,
];
