import { describe, expect, it } from 'vitest';
import { codePointLength, isPythonSpace, stripRange } from '../../../src/engine/rewards/python-text';

const strip = (text: string) => {
  const { start, end } = stripRange(text, { start: 0, end: text.length });
  return text.slice(start, end);
};

describe('isPythonSpace', () => {
  it('is exactly the 29 characters of Python’s str.isspace', () => {
    // python3 -c "print([hex(c) for c in range(0x10000) if chr(c).isspace()])"
    const expected = [
      0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x85, 0xa0, 0x1680, 0x2000, 0x2001, 0x2002,
      0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000,
    ];
    const actual = Array.from({ length: 0x10000 }, (_, unit) => unit).filter(isPythonSpace);
    expect(actual).toEqual(expected);
  });
});

describe('stripRange', () => {
  it('removes what strip removes and trim does not, and keeps what trim removes', () => {
    expect(strip('\x1c\x85 a b\x1f\n')).toBe('a b');
    expect(strip('\ufeffa\ufeff')).toBe('\ufeffa\ufeff');
  });

  it('stays inside its range', () => {
    expect(stripRange('  ab  ', { start: 1, end: 3 })).toEqual({ start: 2, end: 3 });
    expect(stripRange('      ', { start: 1, end: 3 })).toEqual({ start: 3, end: 3 });
  });
});

describe('codePointLength', () => {
  it('is 2 for a pair of surrogates, 1 for one alone', () => {
    expect([codePointLength('😀', 0), codePointLength('\ud83da', 0), codePointLength('é', 0)]).toEqual([
      2, 1, 1,
    ]);
  });
});
