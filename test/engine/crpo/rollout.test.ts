import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Prompt } from '../../../src/engine/crpo/draw';
import type { Learner } from '../../../src/engine/crpo/learner';
import { sampleGroups } from '../../../src/engine/crpo/rollout';
import { tf } from '../../../src/engine/tensor';
import { describeOnBackends } from './backends';
import { EOS, learnerOf, quietHost, tinyConfig, tinyEnvironment, tinyPolicy } from './tiny';

const prompts: Prompt[] = [
  [3, 4, 5, 6, 7],
  [8, 9],
].map((tokens, index) => ({
  case: { id: `${index}`, line: index + 1, question: '', options: {}, answer: 'A' },
  text: '',
  tokens,
}));

describeOnBackends('sampleGroups', () => {
  let learner: Learner;
  beforeEach(() => {
    learner = learnerOf(tinyPolicy());
  });
  afterEach(() => learner.dispose());

  const config = tinyConfig({
    sampling: { promptsPerBatch: 2, groupSize: 16, maxCompletionTokens: 12, temperature: 0.7 },
  });

  it('gives G rollouts per prompt that end at the stop token or at the limit', async () => {
    const rollouts = await sampleGroups(tinyEnvironment(learner, config), prompts, 0, () => {});
    expect(rollouts.map(({ prompt }) => prompt.case.id)).toEqual([
      ...new Array(16).fill('0'),
      ...new Array(16).fill('1'),
    ]);
    for (const { completionTokens, truncated, oldLogprobs, promptTokens, prompt } of rollouts) {
      expect(promptTokens).toEqual(prompt.tokens);
      expect(oldLogprobs).toHaveLength(completionTokens.length);
      expect(completionTokens.slice(0, -1)).not.toContain(EOS);
      expect(truncated).toBe(completionTokens.at(-1) !== EOS);
      if (truncated) expect(completionTokens).toHaveLength(12);
    }
    // Both endings occur, so both were tested.
    expect(new Set(rollouts.map(({ truncated }) => truncated)).size).toBe(2);
  });

  it('samples with the log-probs that the training forward computes, so that the first ratio is 1', async () => {
    const rollouts = await sampleGroups(tinyEnvironment(learner, config), prompts, 0, () => {});
    const forward = await learner.logprobs(rollouts, { temperature: 0.7 }, quietHost);
    for (const [row, { oldLogprobs }] of rollouts.entries())
      for (const [t, old] of oldLogprobs.entries())
        expect(Math.abs(forward[row]![t]! - old)).toBeLessThan(2e-5);
  });

  it('draws each rollout from its own counters: alone or among others, in any group', async () => {
    const environment = tinyEnvironment(learner, config);
    const together = await sampleGroups(environment, prompts, 100, () => {});
    const single = { ...environment, config: tinyConfig({ sampling: { ...config.sampling, groupSize: 1 } }) };
    for (const row of [0, 7, 16, 31]) {
      const [alone] = await sampleGroups(single, [prompts[Math.floor(row / 16)]!], 100 + row, () => {});
      expect(alone!.completionTokens).toEqual(together[row]!.completionTokens);
    }
    const elsewhere = await sampleGroups(environment, prompts, 101, () => {});
    expect(elsewhere[0]!.completionTokens).toEqual(
      (await sampleGroups(single, [prompts[0]!], 101, () => {}))[0]!.completionTokens,
    );
    expect(elsewhere.map(({ completionTokens }) => completionTokens)).not.toEqual(
      together.map(({ completionTokens }) => completionTokens),
    );
  });

  it('leaves nothing behind when it is stopped between two tokens', async () => {
    const before = tf.memory().numTensors;
    let tokens = 0;
    const environment = tinyEnvironment(learner, config, {
      onPhase: (_phase, done) => {
        tokens = done;
      },
      signal: {
        throwIfAborted: () => {
          if (tokens === 3) throw new Error('stopped by the test');
        },
      },
    });
    await expect(sampleGroups(environment, prompts, 0, () => {})).rejects.toThrow('stopped by the test');
    expect(tokens).toBe(3);
    expect(tf.memory().numTensors).toBe(before);
  });
});
