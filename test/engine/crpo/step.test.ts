import { beforeAll, describe, expect, it } from 'vitest';
import { decodeExactJson, encodeExactJson } from '../../../src/engine/checkpoint/exact-json';
import type { StepEnvironment } from '../../../src/engine/crpo/environment';
import { createReference } from '../../../src/engine/crpo/reference';
import { captureState, initialState, restoreState, type TrainingState } from '../../../src/engine/crpo/state';
import { crpoStep } from '../../../src/engine/crpo/step';
import type { NamedArray } from '../../../src/engine/files';
import type { Policy } from '../../../src/engine/policy';
import { tf } from '../../../src/engine/tensor';
import type { StepRecord } from '../../../src/protocol';
import { useBackend } from './backends';
import {
  learnerOf,
  scoredAs,
  shareOfB,
  tinyCases,
  tinyConfig,
  tinyEnvironment,
  tinyPolicy,
  tinyTokenizer,
} from './tiny';

beforeAll(() => useBackend('wasm'));

interface Run {
  readonly environment: StepEnvironment;
  readonly state: TrainingState;
  readonly policy: Policy;
  dispose(): void;
}

function start(config = tinyConfig(), changes: Partial<StepEnvironment> = {}): Run {
  const policy = tinyPolicy();
  const learner = learnerOf(policy);
  const reference = createReference(learner, config);
  const environment = tinyEnvironment(learner, config, { reference, ...changes });
  const state = initialState();
  return {
    environment,
    state,
    policy,
    dispose: () => {
      reference?.dispose();
      learner.dispose();
    },
  };
}

async function weightsOf(policy: Policy): Promise<number[]> {
  const values: number[] = [];
  for (const tensor of policy.trainable()) values.push(...(await tensor.data()));
  return values;
}

