/** Addresses of the Evaluate screen: a link opens what its sender saw. */
import type { ResultReference } from '../../../protocol';

const part = (id: string) => encodeURIComponent(id);

/** One dataset of an evaluation; with `caseIndex`, one of its cases opened. */
export const resultPath = ({ id, dataset }: ResultReference, caseIndex?: number): string =>
  `/evaluate/${part(id)}/${dataset}${caseIndex === undefined ? '' : `/${caseIndex}`}`;

/** Two results, or the one that is chosen so far; `caseId`: one of their shared cases opened. */
export function comparePath(
  first: ResultReference | null,
  second: ResultReference | null,
  caseId?: string,
): string {
  const results = [first, second].flatMap((each) => (each ? [part(each.id), each.dataset] : []));
  return ['/evaluate/compare', ...results, ...(caseId === undefined ? [] : [part(caseId)])].join('/');
}

/** The value of `?policy=` that chooses a checkpoint. */
export const CHECKPOINT_POLICY = 'checkpoint:';
