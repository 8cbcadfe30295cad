/**
 * A policy that collapses into repetition must not stall the trainer. 300 kB of each kind is scored
 * in milliseconds; a quadratic scan of it is at least 1e10 steps, a cubic one never ends.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { presetRewards } from '../../../src/engine/rewards/presets';
import { scoreCompletion } from '../../../src/engine/rewards/score';
import { scoring } from './fixtures';

const released = presetRewards('released');
const score = (completion: string) => scoreCompletion(scoring(completion), released);
/** Generous: measured 2–20 ms per case. */
const BOUND_MS = 1000;

const wrapped = (unit: string, times: number) =>
  `<think>${unit.repeat(times)}</think><answer>${unit.repeat(times)}</answer>`;
const kinds: [string, (times: number) => string, number][] = [
  ['both tags, unanchored', (times) => '<think></think><answer></answer>'.repeat(times), 9_600],
  ['opening tags', (times) => '<think>'.repeat(times), 43_000],
  [
    'closing tags, then the end of a conclusion',
    (times) => `<think>${'</think>'.repeat(times)}</answer>`,
    37_500,
  ],
  ['closing tags and spaces', (times) => `<think>${'</think>   '.repeat(times)}</answer>`, 27_000],
  ['boundaries without an end', (times) => `<think>${'</think><answer>'.repeat(times)}`, 18_700],
  ['boundaries with one end', (times) => `<think>${'</think><answer>'.repeat(times)}</answer>`, 18_700],
  ['spaces', (times) => ` ${' '.repeat(times)}x`, 300_000],
  ['spaces in both sections', (times) => wrapped(' ', times), 150_000],
  ['spaces after the reasoning', (times) => `<think></think>${' '.repeat(times)}</answer>`, 300_000],
  ['boxes', (times) => wrapped('\\boxed{A}', times), 16_600],
  ['open boxes on one line', (times) => wrapped('\\boxed{', times), 21_400],
  ['open boxes, a line each, one brace at the end', (times) => `${wrapped('\\boxed{\n', times)}}`, 18_700],
  [
    'open boxes, a line each, in a conclusion',
    (times) => wrapped('\\boxed{\n', times).replace(/<\/answer>$/, '}</answer>'),
    18_700,
  ],
  ['backslash tags', (times) => '<\\think><\\answer>'.repeat(times), 17_600],
  ['headings', (times) => '## Final Response'.repeat(times), 17_600],
  ['almost end-of-sequence texts', (times) => '<|im_end|'.repeat(times), 33_000],
  ['emoji', (times) => '😀'.repeat(times), 150_000],
];

describe('scoring time', () => {
  it.each(kinds)('%s: 300 kB stays linear', (_, make, times) => {
    const completion = make(times);
    expect(completion.length).toBeGreaterThan(295_000);
    const startedAt = performance.now();
    const { reward } = score(completion);
    expect(performance.now() - startedAt).toBeLessThan(BOUND_MS);
    expect(Number.isFinite(reward)).toBe(true);
  });

  const piece = fc.constantFrom(
    ...[
      '<think>',
      '</think>',
      '<answer>',
      '</answer>',
      '<\\think>',
      '\\boxed{',
      '\\boxed',
      '}',
      'A',
      '\n',
      ' ',
    ],
    ...['## Final Response', '<|im_end|>', '\u2028', '\x1c', '\ud800', '😀', '°', '\0'],
  );

  it('never throws and stays bounded on 64 kB of any repetition (seed 7)', () => {
    fc.assert(
      fc.property(
        fc.array(piece, { minLength: 1, maxLength: 6 }),
        fc.constantFrom('think', 'dx'),
        (unit, tags) => {
          const text = unit.join('');
          const completion = `<think>${text.repeat(Math.ceil(65_536 / text.length))}</answer>`;
          const startedAt = performance.now();
          const { rewards } = scoreCompletion(scoring(completion, { tags }), released);
          expect(performance.now() - startedAt).toBeLessThan(BOUND_MS);
          expect(rewards.accuracy).toBeLessThanOrEqual(1);
          expect([0, 1, 1.5]).toContain(rewards.format);
          expect(rewards.language).toBeGreaterThanOrEqual(0);
          expect(rewards.language).toBeLessThanOrEqual(1);
        },
      ),
      { seed: 7, numRuns: 150 },
    );
  });
});
