/** What one objective is: a prepared response and its case in, a value and its evidence out. */
import type { ObjectiveDescriptor } from '../../protocol/config';
import type { Evidence, ScoredCase } from '../../protocol/scoring';
import type { Response } from './response';

export interface ObjectiveResult {
  readonly value: number;
  readonly evidence: Evidence;
}

export interface Objective {
  readonly descriptor: ObjectiveDescriptor;
  /** null: the objective does not apply to this case. Never throws; linear in the response. */
  readonly score: (response: Response, scoredCase: ScoredCase) => ObjectiveResult | null;
}
