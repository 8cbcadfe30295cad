/** What a checkpoint says about itself, wherever it is kept: in the database and inside the bundle. */
import * as v from 'valibot';
import type { CheckpointSummary } from '../../protocol/records';

export type CheckpointFacts = Omit<CheckpointSummary, 'bytes' | 'sha256' | 'deleted'>;

const MAX_RUN_NAME = 200;
const MAX_MODEL_NAME = 400;

/** Facts as read from disk. Texts are bounded: they end up on a page. */
export const factsSchema = v.object({
  id: text(200),
  runId: text(200),
  runName: text(MAX_RUN_NAME),
  modelName: text(MAX_MODEL_NAME),
  step: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  createdAt: text(40),
  metrics: v.record(v.pipe(v.string(), v.maxLength(200)), v.number()),
  reason: v.picklist(['interval', 'pause', 'hide', 'finish', 'manual', 'import']),
}) satisfies v.GenericSchema<unknown, CheckpointFacts>;

/**
 * Facts as they can be read back: long names are cut, and a metric that is not finite is left out,
 * for which JSON has no word (the history in `resume/` keeps it).
 */
export function storableFacts(facts: CheckpointFacts): CheckpointFacts {
  const { id, runId, step, createdAt, reason } = facts;
  const runName = facts.runName.slice(0, MAX_RUN_NAME);
  const modelName = facts.modelName.slice(0, MAX_MODEL_NAME);
  const metrics = Object.fromEntries(
    Object.entries(facts.metrics).filter(([, value]) => Number.isFinite(value)),
  );
  return { id, runId, runName, modelName, step, createdAt, metrics, reason };
}

/** How a checkpoint is named in messages. */
export function labelOf({ runName, step }: Pick<CheckpointFacts, 'runName' | 'step'>): string {
  return `“${runName}”, step ${step}`;
}

function text(maxLength: number) {
  return v.pipe(v.string(), v.maxLength(maxLength));
}
