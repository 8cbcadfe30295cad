/** What one objective is: a prepared response and its case in, a value and its evidence out. */
import type { ObjectiveDescriptor } from '../../protocol/config';
import type { ClinicalCase } from '../../protocol/records';
import type { Evidence } from './evidence';
import type { Response } from './response';

/** The part of a case that objectives read. */
export type ScoredCase = Pick<ClinicalCase, 'question' | 'options' | 'answer'>;

export interface ObjectiveResult {
  readonly value: number;
  readonly evidence: Evidence;
}

export interface Objective {
  readonly descriptor: ObjectiveDescriptor;
  /** null: the objective does not apply to this case. Never throws; linear in the response. */
  readonly score: (response: Response, scoredCase: ScoredCase) => ObjectiveResult | null;
}
