/** The labelled cases of a stored dataset, as the update loop and the evaluation read them. */
import type { UseStore } from 'idb-keyval';
import type { CaseSource } from '../../src/engine/crpo/environment';
import { splitDataset } from '../../src/engine/data/parts';
import { openDataset, type StoredDataset } from '../../src/engine/data/store';
import { type DatasetPart, type DatasetSummary, type RunConfig, StudioError } from '../../src/protocol';

/** Above this share of unreadable lines a person has to say that they may be left out. */
const TOLERATED_BAD_SHARE = 0.05;

/**
 * `all`: every labelled case. `train` and `held-out`: those of the split, which also leaves out what
 * the file holds twice; training with nothing held out takes `train` too.
 *
 * Throws a `StudioError` when too many lines are bad and nobody agreed to skip them, nothing is
 * labelled, or the part is empty.
 */
export async function openCases(
  database: UseStore,
  datasetId: string,
  part: DatasetPart,
  split: RunConfig['data'],
): Promise<{ cases: CaseSource; summary: DatasetSummary }> {
  const dataset = await openDataset(database, datasetId);
  const { summary, count, case: caseAt } = dataset;
  assertUsable(dataset);
  const whole = part === 'all' || (part === 'train' && split.heldOutFraction === 0 && !mayRepeat(summary));
  if (whole && summary.unlabelled === 0) return { summary, cases: { count, at: caseAt } };

  const { labelled, train, heldOut } = await splitDataset(dataset, split);
  const indices = { all: labelled, train, 'held-out': heldOut }[part];
  if (indices.length === 0) throw emptyPart(summary.name, part, labelled.length, split);
  return { summary, cases: { count: indices.length, at: (index) => caseAt(indices[index]!) } };
}

/** Whether the import met a question twice, or could not look. */
function mayRepeat({ issueCounts }: DatasetSummary): boolean {
  return Object.keys(issueCounts).some((kind) => /^duplicate(s-not-checked|-question)/.test(kind));
}

function assertUsable({ summary, count }: StoredDataset): void {
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
      action:
        'Rewards need a gold answer (MedQA: the letter in "answer_idx"). Choose a dataset that has them.',
      file: name,
    });
  }
}

function emptyPart(
  name: string,
  part: DatasetPart,
  labelled: number,
  { heldOutFraction, splitSeed }: RunConfig['data'],
): StudioError {
  return new StudioError({
    boundary: 'data',
    code: 'part-empty',
    message: `${name}: expected cases in the part "${part}", received none of the ${labelled} labelled ones (held-out share ${heldOutFraction}, seed ${splitSeed}).`,
    action: 'Change the held-out share or the seed under Data.',
    file: name,
  });
}
