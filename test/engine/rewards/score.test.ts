import { describe, expect, it } from 'vitest';
import { OBJECTIVES } from '../../../src/engine/rewards/objectives';
import { presetRewards } from '../../../src/engine/rewards/presets';
import { scoreCompletion } from '../../../src/engine/rewards/score';
import { scoring } from './fixtures';

const good = '<think>Fever.</think><answer>So \\boxed{A}</answer>';
const released = presetRewards('released');

describe('scoreCompletion', () => {
  it('sums weight times value and reports every objective, weighted or not', () => {
    const { rewards, reward, evidence } = scoreCompletion(scoring(good), {
      ...released,
      weights: { accuracy: 2, wellFormed: 3 },
    });
    expect(rewards).toEqual({ accuracy: 1, format: 1.5, language: 1, wellFormed: 1 });
    expect(reward).toBe(2 * 1 + 3 * 1);
    expect(Object.keys(evidence)).toEqual(Object.keys(rewards));
  });

  it('gives a one-line answer without reasoning the full 12 of the released rule', () => {
    expect(scoreCompletion(scoring('<think></think><answer>. \\boxed{A}</answer>'), released).reward).toBe(
      12,
    );
  });

  it('leaves an unlabelled case unrewarded, its form still scored', () => {
    const unlabelled = { ...scoring('').case, answer: null };
    const { rewards, reward, evidence } = scoreCompletion(scoring(good, { case: unlabelled }), released);
    expect(reward).toBeNull();
    expect(rewards).toEqual({ accuracy: null, format: 1.5, language: 1, wellFormed: 1 });
    expect(evidence.accuracy).toBeNull();
  });

  it('lifts accuracy to the floor, in the objective and in the sum', () => {
    const input = scoring('\\boxed '.repeat(30));
    expect(scoreCompletion(input, released).rewards.accuracy).toBe(-30);
    const { rewards, reward, evidence } = scoreCompletion(input, { ...released, accuracyFloor: -1 });
    expect(rewards.accuracy).toBe(-1);
    expect(reward).toBe(10 * -1 + 0 + 0.5 * 1);
    expect(evidence.accuracy?.counts.boxes).toBe(30);
  });

  it('does not lower a value that is above the floor', () => {
    expect(scoreCompletion(scoring('x'), { ...released, accuracyFloor: -1 }).rewards.accuracy).toBe(0);
  });

  it('counts objectives of the user’s own with the weight in their definition', () => {
    // “so” twice of at most 4: 0.5, as a penalty of 3.
    const custom = [
      {
        name: 'hedges',
        match: { kind: 'terms', terms: ['so'] },
        where: 'response',
        cap: 4,
        weight: -3,
      },
    ] as const;
    const input = scoring('<think>So it is.</think><answer>So \\boxed{A}</answer>');
    const { rewards, contributions, reward } = scoreCompletion(input, { ...released, custom });
    expect(rewards.hedges).toBe(0.5);
    expect(contributions).toEqual({ accuracy: 10, format: 1.5, language: 0.5, hedges: -1.5 });
    expect(reward).toBe(10.5);
  });

  it('refuses a weight for an objective that does not exist', () => {
    expect(() => scoreCompletion(scoring(good), { ...released, weights: { acuracy: 10 } })).toThrow(
      'rewards.weights.acuracy: expected one of accuracy, format, language, wellFormed, received "acuracy".',
    );
  });
});

describe('the objectives', () => {
  it('have distinct names and keep their bounds on odd completions', () => {
    expect(new Set(OBJECTIVES.map(({ descriptor }) => descriptor.name)).size).toBe(OBJECTIVES.length);
    for (const completion of ['', good, '\ud800', '\\boxed{'.repeat(9), '<think>', '</answer>', '\u0000']) {
      const { rewards } = scoreCompletion(scoring(completion), released);
      for (const { descriptor } of OBJECTIVES) {
        expect(rewards[descriptor.name]).toBeGreaterThanOrEqual(descriptor.min);
        expect(rewards[descriptor.name]).toBeLessThanOrEqual(descriptor.max);
      }
    }
  });
});
