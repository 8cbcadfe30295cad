import { describe, expect, it } from 'vitest';
import { format, wellFormed } from '../../../src/engine/rewards/format';
import { prepareResponse } from '../../../src/engine/rewards/response';
import { scoring } from './fixtures';

const prepare = (completion: string, addOpeningTag = false) =>
  prepareResponse(completion, { tags: 'dx', eos: '<eos>', addOpeningTag });
const scored = (completion: string) => format.score(prepare(completion), scoring('').case)!;

describe('format', () => {
  it.each([
    ['<dx>r</dx><conclusion>so \\boxed{A}</conclusion>', 1.5, 'text-and-one-box'],
    ['<dx>r</dx><conclusion>\x1c\\boxed{A}\x85</conclusion>', 1, 'only-a-box'],
    ['<dx>r</dx><conclusion>\ufeff\\boxed{A}</conclusion>', 1.5, 'text-and-one-box'], // not a space in Python
    ['<dx>r</dx><conclusion>so \\boxed{A\n}</conclusion>', 1, 'no-closed-box'],
    ['<dx>r</dx><conclusion>\\boxed{A} or \\boxed{B}</conclusion>', 1, 'several-boxes'],
    ['<dx>\\boxed{A} \\boxed{B}</dx><conclusion>so \\boxed{A}</conclusion>', 1.5, 'text-and-one-box'],
    ['<dx>r</dx>;<conclusion>so \\boxed{A}</conclusion>', 0, 'no-tag-boundary'],
  ])('%j earns %d: %s', (completion, value, rule) => {
    expect(scored(completion)).toMatchObject({ value, evidence: { rule } });
    expect(wellFormed.score(prepare(completion), scoring('').case)?.value).toBe(value > 0 ? 1 : 0);
  });

  it('points at both sections in the completion as it came', () => {
    const completion = ' r<\\dx>\n<conclusion>c</conclusion>';
    const { evidence } = format.score(prepare(completion, true), scoring('').case)!;
    expect(evidence.spans.map(({ label, start, end }) => [label, completion.slice(start, end)])).toEqual([
      ['reasoning', 'r'],
      ['conclusion', 'c'],
    ]);
  });
});
