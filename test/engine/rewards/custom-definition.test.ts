import { describe, expect, it } from 'vitest';
import { OBJECTIVES } from '../../../src/engine/rewards';
import { validateCustom } from '../../../src/engine/rewards/custom-definition';
import { CUSTOM_LIMITS } from '../../../src/protocol';

const valid = {
  name: 'hedging',
  match: { kind: 'pattern', pattern: 'maybe' },
  where: 'reasoning',
  cap: 5,
  weight: -0.5,
};
const changed = (changes: object) => [
  { ...valid, name: 'first' },
  { ...valid, ...changes },
];
const patternOf = (pattern: unknown) => ({ match: { kind: 'pattern', pattern } });
const termsOf = (terms: unknown) => ({ match: { kind: 'terms', terms } });

describe('validateCustom', () => {
  it('gives the same definitions, copied, and survives JSON', () => {
    const given = [valid, { ...valid, name: 'cites', ...termsOf(['fever', 'heart failure']), weight: 2 }];
    expect(validateCustom(given)).toEqual(given);
    expect(validateCustom(given)[0]).not.toBe(given[0]);
    expect(validateCustom(JSON.parse(JSON.stringify(given)))).toEqual(given);
    expect(validateCustom([])).toEqual([]);
    const reordered = { weight: 1, cap: 5, where: 'response', match: valid.match, name: 'x' };
    expect(Object.keys(validateCustom([reordered])[0]!)).toEqual(Object.keys(valid));
  });

  it('takes the bounds themselves', () => {
    for (const changes of [
      { cap: 1 },
      { cap: 1000 },
      { weight: -100 },
      { weight: 100 },
      { weight: 0 },
      { name: 'a' },
      { name: `a${'-'.repeat(39)}` },
      patternOf('x'.repeat(1000)),
      patternOf('a?'.repeat(500)),
      patternOf('(\\pL{30}){30}'), // 962 instructions
      termsOf(Array(500).fill('fever')),
      termsOf(['x'.repeat(100)]),
    ])
      expect(() => validateCustom(changed(changes)), JSON.stringify(changes).slice(0, 80)).not.toThrow();
    const many = Array.from({ length: 20 }, (_, index) => ({ ...valid, name: `n${index}` }));
    expect(validateCustom(many)).toHaveLength(CUSTOM_LIMITS.objectives);
  });

  it.each<[string, object, string]>([
    [
      'no name',
      { name: undefined },
      '.name: expected a letter, then letters, digits, - or _, 40 at most, received nothing',
    ],
    ['a name with a space', { name: 'my own' }, '.name: expected a letter'],
    ['a name that begins with a digit', { name: '1st' }, '.name: expected a letter'],
    ['a long name', { name: 'a'.repeat(41) }, '.name: expected a letter'],
    [
      'the same name twice',
      { name: 'first' },
      '.name: expected a name that no other objective has, received "first"',
    ],
    [
      'a built-in objective’s name',
      { name: OBJECTIVES[0]!.descriptor.name },
      '.name: expected a name that no other objective has',
    ],
    [
      'a name that every object has',
      { name: 'toString' },
      '.name: expected a name that no other objective has',
    ],
    ['no match', { match: null }, '.match.kind: expected one of "pattern", "terms", received nothing'],
    [
      'another kind',
      { match: { kind: 'glob', glob: '*' } },
      '.match.kind: expected one of "pattern", "terms", received "glob"',
    ],
    [
      'both kinds',
      { match: { kind: 'pattern', pattern: 'a', terms: ['a'] } },
      '.match.terms: no such field; expected kind, pattern',
    ],
    [
      'an empty pattern',
      patternOf(''),
      '.match.pattern: expected a text of 1 to 1000 characters, received ""',
    ],
    [
      'a long pattern',
      patternOf('x'.repeat(1001)),
      '.match.pattern: expected a text of 1 to 1000 characters',
    ],
    [
      'a pattern that is none',
      patternOf(7),
      '.match.pattern: expected a text of 1 to 1000 characters, received 7',
    ],
    [
      'lookahead',
      patternOf('a(?=b)'),
      '.match.pattern: expected a regular expression in RE2 syntax; invalid or unsupported Perl syntax: `(?=`',
    ],
    ['lookbehind', patternOf('(?<=a)b'), '.match.pattern: expected a regular expression in RE2 syntax'],
    [
      'a backreference',
      patternOf('(a)\\1'),
      '.match.pattern: expected a regular expression in RE2 syntax; invalid escape sequence: `\\1`',
    ],
    [
      'an open group',
      patternOf('(a'),
      '.match.pattern: expected a regular expression in RE2 syntax; missing closing )',
    ],
    [
      'a million repetitions',
      patternOf('(a{1000}){1000}'),
      '.match.pattern: expected a regular expression in RE2 syntax; invalid repeat count: `{1000}`',
    ],
    [
      'repetitions in a row',
      patternOf('a{1000}b{1000}'),
      '.match.pattern: expected a pattern of at most 1200 instructions, received one of 2002',
    ],
    [
      'repeated choices',
      patternOf('(?:a?){1000}'),
      '.match.pattern: expected a pattern of at most 1200 instructions, received one of 2002',
    ],
    ['no terms', termsOf([]), '.match.terms: expected a list of 1 to 500 terms, received a list of 0'],
    [
      'many terms',
      termsOf(Array(501).fill('a')),
      '.match.terms: expected a list of 1 to 500 terms, received a list of 501',
    ],
    [
      'a long term',
      termsOf(['a', 'x'.repeat(101)]),
      '.match.terms[1]: expected a text of 1 to 100 characters',
    ],
    [
      'a term without a word',
      termsOf(['fever', ' - ']),
      '.match.terms[1]: expected at least one word, received " - "',
    ],
    [
      'another place',
      { where: 'prompt' },
      '.where: expected one of "response", "reasoning", "conclusion", received "prompt"',
    ],
    ['a cap of 0', { cap: 0 }, '.cap: expected an integer from 1 to 1000, received 0'],
    ['half a cap', { cap: 1.5 }, '.cap: expected an integer from 1 to 1000, received 1.5'],
    ['a high cap', { cap: 1001 }, '.cap: expected an integer from 1 to 1000, received 1001'],
    ['a heavy weight', { weight: -100.1 }, '.weight: expected a number from −100 to 100, received -100.1'],
    ['no number', { weight: Number.NaN }, '.weight: expected a number from −100 to 100, received NaN'],
    ['a misspelt field', { wieght: 1 }, '.wieght: no such field; expected name, match, where, cap, weight'],
  ])('refuses %s', (_, changes, message) => {
    const refused = () => validateCustom(changed(changes));
    expect(refused).toThrow(`rewards.custom[1]${message}`);
    expect(refused).toThrow(
      expect.objectContaining({
        record: expect.objectContaining({
          boundary: 'protocol',
          code: 'config-invalid',
          action: expect.any(String),
        }),
      }),
    );
  });

  it.each([[null], [{}], ['hedging'], [Array(21).fill(valid)]])('refuses %j as the list', (value) => {
    expect(() => validateCustom(value)).toThrow('rewards.custom: expected a list of at most 20 objectives');
  });

  it('refuses what would take much memory in bounded time', () => {
    // 990 characters a thousand times: near a million instructions before it is refused. Measured: 0.6 s.
    const startedAt = performance.now();
    expect(() => validateCustom(changed(patternOf(`(${'abcdefghij'.repeat(99)}){1000}`)))).toThrow(
      'received one of 992002',
    );
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });
});
