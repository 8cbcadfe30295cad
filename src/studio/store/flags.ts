/** What the flags of a kept row mean, for a person: the kinds of issue that are no bad line. */
import type { DatasetSummary } from '../../protocol';

/** Kind → how a count of such rows goes on. */
export const FLAGS: Readonly<Record<string, string>> = {
  'refers-to-image': 'refer to an image, which the model does not get',
  'duplicate-question': 'repeat an earlier case: a run takes the first',
  'duplicate-question-other-answer': 'contradict an earlier case: a run takes neither',
  'duplicate-question-other-options': 'ask an earlier question with other options',
  'duplicate-options': 'have two options that read alike',
  'duplicate-id': 'repeat an id',
  'duplicates-not-checked': 'were not searched for repeats',
};

interface FlagCount {
  readonly kind: string;
  readonly count: number;
  readonly meaning: string;
}

/** Most frequent first. */
export function flagCounts(issueCounts: DatasetSummary['issueCounts']): readonly FlagCount[] {
  return Object.entries(issueCounts)
    .filter(([kind]) => Object.hasOwn(FLAGS, kind))
    .map(([kind, count]) => ({ kind, count, meaning: FLAGS[kind]! }))
    .sort((a, b) => b.count - a.count);
}
