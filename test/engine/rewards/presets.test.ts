import { describe, expect, it } from 'vitest';
import { OBJECTIVES } from '../../../src/engine/rewards/objectives';
import { presetRewards, REWARD_PRESETS } from '../../../src/engine/rewards/presets';
import { scoreCompletion } from '../../../src/engine/rewards/score';
import { scoring } from './fixtures';

const names = OBJECTIVES.map(({ descriptor }) => descriptor.name);

describe('REWARD_PRESETS', () => {
  it('names only existing objectives, or says what it lacks', () => {
    for (const { weights, unavailable } of REWARD_PRESETS) {
      const missing = Object.keys(weights).filter((name) => !names.includes(name));
      if (missing.length === 0) expect(unavailable).toBeUndefined();
      for (const name of missing) expect(unavailable).toContain(name);
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

  it('refuses a preset whose objectives are missing', () => {
    expect(() => presetRewards('clinical')).toThrow('lacks the objectives citation');
  });
});