describe('one step', () => {
  it('reports TRL’s metrics, the rollouts and the update', async () => {
    const run = start();
    const record = await crpoStep(run.environment, run.state);
    expect(record.step).toBe(1);
    expect(record.rollouts).toHaveLength(8);
    expect(Object.keys(record.metrics).sort()).toEqual(
      [
        'reward',
        'reward_std',
        'rewards/share/mean',
        'rewards/share/std',
        'dead_groups/share',
        'frac_reward_zero_std',
        'unscored',
        'completions/mean_length',
        'completions/min_length',
        'completions/max_length',
        'completions/clipped_ratio',
        'prompts_too_long',
        'kl',
        'entropy',
        'clip_ratio/low_mean',
        'clip_ratio/high_mean',
        'clip_ratio/region_mean',
        'loss',
        'grad_norm',
        'learning_rate',
        'num_tokens',
        'step_time',
      ].sort(),
    );
    // On policy: ratio 1, so nothing is clipped, and the policy is still its reference.
    expect(record.metrics['clip_ratio/region_mean']).toBe(0);
    expect(record.metrics.kl).toBeCloseTo(0, 6);
    const tokens = record.rollouts.reduce(
      (sum, { promptTokens, completionTokens }) => sum + promptTokens + completionTokens,
      0,
    );
    expect(record.metrics.num_tokens).toBe(tokens);
    const rewards = record.rollouts.map(({ reward }) => reward!);
    expect(record.metrics.reward).toBeCloseTo(rewards.reduce((sum, reward) => sum + reward) / 8, 9);
    for (const { completion, reward } of record.rollouts)
      expect(reward).toBe((await shareOfB(completion)).reward);
    run.dispose();
  });

  it('has the loss −mean A at the first update', async () => {
    const run = start(tinyConfig({ loss: { klCoefficient: 0 } }));
    const { metrics, rollouts } = await crpoStep(run.environment, run.state);
    const tokens = rollouts.reduce((sum, { completionTokens }) => sum + completionTokens, 0);
    const weighted = rollouts.reduce(
      (sum, { advantage, completionTokens }) => sum + advantage * completionTokens,
      0,
    );
    expect(metrics.loss).toBeCloseTo(-weighted / tokens, 4);
    expect(metrics).not.toHaveProperty('kl');
    run.dispose();
  });

  it('times its phases and the tokens per second', async () => {
    let now = 0;
    const run = start(tinyConfig(), { clock: () => (now += 5) });
    const { metrics, phaseMs } = await crpoStep(run.environment, run.state);
    // Every reading of this clock is 5 ms after the last one.
    expect(phaseMs).toEqual({ sample: 10, score: 5, reference: 5, update: 5 });
    expect(metrics.step_time).toBeCloseTo((now - 5) / 1000, 9);
    expect(metrics.tokens_per_second).toBeCloseTo((metrics['completions/mean_length']! * 8) / 0.01, 6);
    run.dispose();
  });

  it('uses a rollout batch epochs · miniBatches times, each rollout once per epoch', async () => {
    const run = start(tinyConfig({ update: { epochs: 2, miniBatches: 4, microBatchSize: 4 } }));
    const fresh: number[] = [];
    for (let step = 1; step <= 9; step++) {
      const { rollouts, metrics } = await crpoStep(run.environment, run.state);
      fresh.push(rollouts.length);
      expect('reward' in metrics).toBe(rollouts.length > 0);
      const { miniBatches } = run.state.batch!;
      expect(miniBatches.map(({ length }) => length)).toEqual(new Array(8).fill(2));
      for (const epoch of [miniBatches.slice(0, 4), miniBatches.slice(4)])
        expect(epoch.flat().sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    }
    expect(fresh).toEqual([8, 0, 0, 0, 0, 0, 0, 0, 8]);
    expect(run.state).toMatchObject({ rolloutBatches: 2, rollouts: 16 });
    run.dispose();
  });

  it('visits every case once per pass, in another order each pass', async () => {
    const run = start(
      tinyConfig({ sampling: { promptsPerBatch: 5, groupSize: 2 }, loss: { klCoefficient: 0 } }),
    );
    const passes: string[][] = [];
    for (let step = 0; step < 3; step++) {
      const { rollouts } = await crpoStep(run.environment, run.state);
      passes.push(rollouts.filter(({ index }) => index === 0).map(({ caseId }) => caseId));
    }
    for (const pass of passes)
      expect([...pass].sort()).toEqual(['case-0', 'case-1', 'case-2', 'case-3', 'case-4']);
    expect(new Set(passes.map((pass) => pass.join())).size).toBeGreaterThan(1);
    run.dispose();
  });

  it('keeps the sampling temperature of a batch when the setting changes inside it', async () => {
    const config = tinyConfig({ update: { miniBatches: 2 } });
    const run = start(config);
    await crpoStep(run.environment, run.state);
    const hotter = {
      ...run.environment,
      config: tinyConfig({ update: { miniBatches: 2 }, sampling: { temperature: 2 } }),
    };
    const { metrics } = await crpoStep(hotter, run.state);
    // At the wrong temperature log-probs would be far from the sampled ones and ratios would be clipped.
    expect(metrics['clip_ratio/region_mean']).toBeLessThan(0.3);
    expect(run.state.batch!.temperature).toBe(1);
    run.dispose();
  });
});

describe('what goes wrong', () => {
  it('leaves a rollout unscored whose objective throws, and shows why', async () => {
    const run = start(tinyConfig(), {
      score: async ({ completion }) => {
        if (completion.includes('c')) throw new Error('no c, please');
        return shareOfB(completion);
      },
    });
    const { rollouts, metrics } = await crpoStep(run.environment, run.state);
    const unscored = rollouts.filter(({ completion }) => completion.includes('c'));
    expect(unscored.length).toBeGreaterThan(0);
    expect(unscored.length).toBeLessThan(8);
    expect(metrics.unscored).toBe(unscored.length);
    for (const rollout of unscored)
      expect(rollout).toMatchObject({
        reward: null,
        rewards: {},
        advantage: 0,
        unscored: 'internal: no c, please',
      });
    const scored = rollouts.filter(({ reward }) => reward !== null);
    expect(metrics.reward).toBeCloseTo(
      scored.reduce((sum, { reward }) => sum + reward!, 0) / scored.length,
      9,
    );
    run.dispose();
  });

  it('goes on when no rollout has a reward', async () => {
    const run = start(tinyConfig({ loss: { klCoefficient: 0 } }), {
      score: async () => scoredAs(null),
    });
    const { rollouts, metrics } = await crpoStep(run.environment, run.state);
    expect(metrics).toMatchObject({ unscored: 8, frac_reward_zero_std: 1, loss: 0, grad_norm: 0 });
    expect(rollouts[0]!.unscored).toBe('The case has no gold answer.');
    run.dispose();
  });

  it('takes a reward that is no number for unscored', async () => {
    const run = start(tinyConfig(), {
      score: async () => scoredAs(Number.NaN),
    });
    const { metrics } = await crpoStep(run.environment, run.state);
    expect(metrics.unscored).toBe(8);
    run.dispose();
  });

  it('leaves weights and state as they were when it is stopped anywhere, and then repeats the same step', async () => {
    const undisturbed = start();
    const expected = await crpoStep(undisturbed.environment, undisturbed.state);
    const run = start();
    for (const phase of ['sample', 'score', 'reference', 'update'] as const) {
      let stop = false;
      const stopping: StepEnvironment = {
        ...run.environment,
        onPhase: (current) => {
          stop ||= current === phase;
        },
        signal: {
          throwIfAborted: () => {
            if (stop) throw new Error('stopped by the test');
          },
        },
      };
      const before = {
        weights: await weightsOf(run.policy),
        state: { ...run.state },
        tensors: tf.memory().numTensors,
      };
      await expect(crpoStep(stopping, run.state)).rejects.toThrow('stopped by the test');
      expect({
        weights: await weightsOf(run.policy),
        state: run.state,
        tensors: tf.memory().numTensors,
      }).toEqual(before);
    }
    expect(await crpoStep(run.environment, run.state)).toEqual(expected);
    expect(await weightsOf(run.policy)).toEqual(await weightsOf(undisturbed.policy));
    run.dispose();
    undisturbed.dispose();
  });

  it('stops at weights that are not numbers before it samples a token', async () => {
    const run = start();
    run.policy.assignTrainable(run.policy.trainable().map((tensor) => tf.mul(tensor, Number.NaN)));
    await expect(crpoStep(run.environment, run.state)).rejects.toMatchObject({
      record: { boundary: 'device', code: 'non-finite' },
    });
    expect(run.state.step).toBe(0);
    run.dispose();
  });

  it('counts prompts that are too long, and says so when all are', async () => {
    // The tiny tokenizer has one token per character: "x\n" + question + "\nA. f\nB. g" is 12 + 5 − index tokens.
    const some = start(tinyConfig({ prompt: { maxTokens: 15 } }));
    const { rollouts, metrics } = await crpoStep(some.environment, some.state);
    expect(rollouts.every(({ promptTokens }) => promptTokens <= 15)).toBe(true);
    expect(metrics.prompts_too_long).toBe(some.state.promptCursor - 2);
    some.dispose();
    const none = start(tinyConfig({ prompt: { maxTokens: 8 } }));
    await expect(crpoStep(none.environment, none.state)).rejects.toMatchObject({
      record: { boundary: 'data', code: 'no-prompt-fits' },
    });
    none.dispose();
    const crowded = start(tinyConfig({ sampling: { maxCompletionTokens: 127 } }));
    await expect(crpoStep(crowded.environment, crowded.state)).rejects.toThrow(/at most 1 tokens/);
    crowded.dispose();
    const empty = start(tinyConfig(), { cases: { ...tinyCases, count: 0 } });
    await expect(crpoStep(empty.environment, empty.state)).rejects.toThrow(/no labelled case/);
    empty.dispose();
  });
});

/** As a checkpoint would: everything through text and copied bytes. */
async function saved(run: Run): Promise<{ text: string; tensors: NamedArray[]; weights: number[][] }> {
  const { json, tensors } = await captureState(run.state, run.environment.learner);
  const weights: number[][] = [];
  for (const tensor of run.policy.trainable()) weights.push(Array.from(await tensor.data()));
  return {
    text: encodeExactJson(json),
    tensors: tensors.map((tensor) => ({ ...tensor, data: tensor.data.slice() })),
    weights,
  };
}

describe('resume', () => {
  const STEPS = 6;
  const config = tinyConfig({ update: { epochs: 2, miniBatches: 2, microBatchSize: 3 } });

  async function uninterrupted() {
    const run = start(config);
    const points = [await saved(run)];
    const records: StepRecord[] = [];
    for (let step = 0; step < STEPS; step++) {
      records.push(await crpoStep(run.environment, run.state));
      points.push(await saved(run));
    }
    run.dispose();
    return { points, records };
  }

  function resumed(
    point: Awaited<ReturnType<typeof saved>>,
    changeState: (state: TrainingState) => void = () => undefined,
  ): Run {
    const run = start(config);
    const state = restoreState(
      decodeExactJson(point.text, 'state.json'),
      point.tensors,
      run.environment.learner,
    );
    changeState(state);
    run.policy.assignTrainable(
      run.policy.trainable().map((tensor, index) => tf.tensor(point.weights[index]!, tensor.shape)),
    );
    return { ...run, state };
  }

  it('at any step, inside a rollout batch or between two, repeats the run bit for bit', async () => {
    const { points, records } = await uninterrupted();
    // Steps 1 and 5 sample; 2, 3, 4 and 6 go on inside the batch.
    expect(records.map(({ rollouts }) => rollouts.length)).toEqual([8, 0, 0, 0, 8, 0]);
    for (let from = 0; from < STEPS; from++) {
      const run = resumed(points[from]!);
      for (let step = from; step < STEPS; step++)
        expect(await crpoStep(run.environment, run.state)).toEqual(records[step]);
      expect(await saved(run)).toEqual(points[STEPS]);
      run.dispose();
    }
  }, 60_000);

  it('differs when a single counter is off: the comparison can fail', async () => {
    const { points, records } = await uninterrupted();
    const wrong: ((state: TrainingState) => void)[] = [
      (state) => {
        state.rollouts += 1;
      },
      (state) => {
        state.promptCursor += 1;
      },
      (state) => {
        state.rolloutBatches += 1;
      },
      (state) => {
        state.step += 1;
      },
    ];
    for (const change of wrong) {
      const run = resumed(points[4]!, change);
      const received = [
        await crpoStep(run.environment, run.state),
        await crpoStep(run.environment, run.state),
      ];
      expect(received).not.toEqual(records.slice(4, 6));
      expect((await saved(run)).weights).not.toEqual(points[6]!.weights);
      run.dispose();
    }
  }, 60_000);
});

describe('a run', () => {
  it('keeps the number of tensors', async () => {
    const run = start(tinyConfig({ update: { miniBatches: 2, microBatchSize: 2 } }));
    const counts: number[] = [];
    for (let step = 0; step < 6; step++) {
      await crpoStep(run.environment, run.state);
      counts.push(tf.memory().numTensors);
    }
    expect(new Set(counts.slice(1)).size).toBe(1);
    run.dispose();
  });

  it('learns: the reward rises from chance to most of what there is', async () => {
    const config = tinyConfig({
      steps: 15,
      sampling: { promptsPerBatch: 2, groupSize: 8, maxCompletionTokens: 8 },
      update: { microBatchSize: 16 },
    });
    const run = start(config);
    const rewards: number[] = [];
    for (let step = 0; step < 15; step++)
      rewards.push((await crpoStep(run.environment, run.state)).metrics.reward!);
    const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value) / values.length;
    // One letter of fourteen is b.
    expect(rewards[0]).toBeLessThan(0.2);
    expect(average(rewards.slice(-3))).toBeGreaterThan(0.85);
    run.dispose();
  }, 60_000);

  it('scores completions that have ended while others are still sampled', async () => {
    const events: string[] = [];
    const run = start(tinyConfig(), {
      onPhase: (phase) => events.push(phase),
      score: async ({ completion }) => {
        events.push('scored');
        return shareOfB(completion);
      },
    });
    await crpoStep(run.environment, run.state);
    expect(events.filter((event) => event === 'scored')).toHaveLength(8);
    expect(events.indexOf('scored')).toBeLessThan(events.lastIndexOf('sample'));
    run.dispose();
  });

  it('decodes what it scores without the stop token', async () => {
    const seen: string[] = [];
    const run = start(tinyConfig(), {
      score: async (input) => {
        seen.push(input.completion);
        expect(input.eos).toBe(tinyTokenizer.eosToken);
        return shareOfB(input.completion);
      },
    });
    await crpoStep(run.environment, run.state);
    expect(seen).toHaveLength(8);
    for (const completion of seen) expect(completion).not.toContain('<end>');
    run.dispose();
  });
});
