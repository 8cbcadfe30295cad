/** Addresses of the Evaluate screen: a link opens what its sender saw. */
import type { ResultReference } from '../../../protocol';

const part = (id: string) => encodeURIComponent(id);

/** One dataset of an evaluation; with `caseIndex`, one of its cases opened. */
export const resultPath = ({ id, dataset }: ResultReference, caseIndex?: number): string =>
  `/evaluate/${part(id)}/${dataset}${caseIndex === undefined ? '' : `/${caseIndex}`}`;

/** `caseId`: one of the shared cases opened. */
export const comparePath = (first: ResultReference, second: ResultReference, caseId?: string): string =>
  `/evaluate/compare/${part(first.id)}/${first.dataset}/${part(second.id)}/${second.dataset}${
    caseId === undefined ? '' : `/${part(caseId)}`
  }`;

/** The value of `?policy=` that chooses a checkpoint. */
export const CHECKPOINT_POLICY = 'checkpoint:';
