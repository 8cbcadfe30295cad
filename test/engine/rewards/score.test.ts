import { describe, expect, it } from 'vitest';
import { OBJECTIVES } from '../../../src/engine/rewards/objectives';
import { presetRewards } from '../../../src/engine/rewards/presets';
import { scoreCompletion } from '../../../src/engine/rewards/score';
import { C1, C3 } from './clinical';
import { scoring } from './fixtures';

const good = '<think>Fever.</think><answer>So \\boxed{A}</answer>';
const released = presetRewards('released');

describe('scoreCompletion', () => {
  it('sums weight times value and reports every objective, weighted or not', () => {
    const { rewards, reward, evidence } = scoreCompletion(scoring(good), {
      ...released,
      weights: { accuracy: 2, wellFormed: 3 },
    });
    expect(rewards).toMatchObject({ accuracy: 1, format: 1.5, language: 1, wellFormed: 1 });
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
    expect(rewards).toMatchObject({ accuracy: null, format: 1.5, language: 1, wellFormed: 1 });
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
      /^rewards\.weights\.acuracy: expected one of accuracy, format, .*, integrity, received "acuracy"\.$/,
    );
  });
});

describe('the clinical reward', () => {
  const clinical = presetRewards('clinical');
  const reasoning =
    'Leukocytosis and tachycardia indicate a systemic response. The swollen, erythematous knee supports ' +
    'arthritis. Gram-negative diplococci confirm Neisseria. Dysuria and fever fit a disseminated infection. ' +
    'Gentamicin is unlikely because it inhibits the 30S ribosome and fails in joints. ' +
    'Ceftriaxone is therefore the most likely choice for this young man.';
  const answer = (text: string, box = '\\boxed{A}') =>
    `<dx>${text}</dx><conclusion>Dysuria supports ceftriaxone. ${box}</conclusion>`;

  /** R2 = 10a + b + 0.5c + V·G·(F + C), with the weights of null terms given to the others of their aim. */
  function formula(r: Readonly<Record<string, number | null>>, v: 0 | 1): number {
    const share = (terms: readonly (readonly [number, number | null | undefined])[]) => {
      const there = terms.filter(([, value]) => typeof value === 'number');
      const weight = there.reduce((sum, [w]) => sum + w, 0);
      return there.reduce((sum, [w, value]) => sum + (w * value!) / weight, 0);
    };
    const f = share([
      [0.4, r.citation],
      [0.35, r.faithfulness],
      [0.25, r.support],
    ]);
    const c = share([
      [0.8, r.rejection],
      [0.2, r.behaviours],
    ]);
    return 10 * r.accuracy! + r.format! + 0.5 * r.language! + v * r.integrity! * (f + c);
  }

  it('is the specification’s R2', () => {
    const input = scoring(answer(reasoning), { case: C1, tags: 'dx' });
    const { rewards, reward, gate, contributions } = scoreCompletion(input, clinical);
    expect(rewards.citation).toBeGreaterThan(0.3);
    expect(rewards.integrity).toBeGreaterThan(0.5);
    expect(gate).toEqual({
      wellFormed: true,
      boxes: 1,
      integrity: rewards.integrity,
      factor: rewards.integrity,
    });
    expect(reward).toBeCloseTo(formula(rewards, 1), 12);
    expect(contributions.citation).toBeCloseTo(0.4 * rewards.citation! * rewards.integrity!, 12);
  });

  it('gives the weights of what does not apply to the rest of its aim', () => {
    const input = scoring(answer(reasoning), { case: C3, tags: 'dx' });
    const { rewards, reward, contributions } = scoreCompletion(input, clinical);
    expect([rewards.citation, rewards.faithfulness]).toEqual([null, null]);
    expect(reward).toBeCloseTo(formula(rewards, 1), 12);
    expect(contributions).not.toHaveProperty('citation');
    // 0.25 alone of 0.4 + 0.35 + 0.25: support counts whole.
    expect(contributions.support).toBeCloseTo(rewards.support! * rewards.integrity!, 12);
  });

  it.each([
    ['an ill-formed response', `x${answer(reasoning)}`],
    ['a second box', answer(reasoning, '\\boxed{A} \\boxed{A}')],
    ['no box', answer(reasoning, 'A')],
  ])('counts nothing of faithfulness and comprehensiveness in %s', (_, completion) => {
    const input = scoring(completion, { case: C1, tags: 'dx' });
    const { rewards, reward, gate } = scoreCompletion(input, clinical);
    expect(rewards.citation).toBeGreaterThan(0);
    expect(gate!.factor).toBe(0);
    expect(reward).toBeCloseTo(formula(rewards, 0), 12);
  });

  it('counts them as they are when the gate is off', () => {
    const input = scoring(answer(reasoning, 'A'), { case: C1, tags: 'dx' });
    const { rewards, contributions, gate } = scoreCompletion(input, { ...clinical, integrityGate: false });
    expect(gate).toBeNull();
    expect(contributions.citation).toBeCloseTo(0.4 * rewards.citation!, 12);
  });

  it('leaves the released rule as it is', () => {
    for (const preset of ['released', 'grpo'] as const) {
      const input = scoring(answer(reasoning), { case: C1, tags: 'dx' });
      const on = scoreCompletion(input, presetRewards(preset)).reward;
      expect(scoreCompletion(input, { ...presetRewards(preset), integrityGate: false }).reward).toBe(on);
    }
  });
});

describe('the objectives', () => {
  it('have distinct names and keep their bounds on odd completions', () => {
    expect(new Set(OBJECTIVES.map(({ descriptor }) => descriptor.name)).size).toBe(OBJECTIVES.length);
    for (const completion of ['', good, '\ud800', '\\boxed{'.repeat(9), '<think>', '</answer>', '\u0000']) {
      const { rewards } = scoreCompletion(scoring(completion), released);
      for (const { descriptor } of OBJECTIVES) {
        const value = rewards[descriptor.name];
        if (value === null) continue;
        expect(value).toBeGreaterThanOrEqual(descriptor.min);
        expect(value).toBeLessThanOrEqual(descriptor.max);
      }
    }
  });
});
