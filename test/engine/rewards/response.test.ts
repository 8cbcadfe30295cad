import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prepareResponse, type ResponseSettings } from '../../../src/engine/rewards/response';
import { StudioError } from '../../../src/protocol/errors';

const settings: ResponseSettings = { tags: 'think', eos: '<eos>', addOpeningTag: false };
const prepared = (completion: string, changes: Partial<ResponseSettings> = {}) =>
  prepareResponse(completion, { ...settings, ...changes }).text;

/** Python’s strip, spelt as a pattern over its own list of spaces. */
const SPACE = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const strip = (text: string) =>
  text.replace(new RegExp(`^${SPACE}+`), '').replace(new RegExp(`${SPACE}+$`), '');

/** The specification read line by line: split, strip, replace, split, strip, prepend. */
function prepareByTheBook(completion: string, eos: string, addOpeningTag: boolean): string {
  let text = strip(completion.split(eos)[0]!);
  text = text.split('<\\think>').join('</think>').split('<\\answer>').join('</answer>');
  if (text.includes('## Final Response')) text = strip(text.split('## Final Response')[1]!);
  return addOpeningTag ? `<think>${text}` : text;
}

describe('prepareResponse', () => {
  it('cuts at the first end-of-sequence text and strips', () => {
    expect(prepared(' \n a <eos> b <eos>')).toBe('a');
    expect(prepared('<eos>a')).toBe('');
  });

  it('repairs every backslash tag of its own tag set, and only those', () => {
    expect(prepared('a<\\think>b<\\think><\\answer>')).toBe('a</think>b</think></answer>');
    expect(prepared('a<\\think><\\dx><\\conclusion>', { tags: 'dx' })).toBe('a<\\think></dx></conclusion>');
  });

  it('takes what stands between the first and the second heading', () => {
    expect(prepared('x ## Final Response  y ## Final Response z')).toBe('y');
    expect(prepared('x ## Final Response y')).toBe('y');
    expect(prepared('a <eos> ## Final Response y')).toBe('a');
    expect(prepared('a ## Final <eos>Response')).toBe('a ## Final');
  });

  it('puts the opening tag in front of the stripped text', () => {
    expect(prepared('\na', { addOpeningTag: true })).toBe('<think>a');
    expect(prepared('', { addOpeningTag: true, tags: 'dx' })).toBe('<dx>');
  });

  it('refuses an empty end-of-sequence text', () => {
    expect(() => prepared('a', { eos: '' })).toThrow(StudioError);
  });

  const piece = fc.constantFrom(
    ...['<eos>', '## Final Response', '## Final', '<\\think>', '<\\answer>', '<', '\\think>'],
    ...[' ', '\n', '\x1c', '\ufeff', 'a', '😀'],
  );
  const completion = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(''));

  it('equals the specification read step by step (seed 1)', () => {
    fc.assert(
      fc.property(completion, fc.boolean(), (text, addOpeningTag) => {
        expect(prepared(text, { addOpeningTag })).toBe(prepareByTheBook(text, '<eos>', addOpeningTag));
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  it('gives an offset that leads back to the same characters (seed 2)', () => {
    fc.assert(
      fc.property(completion, fc.boolean(), (original, addOpeningTag) => {
        const { text, offset } = prepareResponse(original, { ...settings, addOpeningTag });
        const own = addOpeningTag ? '<think>'.length : 0;
        const there = original.slice(own + offset, text.length + offset);
        expect(there.replaceAll('<\\think>', '</think>').replaceAll('<\\answer>', '</answer>')).toBe(
          text.slice(own),
        );
      }),
      { seed: 2, numRuns: 2000 },
    );
  });
});
