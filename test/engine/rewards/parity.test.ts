/** Bit-for-bit agreement with numbers that the released Python rule computed. */
import { describe, expect, it } from 'vitest';
import { presetRewards } from '../../../src/engine/rewards/presets';
import { scoreCompletion } from '../../../src/engine/rewards/score';
import { examples, forkVectors, parityVectors, scoring } from './fixtures';

const released = presetRewards('released');

describe('the released rule', () => {
  const vectors = parityVectors();

  it('has its 200 vectors', () => {
    expect(vectors).toHaveLength(200);
  });

  it.each(vectors)('$kind $id', (vector) => {
    const [letter, index] = vector.ground_truth.split('<SEP>') as [string, string];
    const { rewards, reward } = scoreCompletion(
      scoring(vector.solution_str, {
        case: { question: '', options: {}, answer: letter },
        eos: vector.eos_token,
        addOpeningTag: vector.add_bo_think_token,
      }),
      released,
    );
    // Equality of doubles; 0 equals Python’s -0.0, which the rule returns for no box.
    expect(rewards.accuracy === vector.accuracy_reward, `accuracy ${rewards.accuracy}`).toBe(true);
    expect(rewards.format).toBe(vector.format_reward);
    expect(rewards.language).toBe(vector.english_reward);
    // The released total of a row of a dev split is its accuracy alone.
    const total = index.includes('train') ? reward : rewards.accuracy;
    expect(total === vector.total, `total ${total}`).toBe(true);
  });

  const fork = forkVectors();
  it.each(fork.cases)('scores $text as its fork in verl does', (expected) => {
    const input = scoring(expected.text, { case: { question: '', options: {}, answer: fork.gt } });
    const { rewards, reward } = scoreCompletion(input, released);
    expect(rewards.accuracy === expected.accuracy).toBe(true);
    expect(rewards.format).toBe(expected.format);
    expect(rewards.language).toBe(expected.english);
    expect(reward).toBe(expected.train_total);
  });
});

describe('the worked examples', () => {
  const value = (text: string, name: string, changes: Parameters<typeof scoring>[1] = {}) =>
    scoreCompletion(scoring(text, changes), released).rewards[name];

  it.each(examples('a'))('accuracy: $note', ({ text, gold, expected }) => {
    expect(value(text, 'accuracy', { case: { question: '', options: {}, answer: gold! } })).toBe(expected);
  });

  it.each(examples('b'))('format: $text', ({ text, tags, expected }) => {
    expect(value(text, 'format', { tags: tags! })).toBe(expected);
    expect(value(text, 'wellFormed', { tags: tags! })).toBe(expected > 0 ? 1 : 0);
  });

  // These are fractions of the bare text, rounded to six digits. The rule strips first, which
  // changes one of them: “a b\n” keeps three characters instead of four, and is all English still.
  it.each(examples('c'))('language: $text', ({ text, expected }) => {
    expect(value(text, 'language')).toBeCloseTo(expected, 6);
  });

  it('are 12, 12 and 10', () => {
    expect(['a', 'b', 'c'].map((objective) => examples(objective).length)).toEqual([12, 12, 10]);
  });
});
