/** A dataset's cases by their part: one pass over them, which keeps only hashes and indices. */
import type { ClinicalCase, SplitReport } from '../../protocol';
import { countSplit, type Split, type SplitKey, splitCases, splitKey } from './split';

interface Cases {
  readonly count: number;
  /** 0 ≤ index < count. */
  case(index: number): Promise<ClinicalCase>;
}

/** Indices of cases, ascending. */
interface Parts {
  readonly labelled: readonly number[];
  readonly train: readonly number[];
  readonly heldOut: readonly number[];
  readonly report: SplitReport;
}

export async function splitDataset(cases: Cases, split: Split): Promise<Parts> {
  const labelled: number[] = [];
  const keys: SplitKey[] = [];
  /** One string for each stratum, whatever number of cases has it. */
  const names = new Map<string, string>();
  for (let index = 0; index < cases.count; index++) {
    const key = splitKey(await cases.case(index));
    if (key === null) continue;
    const stratum = names.get(key.stratum) ?? key.stratum;
    names.set(stratum, stratum);
    labelled.push(index);
    keys.push({ ...key, stratum });
  }
  const placements = splitCases(keys, split);
  return {
    labelled,
    train: labelled.filter((_, at) => placements[at] === 'train'),
    heldOut: labelled.filter((_, at) => placements[at] === 'held-out'),
    report: countSplit(keys, placements, cases.count - labelled.length),
  };
}
