/** A file of completions that were made elsewhere → a stored evaluation, scored here. */

import { validateConfig } from '../../src/engine/crpo/settings';
import { importCompletions, linesOf } from '../../src/engine/evaluation/import';
import { storeWhole } from '../../src/engine/evaluation/store';
import { summarize } from '../../src/engine/evaluation/summary';
import {
  type ClinicalCase,
  type Command,
  type EvaluationImport,
  type EvaluationSummary,
  StudioError,
} from '../../src/protocol';
import { openCases } from './cases';
import { type TrainerHost, UNSTOPPED } from './host';

/** The text of a file is in memory as a whole while it is read. */
const MAX_FILE_BYTES = 256 * 2 ** 20;

/** `eos` ends a response that holds it, as the tokenizer of the policy that made it would. */
export async function importEvaluation(
  host: TrainerHost,
  { name, file, datasetId, part, config: untrusted }: Extract<Command, { type: 'import-evaluation' }>,
  eos: string,
): Promise<EvaluationImport> {
  if (file.size > MAX_FILE_BYTES) throw tooLarge(name, file.size);
  const begun = host.clock();
  const config = validateConfig(untrusted);
  const { cases: source, summary: dataset } = await openCases(
    host.datasetDatabase,
    datasetId,
    part,
    config.data,
  );
  const all: ClinicalCase[] = [];
  for (let index = 0; index < source.count; index++) all.push(await source.at(index));
  const { cases, report } = await importCompletions(name, linesOf(await file.text()), all, {
    config,
    eos,
    score: host.score,
  });

  const id = host.newId();
  const samples = cases.reduce((most, each) => Math.max(most, each.samples.length), 1);
  const facts = { datasetId, part, limit: null, name: dataset.name, cases: cases.length };
  const correct = cases.flatMap((each) => each.samples).filter((sample) => sample.correct).length;
  const progress = {
    ...{ id, dataset: 0, done: cases.length, total: cases.length, tokens: 0 },
    ...{ completions: report.completions, correct, elapsedMs: host.clock() - begun },
  };
  const evaluation: EvaluationSummary = {
    id,
    name,
    createdAt: host.now(),
    status: 'finished',
    policy: {
      kind: 'imported',
      modelName: name,
      modelSha256: null,
      runId: null,
      runName: null,
      checkpointId: null,
      step: null,
    },
    datasets: [facts],
    samples,
    temperature: 0,
    config,
    progress,
    results: [await summarize(facts, cases, { samples, seed: config.seed }, UNSTOPPED)],
  };
  await storeWhole(host.evaluationDatabase, evaluation, cases);
  return { evaluation, ...report };
}

function tooLarge(name: string, bytes: number): StudioError {
  return new StudioError({
    boundary: 'data',
    code: 'file-too-large',
    message: `${name}: expected at most ${MAX_FILE_BYTES / 2 ** 20} MiB, received ${Math.ceil(bytes / 2 ** 20)}.`,
    action: 'Split the file.',
    file: name,
  });
}
