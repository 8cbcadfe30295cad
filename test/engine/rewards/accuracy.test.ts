import { describe, expect, it } from 'vitest';
import { accuracy, extractAnswer } from '../../../src/engine/rewards/accuracy';
import { prepareResponse } from '../../../src/engine/rewards/response';
import { scoring } from './fixtures';

const settings = { tags: 'think', eos: '<eos>', addOpeningTag: false } as const;
const scored = (completion: string, answer: string | null = 'A') =>
  accuracy.score(prepareResponse(completion, settings), { ...scoring('').case, answer });

describe('accuracy', () => {
  it('does not apply without a gold letter', () => {
    expect(scored('\\boxed{A}', null)).toBeNull();
  });

  it.each([
    ['\\boxed{A}', 1, 'correct'],
    ['\\boxed{B}', 0, 'wrong'],
    ['A', 0, 'no-box'],
    ['\\boxed{ A}', -0.5, 'not-a-letter'],
    ['\\boxed{Α}', -0.5, 'not-a-letter'], // a Greek capital alpha
    ['\\boxed{A\n}', -1, 'box-not-closed'],
    ['\\boxed and \\boxed{A}', -2, 'several-boxes'],
  ])('%j earns %d: %s', (completion, value, rule) => {
    expect(scored(completion)).toMatchObject({ value, evidence: { rule } });
  });

  it('has no lower bound', () => {
    expect(scored('\\boxed{A}'.repeat(500))?.value).toBe(-500);
  });

  it('points at the box in the completion as it came', () => {
    const completion = '  \nso \\boxed{A}, done <eos>';
    const { start, end } = scored(completion)!.evidence.spans[0]!;
    expect(completion.slice(start, end)).toBe('\\boxed{A}');
  });

  it('counts every box and shows the first fifty', () => {
    const { counts, spans } = scored('\\boxed '.repeat(80))!.evidence;
    expect(counts.boxes).toBe(80);
    expect(spans).toHaveLength(50);
  });
});

describe('extractAnswer', () => {
  it('is the letter of the only box', () => {
    expect(extractAnswer('so \\boxed{C}<eos>\\boxed{D}', settings)).toBe('C');
  });

  it.each(['', 'C', '\\boxed{}', '\\boxed{c}', '\\boxed C', '\\boxed{C}\\boxed{C}', '\\boxed{CD}'])(
    'is null for %j',
    (completion) => {
      expect(extractAnswer(completion, settings)).toBeNull();
    },
  );
});
