/**
 * The weights that an evaluation asks for. The loaded model and the run stay as they are: what they
 * do not hold is loaded beside them and let go afterwards.
 */
import { readCheckpoint } from '../../src/engine/checkpoint/bundle';
import type { CheckpointStore } from '../../src/engine/checkpoint/store';
import type { FrozenPolicy } from '../../src/engine/crpo/learner';
import { loadLearner } from '../../src/engine/crpo/open-learner';
import { validateConfig } from '../../src/engine/crpo/settings';
import { openTokenizer, type Tokenizer } from '../../src/engine/tokenizer';
import { type EvaluatedPolicy, type EvaluatedPolicyFacts, StudioError } from '../../src/protocol';
import type { Engine } from './engine';
import { type LoadedModel, noModel, trainingChoice } from './model';
import type { Run } from './run';

/** What the trainer holds. */
export interface Holdings extends Engine {
  readonly model: LoadedModel | null;
  /** The policy as loaded, until a run begins; null also where it is in its files only. */
  readonly base: FrozenPolicy | null;
  readonly run: Run | null;
  readonly checkpoints: CheckpointStore;
}

export interface OpenedPolicy {
  readonly policy: FrozenPolicy;
  readonly tokenizer: Tokenizer;
  readonly facts: EvaluatedPolicyFacts;
  /** Lets go of what was loaded for this; the trainer's own stays. */
  dispose(): void;
}

/** Throws `no-model`, `base-unavailable`, and what opening a checkpoint throws. */
export function openPolicy(asked: EvaluatedPolicy, holdings: Holdings): Promise<OpenedPolicy> {
  switch (asked.kind) {
    case 'current':
      return currentPolicy(holdings);
    case 'base':
      return basePolicy(holdings);
    case 'checkpoint':
      return checkpointPolicy(asked.id, holdings);
    default:
      throw new StudioError({
        boundary: 'protocol',
        code: 'evaluation-invalid',
        message: `policy: expected current, base or checkpoint, received ${JSON.stringify(asked satisfies never)}.`,
        action: 'Choose the policy again.',
      });
  }
}

/** The same weights again, wherever they are now. Throws `policy-gone` when they are nowhere. */
export async function reopenPolicy(facts: EvaluatedPolicyFacts, holdings: Holdings): Promise<OpenedPolicy> {
  const { model, run, checkpoints } = holdings;
  if (facts.checkpointId === null && model?.summary.sha256 === facts.modelSha256) {
    if (facts.runId === null) return { ...(await basePolicy(holdings)), facts };
    if (run?.start.runId === facts.runId && run.step === facts.step) {
      return { ...(await currentPolicy(holdings)), facts };
    }
  }
  const stored = (await checkpoints.list()).find(({ id, runId, step }) =>
    facts.checkpointId === null ? runId === facts.runId && step === facts.step : id === facts.checkpointId,
  );
  if (stored !== undefined) return { ...(await checkpointPolicy(stored.id, holdings)), facts };
  throw new StudioError({
    boundary: 'model',
    code: 'policy-gone',
    message: `Expected the policy of this evaluation (${facts.runName ?? facts.modelName}, step ${facts.step}), received another model and no checkpoint of it.`,
    action: facts.runId === null ? `Load ${facts.modelName} again, then resume.` : 'Evaluate another policy.',
  });
}

async function currentPolicy(holdings: Holdings): Promise<OpenedPolicy> {
  const { model, base, run } = holdings;
  if (model === null) throw noModel();
  const facts = {
    kind: 'current',
    modelName: model.summary.name,
    modelSha256: model.summary.sha256,
    runId: run?.start.runId ?? null,
    runName: run?.config.name ?? null,
    checkpointId: null,
    step: run?.step ?? 0,
  } as const;
  const policy = run?.start.learner ?? base;
  if (policy === null) return { ...(await basePolicy(holdings)), facts };
  return { policy, tokenizer: model.tokenizer, facts, dispose: () => undefined };
}

/**
 * A model that came out of a checkpoint of full fine-tuning is trained already: what it was before
 * is its reference policy, if it has one.
 */
async function basePolicy({ model, base, run, device }: Holdings): Promise<OpenedPolicy> {
  if (model === null) throw noModel();
  const { summary, tokenizer, folder } = model;
  const facts = {
    kind: 'base',
    modelName: summary.name,
    modelSha256: summary.sha256,
    runId: null,
    runName: null,
    checkpointId: null,
    step: 0,
  } as const;
  const isTrainedFolder = run?.start.resumedFrom !== undefined && run.config.training.mode === 'full';
  const held = base ?? (isTrainedFolder ? run.start.reference : null);
  if (held !== null) return { policy: held, tokenizer, facts, dispose: () => undefined };
  if (isTrainedFolder) {
    throw new StudioError({
      boundary: 'model',
      code: 'base-unavailable',
      message: `Expected the base model of ${run.config.name}, received a checkpoint of full fine-tuning without one.`,
      action: 'Load the model folder that the run began with, then evaluate the base.',
    });
  }
  const { padTokenId: padToken } = tokenizer;
  const policy = await loadLearner(folder, { training: { mode: 'full' }, padToken, device });
  return { policy, tokenizer, facts, dispose: () => policy.dispose() };
}

/** Loaded as a resume loads it, so that its answers are those of the run at that step. */
async function checkpointPolicy(id: string, { checkpoints, device }: Holdings): Promise<OpenedPolicy> {
  const { model: folder, adapter, facts, resume } = await readCheckpoint(await checkpoints.open(id));
  const tokenizer = await openTokenizer(folder);
  const policy = await loadLearner(folder, {
    training: trainingChoice(validateConfig(resume.json.config)),
    ...{ padToken: tokenizer.padTokenId, device },
    ...(adapter !== null && { adapter }),
  });
  const { sha256 } = (resume.json.model ?? {}) as { sha256?: unknown };
  return {
    policy,
    tokenizer,
    facts: {
      kind: 'checkpoint',
      modelName: facts.modelName,
      modelSha256: typeof sha256 === 'string' ? sha256 : null,
      runId: facts.runId,
      runName: facts.runName,
      checkpointId: id,
      step: facts.step,
    },
    dispose: () => policy.dispose(),
  };
}
