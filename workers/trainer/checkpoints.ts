/** A run → a stored checkpoint → the same run again, and checkpoints as zip files. */
import type { UseStore } from 'idb-keyval';
import * as v from 'valibot';
import {
  checkpointFolder,
  exportFolder,
  type OpenedCheckpoint,
  readCheckpoint,
} from '../../src/engine/checkpoint/bundle';
import type { CheckpointStore } from '../../src/engine/checkpoint/store';
import { openZip, writeZip } from '../../src/engine/checkpoint/zip';
import type { Learner } from '../../src/engine/crpo/learner';
import { loadLearner } from '../../src/engine/crpo/open-learner';
import { validateConfig } from '../../src/engine/crpo/settings';
import { captureState, restoreState } from '../../src/engine/crpo/state';
import { Sha256 } from '../../src/engine/data/sha256';
import type { ByteSource } from '../../src/engine/files';
import type { FusedDevice } from '../../src/engine/fused';
import { openTokenizer } from '../../src/engine/tokenizer';
import {
  type BackendReport,
  type CheckpointSummary,
  type ExportedFile,
  type ModelSummary,
  type StepRecord,
  StudioError,
} from '../../src/protocol';
import { openCases } from './cases';
import { type Engine, takeUpTuning } from './engine';
import type { TrainerHost } from './host';
import { plainReason, tokenizerFiles, trainingChoice } from './model';
import type { Run, RunStart } from './run';

export async function saveRun(
  store: CheckpointStore,
  run: Run,
  reason: CheckpointSummary['reason'],
  backend: BackendReport,
  host: TrainerHost,
): Promise<CheckpointSummary> {
  const { runId, startedAt, datasetId, datasetName, model, learner, reference, state } = run.start;
  const captured = await captureState(state, learner);
  const content = {
    model: {
      configJson: learner.configJson,
      weights: await learner.exportWeights({ merged: false }),
      adapter: await learner.exportAdapter(),
      reference: reference === null ? null : await reference.exportWeights({ merged: false }),
    },
    tokenizerFiles: await tokenizerFiles(model.folder),
    resume: {
      json: {
        runId,
        startedAt,
        datasetId,
        datasetName,
        config: run.config,
        model: model.summary,
        state: captured.json,
        history: run.history,
        environment: { build: host.build, backend },
      },
      tensors: captured.tensors,
    },
  };
  const facts = {
    id: host.newId(),
    runId,
    runName: run.config.name,
    modelName: model.summary.name,
    step: run.step,
    createdAt: host.now(),
    metrics: run.history.at(-1)?.metrics ?? {},
    reason,
  };
  const summary = await store.save(facts, checkpointFolder(content, facts));
  await store.pruneAutomatic(runId, run.config.checkpoint.keep);
  return summary;
}

const text = v.pipe(v.string(), v.maxLength(1000));
/** Also NaN, which a metric may be. */
const measured = v.union([v.number(), v.nan()]);
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const modelSchema = v.object({
  name: text,
  architecture: text,
  parameters: count,
  layers: count,
  hiddenSize: count,
  vocabularySize: count,
  contextLength: count,
  storedType: text,
  sha256: text,
}) satisfies v.GenericSchema<unknown, Omit<ModelSummary, 'eosToken'>>;

const caseSchema = v.object({
  question: v.string(),
  options: v.record(v.string(), v.string()),
  answer: v.nullable(text),
  openAnswer: v.optional(v.string()),
});

const rolloutSchema = v.object({
  id: text,
  step: count,
  group: count,
  index: count,
  caseId: v.string(),
  prompt: v.string(),
  completion: v.string(),
  gold: v.nullable(text),
  promptTokens: count,
  completionTokens: count,
  truncated: v.boolean(),
  rewards: v.record(v.string(), v.nullable(v.number())),
  // Files of version 0.1 lack these two: their evidence cannot be drawn.
  case: v.optional(caseSchema, { question: '', options: {}, answer: null }),
  contributions: v.optional(v.record(v.string(), v.number()), {}),
  reward: v.nullable(v.number()),
  unscored: v.optional(v.string()),
  advantage: v.number(),
  meanLogprob: v.number(),
});

const resumeSchema = v.object({
  runId: text,
  startedAt: text,
  datasetId: text,
  datasetName: text,
  config: v.unknown(),
  model: modelSchema,
  state: v.unknown(),
  environment: v.optional(
    v.object({ backend: v.optional(v.object({ adapter: v.string(), tuning: v.optional(v.unknown()) })) }),
  ),
  history: v.array(
    v.object({
      step: count,
      metrics: v.record(v.string(), measured),
      phaseMs: v.object({ sample: measured, score: measured, reference: measured, update: measured }),
      rollouts: v.array(rolloutSchema),
    }),
  ),
});

