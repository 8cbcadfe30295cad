import { describe, expect, it } from 'vitest';
import { OBJECTIVES } from '../../../src/engine/rewards/objectives';
import { presetRewards, REWARD_PRESETS } from '../../../src/engine/rewards/presets';
import { scoreCompletion } from '../../../src/engine/rewards/score';
import { scoring } from './fixtures';

const names = OBJECTIVES.map(({ descriptor }) => descriptor.name);

describe('REWARD_PRESETS', () => {
  it('names only existing objectives, and where it comes from', () => {
    for (const { weights, source } of REWARD_PRESETS) {
      for (const name of Object.keys(weights)) expect(names).toContain(name);
      expect(source).toMatch(/Clinical-R1|2512\.00601|own extension/);
    }
  });

  it.each([
    ['released', 10 * 1 + 1.5 + 0.5 * 1],
    ['grpo', 10 * 1 + 1],
  ] as const)('%s reaches its maximum, %d', (preset, maximum) => {
    const best = scoring('<think>a</think><answer>b \\boxed{A}</answer>');
    expect(scoreCompletion(best, presetRewards(preset)).reward).toBe(maximum);
    expect(REWARD_PRESETS.find(({ name }) => name === preset)?.label).toContain(`at most ${maximum}`);
  });

  it('clinical adds at most 1 for faithfulness and 1 for comprehensiveness', () => {
    const { weights } = presetRewards('clinical');
    const sum = (...objectives: string[]) => objectives.reduce((total, name) => total + weights[name]!, 0);
    expect(sum('citation', 'faithfulness', 'support')).toBeCloseTo(1, 12);
    expect(sum('rejection', 'behaviours')).toBeCloseTo(1, 12);
    const maximum = 10 * 1 + 1.5 + 0.5 * 1 + 1 + 1;
    expect(REWARD_PRESETS.find(({ name }) => name === 'clinical')?.label).toContain(`at most ${maximum}`);
  });
});
