/**
 * How much GPU memory a run needs, before it starts: the learner itself goes through one step of the
 * longest rollouts on a GPU that only counts, so the figure is what will be allocated.
 */
import type { MemoryPlan, RunConfig } from '../../protocol';
import { NEVER_PAUSED } from '../crpo/environment';
import type { LossRollout } from '../crpo/learner';
import type { GpuLimits } from '../gpu';
import { DryGpu } from '../gpu/dry-gpu';
import type { LoraSettings, PolicyConfig } from '../policy';
import { FusedDevice } from './device';
import { FusedLearner } from './learner';

export async function memoryOfRun(
  policy: PolicyConfig,
  lora: LoraSettings | null,
  config: Pick<RunConfig, 'sampling' | 'prompt' | 'loss' | 'update' | 'optimizer'>,
  limits: GpuLimits,
): Promise<MemoryPlan> {
  const gpu = new DryGpu(limits);
  const learner = new FusedLearner(new FusedDevice(gpu), policy, '{}', lora);
  const { promptsPerBatch, groupSize, maxCompletionTokens } = config.sampling;
  const longest = Math.min(config.prompt.maxTokens, policy.maxPositions - maxCompletionTokens);
  if (config.loss.klCoefficient !== 0 && lora === null) learner.freeze();

  const prompts = Array.from({ length: promptsPerBatch * groupSize }, (_, row) =>
    longPrompt(Math.floor(row / groupSize), longest),
  );
  const never = policy.vocabularySize; // no stop token: every completion is as long as it may be
  await learner.generate(
    prompts,
    {
      ...{ maxTokens: maxCompletionTokens, stopTokens: [never], padToken: 0, sampling: config.sampling },
      draws: { seed: 0, stream: 'sampling', counters: prompts.map(() => 0) },
      onProgress: () => undefined,
    },
    NEVER_PAUSED,
  );

  const updateRows = Math.min(config.update.microBatchSize, prompts.length);
  const rows = Array.from({ length: updateRows }, (_, row) => longRollout(row, longest, maxCompletionTokens));
  const { temperature } = config.sampling;
  const objective = { kind: 'crpo' as const, settings: config.loss, temperature };
  await learner.logprobs(rows, { temperature }, NEVER_PAUSED);
  const limitBytes = config.update.gpuMemory * 2 ** 20;
  await learner.addGradient(rows, objective, NEVER_PAUSED, limitBytes);
  // A dry norm is 0, which is finite; nothing else of the update depends on values.
  await learner.applyGradient({ step: 1, learningRate: 0, settings: config.optimizer });
  return { bytes: gpu.peak.bytes, parts: gpu.peak.byLabel, limitBytes };
}

/** Different from the others, so that nothing is shared: the worst case. */
function longPrompt(index: number, length: number): number[] {
  return Array.from({ length }, (_, at) => (at === 0 ? index : 0));
}

function longRollout(index: number, promptLength: number, completionLength: number): LossRollout {
  const zeros = new Float32Array(completionLength);
  return {
    promptTokens: longPrompt(index, promptLength),
    completionTokens: new Array<number>(completionLength).fill(0),
    ...{ truncated: true, oldLogprobs: zeros, referenceLogprobs: zeros, advantage: 0 },
    ...{ weight: 0, counted: completionLength },
  };
}
