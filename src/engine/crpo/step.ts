/**
 * One step of CRPO, from beginning to end: this page is the algorithm, and each line of it leads to the
 * file that holds its formula. CRPO (Clinical-R1, arXiv 2512.00601) is GRPO whose reward is a weighted
 * sum of clinical objectives, each of them verified by rules.
 *
 * A step is one optimizer update. A rollout batch serves epochs · miniBatches steps; until it is used
 * up, a step only updates. A step happens whole or, if it throws, leaves weights and state as they were.
 */
import type { StepRecord } from '../../protocol';
import { objectiveWeights } from '../rewards';
import { groupAdvantages } from './advantage';
import { isUsedUp, newBatch } from './batch';
import { drawPrompts } from './draw';
import type { StepEnvironment } from './environment';
import { policyGradient } from './gradient';
import { completionMetrics, rewardMetrics, rolloutRecords, tokenCount } from './metrics';
import { updatePolicy } from './optimizer';
import { referenceLogprobs } from './reference';
import { sampleGroups } from './rollout';
import { startScoring } from './score';
import type { TrainingState } from './state';
import { type Stopwatch, stopwatch } from './stopwatch';

/** Advances `state` and the policy by one update. Phases are timed by `environment.clock`. */
export async function crpoStep(environment: StepEnvironment, state: TrainingState): Promise<StepRecord> {
  const { config, learner } = environment;
  const watch = stopwatch(environment.clock);

  const fresh = isUsedUp(state.batch) ? await sampleBatch(environment, state, watch) : null;
  const batch = fresh?.state.batch ?? state.batch!;
  const rollouts = batch.miniBatches[batch.used]!.map((row) => batch.rollouts[row]!);

  const step = state.step + 1;
  const { gradNorm, learningRate, loss, metrics } = await watch.time('update', async () => {
    const gradient = await policyGradient(environment, rollouts, batch.temperature); // ∇L(θ), clipped surrogate + β · k3
    const update = await updatePolicy(learner, step, gradient.loss, config); // θ ← AdamW(θ, ∇L)
    return { ...gradient, ...update };
  });
  const next = { ...state, ...fresh?.state, step, batch: { ...batch, used: batch.used + 1 } };
  Object.assign(state, next);

  return {
    step,
    metrics: {
      ...fresh?.metrics,
      ...metrics,
      loss,
      grad_norm: gradNorm,
      learning_rate: learningRate,
      num_tokens: next.tokens,
      step_time: watch.totalMs() / 1000,
    },
    phaseMs: watch.phaseMs(),
    rollouts: fresh?.records ?? [],
  };
}

/** A new rollout batch, scored and compared within its groups; nothing of `state` changes yet. */
async function sampleBatch(environment: StepEnvironment, state: TrainingState, watch: Stopwatch) {
  const { config } = environment;
  const { groupSize } = config.sampling;
  const rewards = startScoring(environment);

  const drawn = await watch.time('sample', () => drawPrompts(environment, state.promptCursor)); // q ~ P(Q)
  const sampled = await watch.time('sample', () =>
    sampleGroups(environment, drawn.prompts, state.rollouts, rewards.begin),
  ); // o_i ~ π_old(·|q)
  const scored = await watch.time('score', () => rewards.all(sampled)); // r_i = Σ_k w_k · r_k(q, o_i)
  const advantages = groupAdvantages(scored, groupSize, config.advantage, objectiveWeights(config.rewards)); // Â_i
  const references = await watch.time('reference', () => referenceLogprobs(environment, sampled)); // log π_ref(o_i|q)
  const batch = newBatch(config, state.rolloutBatches, sampled, advantages, references);

  return {
    state: {
      batch,
      rolloutBatches: state.rolloutBatches + 1,
      rollouts: state.rollouts + sampled.length,
      promptCursor: drawn.cursor,
      tokens: state.tokens + tokenCount(sampled),
    },
    metrics: {
      ...rewardMetrics(scored, groupSize),
      ...completionMetrics(sampled, watch.phaseMs().sample),
      prompts_too_long: drawn.tooLong,
    },
    records: rolloutRecords(state.step + 1, scored, advantages, groupSize),
  };
}
