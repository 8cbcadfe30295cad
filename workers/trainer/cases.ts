/** The labelled cases of a stored dataset, as the update loop and the evaluation read them. */
import type { UseStore } from 'idb-keyval';
import type { CaseSource } from '../../src/engine/crpo/environment';
import { openDataset } from '../../src/engine/data/store';
import { type DatasetSummary, StudioError } from '../../src/protocol';

/** Above this share of unreadable lines a person has to say that they may be left out. */
const TOLERATED_BAD_SHARE = 0.05;

/** Throws a `StudioError` when too many lines are bad and nobody agreed to skip them, or nothing is labelled. */
export async function openCases(
  database: UseStore,
  datasetId: string,
): Promise<{ cases: CaseSource; summary: DatasetSummary }> {
  const { summary, count, case: caseAt } = await openDataset(database, datasetId);
  const { name, badLines, badLinesSkipped, unlabelled } = summary;
  if (!badLinesSkipped && badLines > TOLERATED_BAD_SHARE * (badLines + count)) {
    throw new StudioError({
      boundary: 'data',
      code: 'bad-lines-not-skipped',
      message: `${name}: ${badLines} of ${badLines + count} lines cannot be read.`,
      action: 'Look at them under Data, then choose "Skip bad lines", or mend the file and drop it again.',
      file: name,
    });
  }
  if (unlabelled === count) {
    throw new StudioError({
      boundary: 'data',
      code: 'no-labelled-case',
      message: `${name}: expected cases with a gold answer, received ${count} without one.`,
      action: 'Rewards need a gold letter (MedQA: "answer_idx"). Choose a dataset that has them.',
      file: name,
    });
  }
  if (unlabelled === 0) return { summary, cases: { count, at: caseAt } };

  const labelled: number[] = [];
  for (let index = 0; index < count; index++) {
    if ((await caseAt(index)).answer !== null) labelled.push(index);
  }
  return { summary, cases: { count: labelled.length, at: (index) => caseAt(labelled[index]!) } };
}
