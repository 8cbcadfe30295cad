import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prepareResponse } from '../../../src/engine/rewards/response';
import { findSections, findSectionsLeniently } from '../../../src/engine/rewards/sections';
import { TAGS } from '../../../src/engine/rewards/tags';
import type { TagSet } from '../../../src/protocol/config';

/** Python’s `\s`; and the pattern of the released rule, whose `.` is DOTALL. */
const SPACE = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const pattern = ({ reasoning, conclusion }: { reasoning: string; conclusion: string }) =>
  new RegExp(`^<${reasoning}>([^]*?)</${reasoning}>${SPACE}*<${conclusion}>([^]*?)</${conclusion}>$`);

function sectionsOf(completion: string, tags: TagSet) {
  const response = prepareResponse(completion, { tags, eos: '<eos>', addOpeningTag: false });
  const sections = findSections(response);
  if (typeof sections === 'string') return sections;
  const text = ({ start, end }: { start: number; end: number }) => response.text.slice(start, end);
  return [text(sections.reasoning), text(sections.conclusion)];
}

describe('findSections', () => {
  it('lets the reasoning run on to the closing tag before the conclusion, and the conclusion to the last', () => {
    expect(sectionsOf('<dx>a</dx>b</dx> \n<conclusion>c</conclusion>d</conclusion>', 'dx')).toEqual([
      'a</dx>b',
      'c</conclusion>d',
    ]);
  });

  it('names the first fault', () => {
    expect(sectionsOf('so <think>a</think><answer>b</answer>', 'think')).toBe('text-before-reasoning');
    expect(sectionsOf('<think>a</think><answer>b</answer>!', 'think')).toBe('text-after-conclusion');
    expect(sectionsOf('<think>a</think>, <answer>b</answer>', 'think')).toBe('no-tag-boundary');
    expect(sectionsOf('<think>a</think></answer>', 'think')).toBe('no-tag-boundary');
  });

  for (const tags of ['think', 'dx'] as const) {
    const { reasoning: r, conclusion: c } = TAGS[tags];
    const piece = fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(`</${r}>`, `<${c}>`, `</${c}>`, `</${r}> <${c}>`) },
      { weight: 1, arbitrary: fc.constantFrom(`<${r}>`, '\x1c', '\ufeff', '\n', 'a', '<', '</', '>') },
    );
    const inner = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));

    it(`equals the pattern of the released rule, ${tags} (seed 5)`, () => {
      let matches = 0;
      fc.assert(
        fc.property(inner, fc.boolean(), fc.boolean(), (text, opened, closed) => {
          const completion = `${opened ? `<${r}>` : ''}${text}${closed ? `</${c}>` : ''}`;
          const response = prepareResponse(completion, { tags, eos: '<eos>', addOpeningTag: false });
          const expected = pattern(TAGS[tags]).exec(response.text);
          const actual = sectionsOf(completion, tags);
          if (expected === null) expect(actual).toBeTypeOf('string');
          else expect(actual).toEqual(expected.slice(1));
          if (expected !== null) matches++;
        }),
        { seed: 5, numRuns: 4000 },
      );
      expect(matches).toBeGreaterThan(500); // both outcomes are well covered
    });
  }
});

describe('findSectionsLeniently', () => {
  const found = (text: string, addOpeningTag = false) => {
    const response = prepareResponse(text, { tags: 'dx', eos: '<eos>', addOpeningTag });
    const { preamble, reasoning, conclusion } = findSectionsLeniently(response);
    const words = (span: { start: number; end: number }) => response.text.slice(span.start, span.end);
    return [words(preamble), words(reasoning), conclusion && words(conclusion)];
  };

  it.each([
    ['<dx>r</dx><conclusion>c</conclusion>', ['', 'r', 'c']],
    ['p<dx>r</dx> and <conclusion>c</conclusion> s', ['p', 'r', 'c']],
    ['<dx>r</dx>r</dx><conclusion>c</conclusion>c</conclusion>', ['', 'r', 'c']],
    // One tag of a pair is missing, as when a completion is cut.
    ['r</dx><conclusion>c</conclusion>', ['', 'r', 'c']],
    ['p<dx>r', ['p', 'r', null]],
    ['p<dx>r<conclusion>c</conclusion>', ['p', 'r', 'c']],
    ['r<conclusion>c</conclusion>', ['', 'r', 'c']],
    ['r</dx><conclusion>c', ['', 'r', null]],
    ['</dx><dx>r', ['</dx>', 'r', null]],
    ['r', ['', 'r', null]],
    ['', ['', '', null]],
    ['<conclusion>c</conclusion><dx>r</dx>', ['<conclusion>c</conclusion>', 'r', 'c']],
    ['<think>r</think>', ['', '<think>r</think>', null]],
  ])('%j', (text, expected) => {
    expect(found(text)).toEqual(expected);
  });

  it('reads behind the opening tag that the prompt ended with', () => {
    expect(found('r</dx><conclusion>c</conclusion>', true)).toEqual(['', 'r', 'c']);
  });
});