function readResume({ resume, facts }: OpenedCheckpoint): v.InferOutput<typeof resumeSchema> {
  const parsed = v.safeParse(resumeSchema, resume.json);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new StudioError({
    boundary: 'model',
    code: 'checkpoint-state-invalid',
    message: `The checkpoint “${facts.runName}”, step ${facts.step}, ${v.getDotPath(issue) ?? 'resume'}: ${issue.message}.`,
    action: 'Resume from another checkpoint; this one was changed or damaged after it was written.',
  });
}

/** Everything that the run needs to go on as if it had never stopped; `steps` replaces the run's total. */
export async function resumeRun(
  store: CheckpointStore,
  id: string,
  steps: number | undefined,
  datasets: UseStore,
  engine: Engine,
): Promise<RunStart> {
  const checkpoint = await readCheckpoint(await store.open(id));
  const resume = readResume(checkpoint);
  const saved = validateConfig(resume.config);
  const config = steps === undefined ? saved : validateConfig({ ...saved, steps });
  const { cases } = await openCases(datasets, resume.datasetId, 'train', config.data).catch(
    (error: unknown) => {
      throw isMissingDataset(error) ? datasetMissing(resume.datasetName, error) : error;
    },
  );
  const { device } = engine;
  const { model: folder, adapter } = checkpoint;
  const tokenizer = await openTokenizer(folder);
  const { padTokenId: padToken } = tokenizer;
  const putBackTuning = takeUpTuning(engine, resume.environment?.backend);
  let learner: Learner | undefined;
  try {
    learner = await loadLearner(folder, {
      ...{ training: trainingChoice(config), padToken, device },
      ...(adapter !== null && { adapter }),
    });
    const state = restoreState(resume.state, await checkpoint.resume.tensors(), learner);
    const reference =
      checkpoint.reference === null
        ? null
        : await loadLearner(checkpoint.reference, { training: { mode: 'full' }, padToken, device });
    return {
      runId: resume.runId,
      startedAt: resume.startedAt,
      config,
      datasetId: resume.datasetId,
      datasetName: resume.datasetName,
      model: {
        ...{ folder, config: learner.config, tokenizer },
        summary: {
          ...{ ...resume.model, eosToken: tokenizer.eosToken },
          ...plainReason(learner.config, device),
        },
      },
      learner,
      reference,
      state,
      cases,
      history: resume.history as readonly StepRecord[],
      resumedFrom: id,
    };
  } catch (error) {
    learner?.dispose();
    putBackTuning();
    throw error;
  }
}

function isMissingDataset(error: unknown): boolean {
  return error instanceof StudioError && error.record.code === 'dataset-not-found';
}

function datasetMissing(name: string, cause: unknown): StudioError {
  return new StudioError(
    {
      boundary: 'data',
      code: 'dataset-missing',
      message: `The run was trained on ${name}, which is not stored in this browser.`,
      action: `Drop ${name} on the page, the same file as before, then resume again.`,
      file: name,
    },
    { cause },
  );
}

/** A zip of an ordinary Hugging Face folder with `resume/` beside it. */
export async function exportCheckpoint(
  store: CheckpointStore,
  id: string,
  device: FusedDevice | null,
): Promise<ExportedFile> {
  const checkpoint = await readCheckpoint(await store.open(id));
  const { adapter, model, facts } = checkpoint;
  const merged =
    adapter === null
      ? null
      : async () => {
          const padToken = 0; // nothing is computed with it
          const policy = await loadLearner(model, { training: { mode: 'full' }, adapter, padToken, device });
          try {
            return await policy.exportWeights({ merged: true });
          } finally {
            policy.dispose();
          }
        };
  const hash = new Sha256();
  const parts: Blob[] = []; // a blob may lie on disk, so the export need not be in memory twice
  for await (const part of writeZip(await exportFolder(checkpoint, merged))) {
    hash.update(part);
    parts.push(new Blob([part]));
  }
  return {
    name: `${facts.runName.replaceAll(/[^\w.-]+/g, '-')}-step-${facts.step}.zip`,
    file: new Blob(parts, { type: 'application/zip' }),
    sha256: hash.digest(),
  };
}

/** Reads all of the zip before it stores anything, so that a broken one leaves no trace. */
export async function importCheckpoint(
  store: CheckpointStore,
  zip: ByteSource,
  host: TrainerHost,
): Promise<CheckpointSummary> {
  const checkpoint = await readCheckpoint(await openZip(zip));
  const resume = readResume(checkpoint);
  validateConfig(resume.config);
  const facts = { ...checkpoint.facts, id: host.newId(), reason: 'import' as const };
  return store.save(facts, checkpoint.files);
}
